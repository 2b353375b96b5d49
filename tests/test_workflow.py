"""The GitHub workflow is valid, by actionlint, which is built from the Go module registry on the engine."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import uuid
from pathlib import Path

import yaml

from helpers import ROOT, run, small_project
from walkthrough.machine.engine import Engine
from walkthrough.machine.provision import provided
from walkthrough.project import state_folder


def test_the_workflow_passes_actionlint(engine: Engine, tmp_path: Path) -> None:
    """A broken copy is caught, so that silence means something; then the real one must pass."""
    source = str(ROOT / "tests/actionlint")
    with provided(engine, {"golang:1.27-trixie"}, state_folder(), print):
        built = engine.command("buildx", "build", f"--output=type=local,dest={tmp_path}", source)
    assert built.returncode == 0, built.stderr
    workflow = ROOT / ".github/workflows/docs.yml"
    broken = tmp_path / "broken.yml"
    broken.write_text(workflow.read_text().replace("runs-on:", "runs-at:"))

    def lint(path: Path) -> subprocess.CompletedProcess[str]:
        return subprocess.run([str(tmp_path / "actionlint"), str(path)], capture_output=True, text=True, check=False)

    assert lint(broken).returncode == 1
    assert lint(workflow).stdout == ""


def test_what_others_wrote_is_pinned_by_its_commit() -> None:
    """A tag can be moved; the release stands behind it, for people and for who renews it."""
    used = re.findall(r"uses: (.*)", (ROOT / ".github/workflows/docs.yml").read_text())

    assert used
    assert [words for words in used if not re.fullmatch(r"[\w./-]+@[0-9a-f]{40} # v[\d.]+", words)] == []


def test_what_nobody_has_added_is_stale_too(tmp_path: Path) -> None:
    """The workflow's own step, in a checkout: clean, with a changed file, with a new one."""
    steps = yaml.safe_load((ROOT / ".github/workflows/docs.yml").read_text())["jobs"]["verify"]["steps"]
    (script,) = [step["run"] for step in steps if step.get("name") == "Nothing committed is stale"]

    def passes() -> bool:
        return (
            subprocess.run(["bash", "-e", "-c", script], cwd=tmp_path, capture_output=True, check=False).returncode == 0
        )

    git = ("git", "-c", "user.name=x", "-c", "user.email=x@example.org")
    (tmp_path / "known").write_text("1")
    for command in (("init", "-q"), ("add", "."), ("commit", "-q", "-m", "first")):
        subprocess.run([*git, *command], cwd=tmp_path, check=True)
    assert passes()
    (tmp_path / "new.json").touch()
    assert not passes()
    (tmp_path / "new.json").unlink()
    (tmp_path / "known").write_text("2")
    assert not passes()


def test_every_page_is_in_a_shard_of_the_matrix() -> None:
    """The numbers of the matrix are those of the parts that the command names; each leaves a verdict to gather."""
    jobs = yaml.safe_load((ROOT / ".github/workflows/docs.yml").read_text())["jobs"]
    shards = jobs["walk"]["strategy"]["matrix"]["shard"]
    commands = [step["run"] for step in jobs["walk"]["steps"] if "run" in step]

    assert commands == [f"make verify SHARD=${{{{ matrix.shard }}}}/{len(shards)}"]
    assert shards == list(range(1, len(shards) + 1))
    assert jobs["verify"]["needs"] == "walk"
    kept, gathered = (
        {step["with"]["path"] for step in jobs[job]["steps"] if words in str(step.get("with", {}))}
        for job, words in (("walk", "verdicts-${{"), ("verify", "verdicts-*"))
    )
    assert kept == gathered == {"~/.cache/docker-labs/verdicts"}  # where LABS_STATE is by default


def test_what_shards_have_walked_is_not_walked_where_it_is_gathered(engine: Engine, tmp_path: Path) -> None:
    """Each in a state folder of its own, as on a runner of its own; then their verdicts in a third one."""
    project = tmp_path / "p"
    for name in ("one", "two"):
        small_project(project, f"# {name}\n\n```console\n$ true # {uuid.uuid4().hex}\n```\n", name)
    path = f"{engine.docker.parent}:{os.environ['PATH']}"
    host = {"DOCKER_HOST": engine.host, "PATH": path, **engine.variables}

    def verified(place: str, *options: str) -> str:
        shutil.copytree(project, tmp_path / place / "p")
        state = str(tmp_path / place / "state")
        return run(
            tmp_path / place / "p", "walkthrough", "verify", *options, prefix=(), LABS_STATE=state, **host
        ).stdout

    for shard in ("1", "2"):
        said = verified(shard, f"--shard={shard}/2")
        assert "1 page holds; 1 walked" in said, said
        shutil.copytree(tmp_path / shard / "state/verdicts", tmp_path / "3/state/verdicts", dirs_exist_ok=True)
    said = verified("3")

    assert "nothing changed: all 2 pages were verified before, nothing was walked" in said
    assert len(list((tmp_path / "3/p/labs/lab-01-small/evidence").glob("*.json"))) == 2
