"""The GitHub workflows are valid, by actionlint, which is built from the Go module registry on the engine."""

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

WORKFLOWS = sorted((ROOT / ".github/workflows").glob("*.yml"))


def test_the_workflows_pass_actionlint(engine: Engine, tmp_path: Path) -> None:
    """A broken copy is caught, so that silence means something; then the real ones must pass."""
    source = str(ROOT / "tests/actionlint")
    with provided(engine, {"golang:1.27-trixie"}, state_folder(), print):
        built = engine.command("buildx", "build", f"--output=type=local,dest={tmp_path}", source)
    assert built.returncode == 0, built.stderr
    workflow, *others = WORKFLOWS
    broken = tmp_path / "broken.yml"
    broken.write_text(workflow.read_text().replace("runs-on:", "runs-at:"))

    def lint(path: Path) -> subprocess.CompletedProcess[str]:
        return subprocess.run([str(tmp_path / "actionlint"), str(path)], capture_output=True, text=True, check=False)

    assert lint(broken).returncode == 1
    assert [lint(one).stdout for one in (workflow, *others)] == ["" for _ in WORKFLOWS]


def test_what_others_wrote_is_pinned_by_its_commit() -> None:
    """A tag can be moved; the release stands behind it, for people and for who renews it."""
    used = [words for file in WORKFLOWS for words in re.findall(r"uses: (.*)", file.read_text())]

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


GH = """\
#!/bin/sh
{ echo "$@"; for word; do case $before in --body-file) cat "$word";; esac; before=$word; done; } >>"$SAID"
test "$1 $2" != "$EXISTS list" || echo 7
"""
"""In place of GitHub's client, which has nobody to talk to here: it keeps what it is told, and numbers what exists."""


def test_what_is_renewed_at_night_becomes_one_pull_request_or_one_issue(tmp_path: Path) -> None:
    """The two scripts of the workflow in a real repository: what one keeps, the other pushes, all but the workflows."""
    jobs = yaml.safe_load((ROOT / ".github/workflows/renew.yml").read_text())["jobs"]
    (trying,) = [step["run"] for step in jobs["try"]["steps"] if step.get("id") == "renew"]
    (telling,) = [step["run"] for step in jobs["tell"]["steps"] if "run" in step]
    programs = tmp_path / "bin"
    programs.mkdir()
    (programs / "gh").write_text(GH)
    (programs / "gh").chmod(0o755)

    def git(folder: Path, *words: str) -> str:
        whole = ("git", "-c", "user.name=x", "-c", "user.email=x@example.org", *words)
        return subprocess.run(whole, cwd=folder, check=True, capture_output=True, text=True).stdout

    def night(name: str, recipe: str, exists: str = "") -> tuple[str, Path]:
        """Let ``make renew`` be a recipe; return what GitHub's client was told, and the repository pushed to."""
        place = tmp_path / name
        first, remote = place / "first", place / "remote.git"
        (first / ".github").mkdir(parents=True)
        (first / "Makefile").write_text("renew:\n" + "".join(f"\t@{line}\n" for line in recipe.splitlines()))
        (first / ".github/x.yml").write_text("old")
        (first / "page.md").write_text("old")
        git(first, "init", "-q", "-b", "main")
        git(first, "add", ".")
        git(first, "commit", "-q", "-m", "first")
        git(place, "clone", "-q", "--bare", "first", "remote.git")
        said, outputs = place / "said", place / "outputs"
        said.touch()
        known = {
            **os.environ, "PATH": f"{programs}:{os.environ['PATH']}", "RUNNER_TEMP": str(place), "BRANCH": "main",
            "GITHUB_OUTPUT": str(outputs), "GITHUB_STEP_SUMMARY": str(place / "summary"), "RUN": "the-run",
            "SAID": str(said), "EXISTS": exists,
        }  # fmt: skip
        for script in (trying, telling):
            checkout = place / f"checkout-{script is telling}"
            git(place, "clone", "-q", "remote.git", checkout.name)
            if script is telling:
                known["STATUS"] = outputs.read_text().strip().removeprefix("status=")
            subprocess.run(["bash", "-e", "-c", script], cwd=checkout, check=True, env=known)
        return said.read_text(), remote

    said, remote = night("holds", "echo new >page.md\necho more >new.md\necho '## Renewed'")
    assert git(remote, "show", "renew:page.md", "renew:new.md") == "new\nmore\n"
    assert "pr create --base main --head renew --title Renew what the course pins --body-file" in said
    assert "\n## Renewed\n" in said
    assert "The whole run: the-run\n" in said
    assert said.endswith("workflow run docs.yml --ref renew\n")
    assert "issue" not in said

    said, _ = night("again", "echo new >page.md", "pr")
    assert "pr edit 7 --body-file" in said
    assert "pr create" not in said

    said, remote = night("breaks", "echo '## Not renewed'\nfalse")
    assert "issue create --title Newer releases that the course does not hold with --body-file" in said
    assert "\n## Not renewed\n" in said
    assert git(remote, "branch", "--list", "renew") == ""
    assert "issue edit 7 --body-file" in night("breaks-still", "false", "issue")[0]

    said, remote = night("workflows", "echo new >.github/x.yml")
    assert "write the lines of `.github` by hand" in said
    assert "issue create" in said
    assert git(remote, "branch", "--list", "renew") == ""

    assert night("nothing", "true")[0] == ""


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
