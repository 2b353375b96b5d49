"""Builds as BuildKit tells of them: the names of its steps, why one failed, and the environment that a page gave it."""

from __future__ import annotations

import base64
import json
import runpy
import uuid
from pathlib import Path

import pytest

from helpers import run, small_project
from walkthrough.machine.bases import READER
from walkthrough.machine.engine import Engine
from walkthrough.observe.builds import Build, Stages, read_stages, rebuild
from walkthrough.observe.vertexes import read_account, stage_of, step_of

# As real builds gave them: of one stage or several, named or not, for one platform, several, or not the builder's.
NAMES = {
    "[internal] load build definition from Dockerfile": None,
    "[internal] load build context": None,
    "[linux/amd64 internal] load metadata for docker.io/library/local:1": None,
    "[auth] library/debian:pull token for registry-1.docker.io": None,
    "exporting to image": None,
    "importing cache manifest from local:1/2": None,
    "[1/1] FROM docker.io/library/debian:trixie-slim": ("stage-0", 1),
    "[ 1/11] FROM docker.io/library/debian:trixie-slim": ("stage-0", 1),
    "[ 9/11] COPY f /f7": ("stage-0", 9),
    "[10/11] COPY f /f8": ("stage-0", 10),
    "[linux/arm64 1/1] COPY f /f": ("stage-0", 1),
    "[linux/amd64  9/10] COPY f /f8": ("stage-0", 9),
    "[linux/amd64 10/10] COPY f /f9": ("stage-0", 10),
    "[linux/amd64->arm/v7 2/2] COPY f /xarm": ("stage-0", 2),
    "[build 1/2] FROM docker.io/library/debian:trixie-slim": ("build", 1),
    "[build  2/10] RUN true": ("build", 2),
    "[stage-1 2/5] COPY --from=build /etc/hostname /x": ("stage-1", 2),
    "[stage-1  3/10] COPY [a b, /y z]": ("stage-1", 3),
    "[stage-1 4/5] RUN <<EOF (echo one...)": ("stage-1", 4),
    "[linux/amd64 build 2/9] COPY f /xamd64": ("build", 2),
    "[linux/arm/v7 stage-1 1/1] COPY --from=build /x* /": ("stage-1", 1),
    "[linux/amd64->arm64 build 2/2] COPY f /xarm64": ("build", 2),
}


@pytest.mark.parametrize("name", NAMES)
def test_a_step_is_known_by_its_name(name: str) -> None:
    """Which stage, which number; what is BuildKit's own is of no stage."""
    step = step_of({"name": name})

    assert (step and (step.stage, step.number)) == NAMES[name]
    assert step is None or step.instruction == name.partition("] ")[2]


def made(folder: Path, dockerfile: str) -> Build:
    """Return a build of a Dockerfile beside which there is a file ``f``."""
    (folder / "Dockerfile").write_text(dockerfile)
    (folder / "f").write_text(uuid.uuid4().hex)
    return Build(folder, (".",))


@pytest.mark.parametrize("named", [" AS Only", ""])
def test_ten_steps_of_a_single_stage_are_all_its_own(engine: Engine, tmp_path: Path, named: str) -> None:
    """BuildKit names no stage where there is one, and pads the numbers."""
    steps = "".join(f"COPY f /f{number}\n" for number in range(11))
    build = made(tmp_path, f"FROM scratch{named}\n{steps}")

    stages = read_stages(engine, build)

    name = "only" if named else "stage-0"
    assert stages.names == (name,)
    assert stages.reached == {name}
    assert stages.own_layers(name) == 11
    own = [vertex["name"] for vertex in rebuild(engine, build, 60).vertexes if stage_of(vertex) == name]
    assert "[ 9/11] COPY f /f8" in own
    assert len(own) == 11


def test_a_stage_may_be_called_as_its_base() -> None:
    """A stage begins with another only if that stands before it."""
    stages = Stages(("alpine", "next"), ("alpine", "alpine"), frozenset(), layers={"alpine": 2, "next": 1})

    assert stages.own_layers("alpine") == 2
    assert stages.own_layers("next") == 3


def test_why_a_build_failed_is_told_in_its_own_words(engine: Engine, debian: str, tmp_path: Path) -> None:
    """The step, what it printed, BuildKit's words: nothing of the raw account."""
    failing = "echo before; echo it is broken >&2; exit 3"
    built = rebuild(engine, made(tmp_path, f"FROM {debian} AS test\nCOPY f /f\nRUN {failing}\n"), 120)

    assert built.exit_code != 0
    first, *printed, last = built.words.splitlines()
    assert first == f"[3/3] RUN {failing}"
    assert sorted(printed) == ["before", "it is broken"]
    assert last.endswith("did not complete successfully: exit code: 3")
    assert {stage_of(vertex) for vertex in built.vertexes if vertex.get("error")} == {"test"}


def test_a_build_that_ends_before_its_first_step_is_told_by_its_last_lines() -> None:
    """A typing error in a Dockerfile has no failing step; what stands after the account is left."""
    event = {"vertexes": [{"digest": "d", "name": "[internal] load"}], "logs": [{"vertex": "d", "data": None}]}
    log = {"logs": [{"vertex": "x", "data": base64.b64encode(b"lost").decode()}]}

    told = read_account(
        json.dumps(event) + "\n" + json.dumps(log) + "\nDockerfile:2\nERROR: unknown instruction: RUUN\n"
    )

    assert told.words == "Dockerfile:2\nERROR: unknown instruction: RUUN"
    assert [vertex["digest"] for vertex in told.vertexes] == ["d"]


PAGE = """\
# Builds as people write them

```dockerfile title="app/Dockerfile"
FROM debian:trixie AS made
ARG WORDS
RUN --mount=type=secret,id=token,required=true test "$(cat /run/secrets/token)" = {marker}
RUN test "$WORDS" = "two words" && touch /made

FROM scratch
COPY --from=made /made /made
CMD ["/made"]
```

```console
$ cd ~/docker-labs/lab-01-small/app
$ export TOKEN={marker} WORDS="two words"
$ docker --log-level error build -q --secret id=token,env=TOKEN --build-arg WORDS -t mine:1 .
sha256:…
$ docker -D --log-level=error create --name box-{marker} mine:1
...
$ unset TOKEN WORDS
$ mkdir gone && cd gone && rmdir ../gone
$ docker --version
Docker version …
```

```checks
image: mine:1
stages: reached
```
"""


@pytest.mark.usefixtures("engine")
def test_a_build_is_repeated_with_the_environment_that_it_had(tmp_path: Path) -> None:
    """Secrets and arguments from variables; a client that works in a folder that is gone."""
    marker = uuid.uuid4().hex
    project = small_project(tmp_path / "p", PAGE.format(marker=marker))

    done = run(project, "walkthrough", "verify")

    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(
    ("words", "verb"),
    [
        ("run alpine build", "run"),
        ("--log-level error build -t a .", "build"),
        ("-D --host=unix:///x image build .", "image build"),
        ("--context default builder build .", "builder build"),
        ("buildx --builder default build .", "buildx build"),
        ("-H unix:///x --debug buildx b .", "buildx b"),
    ],
)
def test_a_verb_is_known_behind_options(words: str, verb: str) -> None:
    """The machine's docker notes what is a build, wherever its options stand, with the arguments after the verb."""
    noted = runpy.run_path(str(READER / "docker-noted"))

    found, end = noted["verb_of"](words.split())

    assert found == verb
    assert (found in noted["BUILD"]) == (verb != "run")
    assert words.split()[end - 1] == verb.split()[-1]
