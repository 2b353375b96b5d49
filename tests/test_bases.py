"""Every recipe makes what its table says, and a table that is wrong is noticed."""

from __future__ import annotations

import contextlib
import dataclasses
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import uuid
from pathlib import Path

import pytest
import yaml

from helpers import ROOT, environment
from walkthrough.errors import BaseImageError
from walkthrough.machine import bases
from walkthrough.machine.bases import recipes
from walkthrough.machine.cleanup import tags
from walkthrough.machine.engine import Engine
from walkthrough.machine.provision import provided
from walkthrough.project import state_folder

pytestmark = pytest.mark.beside
SMALLEST = "gcr.io/distroless/static-debian13:nonroot"


def test_every_base_image_can_be_had(engine: Engine) -> None:
    """The official one, or its stand-in, which is compared with its table when it is built."""
    with provided(engine, recipes(), state_folder(), print) as had:
        assert had.keys() == recipes().keys()
        for name, base in had.items():
            assert base.digest.startswith("sha256:"), name
            assert bool(base.differs) is base.stand_in, name


def test_an_image_nobody_has_is_an_error_that_says_what_to_do(engine: Engine) -> None:
    """Not on the engine, not in a registry, no recipe."""
    with (
        pytest.raises(BaseImageError, match="there is no recipe for it"),
        provided(engine, ["nobody/has-this:1"], state_folder(), print),
    ):
        pass


def test_a_stand_in_that_is_not_what_its_table_says_is_refused(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every difference is named, and the image does not stay under the official name."""
    with provided(engine, [SMALLEST, "debian:trixie"], state_folder(), print) as had:
        if not had[SMALLEST].stand_in:
            pytest.skip("the official image can be had here, so that no stand-in is built")
        source = Path(bases.__file__).parent / "recipes"
        for name in ("debian-trixie", "distroless-static-debian13"):
            shutil.copytree(source / name, tmp_path / name)
        facts = tmp_path / "distroless-static-debian13/facts.yaml"
        table = yaml.safe_load(facts.read_text())
        table |= {"image": "gcr.io/distroless/never:1", "user": "0", "absent": ["/etc/passwd"]}
        facts.write_text(yaml.safe_dump(table))
        monkeypatch.setattr(bases, "RECIPES", tmp_path)

        with (
            pytest.raises(BaseImageError) as caught,
            provided(engine, ["gcr.io/distroless/never:1"], state_folder(), print),
        ):
            pass

    assert "user: official '0', stand-in '65532'" in str(caught.value)
    assert "/etc/passwd: official 'absent', stand-in 'present'" in str(caught.value)
    with contextlib.closing(engine.api()) as api:
        assert "gcr.io/distroless/never:1" not in [tag for image in api.api.images() for tag in image["RepoTags"] or ()]


def recipe(folder: Path, name: str, last_line: str, *needs: str) -> str:
    """Write the recipe of a stand-in that is a label and ``last_line``; return the image's name."""
    image = f"labs-test.invalid/{name}:{uuid.uuid4().hex[:8]}"
    (folder / name).mkdir(parents=True)
    (folder / name / "Dockerfile").write_text(f"FROM debian:trixie\nLABEL which={name}\n{last_line}\n")
    path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
    facts = {"image": image, "official": "", "needs": [*needs], "env": {"PATH": path}, "cmd": ["bash"], "differs": []}
    (folder / name / "facts.yaml").write_text(yaml.safe_dump(facts))
    return image


def test_stand_ins_that_do_not_need_each_other_are_built_side_by_side(
    engine: Engine, debian: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each of two waits until the other has begun; what needs one of them comes after it."""
    assert debian
    one, two = recipe(tmp_path, "one", ""), recipe(tmp_path, "two", "")
    after = recipe(tmp_path, "after", f"COPY --from={one} /etc/hostname /hostname", one)
    monkeypatch.setattr(bases, "RECIPES", tmp_path)
    both = threading.Barrier(2)

    def say(line: str) -> None:
        if after not in line:
            both.wait(60)

    try:
        with provided(engine, [one, two, after], state_folder(), say) as had:
            assert all(base.stand_in for base in had.values())
            assert len(had) == 3
    finally:
        engine.command("image", "rm", "--force", one, two, after)


BUILDING = """
import sys
from pathlib import Path
from walkthrough.machine import bases
from walkthrough.machine.find import find_engine
from walkthrough.machine.provision import provided
from walkthrough.project import state_folder
bases.RECIPES = Path(sys.argv[1])

def say(line):  # two threads say things, and print() writes the end of a line by itself
    sys.stdout.write(line + "\\n")
    sys.stdout.flush()

with provided(find_engine(), sys.argv[2:], state_folder(), say):
    pass
"""


def test_an_interrupt_ends_the_builds_that_run(engine: Engine, debian: str, tmp_path: Path) -> None:
    """Nobody waits for a stand-in that is not wanted any more, and none that waits is begun."""
    assert debian
    names = [recipe(tmp_path, name, "RUN sleep 600") for name in ("one", "two", "three")]
    with subprocess.Popen(
        [sys.executable, "-c", BUILDING, str(tmp_path), *names],
        env=environment(PYTHONPATH=str(ROOT / "hooks")),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        assert process.stdout is not None
        try:
            begun = [process.stdout.readline() for _ in range(2)]
            process.send_signal(signal.SIGINT)
            rest = process.communicate(timeout=60)[0]
        finally:
            process.kill()

    assert all("rebuilding labs-test.invalid/" in line for line in begun)
    assert rest == ""
    assert process.returncode == -signal.SIGINT


LENDING = """
import dataclasses, os, signal, sys
from pathlib import Path
from walkthrough.machine import bases
from walkthrough.machine.find import find_engine
from walkthrough.machine.provision import provided
bases.RECIPES = Path(sys.argv[1])
users = dataclasses.replace(find_engine(), kind="own")
with provided(users, sys.argv[3:], Path(sys.argv[2]), print):
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_name_that_a_killed_run_has_lent_is_taken_back_by_the_next(
    engine: Engine, debian: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On the user's own engine, and from the stand-in alone: what has the name otherwise keeps it."""
    assert debian
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))  # no other run shares these locks, so this one is the last
    one, state = recipe(tmp_path / "recipes", "one", ""), tmp_path / "state"
    users = dataclasses.replace(engine, kind="own")
    other = f"labs-test.invalid/other:{uuid.uuid4().hex[:8]}"
    (tmp_path / "Dockerfile").write_text("FROM scratch\nCOPY Dockerfile /\n")
    built = engine.command("buildx", "build", "--load", "-q", "-t", other, "-f", "Dockerfile", ".", cwd=tmp_path)
    assert built.returncode == 0, built.stderr

    command = [sys.executable, "-c", LENDING, str(tmp_path / "recipes"), str(state), one]
    changed = environment(PYTHONPATH=str(ROOT / "hooks"), TMPDIR=str(tmp_path))
    killed = subprocess.run(command, env=changed, check=False)
    assert killed.returncode == -signal.SIGKILL
    with contextlib.closing(engine.api()) as api:
        try:
            assert one in tags(api)
            (noted,) = (state / "bases").glob("lent-*")
            noted.write_text(f"{noted.read_text()}{other}\n")

            with provided(users, [], state, print):
                pass

            assert one not in tags(api)
            assert other in tags(api)
        finally:
            engine.command("image", "rm", "--force", one, other)


def test_what_a_run_of_its_own_engine_has_built_is_never_taken_back(
    engine: Engine, debian: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not even by a run that is told of that engine by its address, as if it were somebody's own."""
    assert debian
    one, state = recipe(tmp_path / "recipes", "one", ""), tmp_path / "state"
    monkeypatch.setattr(bases, "RECIPES", tmp_path / "recipes")
    ours, theirs = (dataclasses.replace(engine, kind=kind) for kind in ("embedded", "own"))
    with contextlib.closing(engine.api()) as api:
        try:
            with provided(ours, [one], state, print), provided(theirs, [one], state, print):
                pass
            assert one in tags(api)
        finally:
            engine.command("image", "rm", "--force", one)
