"""A page that lies ends in exit 1, with its line, at every front door; the other pages are still walked."""

from __future__ import annotations

import re
import subprocess
import uuid
from dataclasses import dataclass
from pathlib import Path

import pytest

from helpers import FRONT_DOORS, honest_page, line_with, run, small_project
from walkthrough.page.course import read_course
from walkthrough.project import Project
from walkthrough.publish.labfolder import write_lab

LAB = "docs/lab-01-small"


@dataclass(frozen=True)
class Lie:
    """A change to the honest page, the text of the line that is to blame, and words of the message."""

    old: str
    new: str
    culprit: str
    says: str


LIES = {
    # Seen when the page is read.
    "fence option that nobody knows": Lie(
        '```html title="NAME/index.html"',
        '```html title="NAME/index.html" colour="red"',
        'colour="red"',
        "nobody knows the fence option 'colour'",
    ),
    "broken front matter": Lie("title: An honest page\n", "title: [An honest\n", "description:", "front matter"),
    "unknown front matter": Lie("title: An honest page", "titel: An honest page", "titel:", "nobody knows this key"),
    "path above the lab": Lie(
        'title="NAME/index.html"', 'title="../../etc/x"', 'title="../../etc/x"', "leaves the lab's folder"
    ),
    "absolute path": Lie('title="NAME/index.html"', 'title="/etc/x"', 'title="/etc/x"', "leaves the lab's folder"),
    # Seen when the page is walked.
    "path through a link": Lie(
        '```html title="NAME/index.html"',
        '```console\n$ ln -s /tmp docker-labs/lab-01-small/out\n```\n\n```html title="out/index.html"',
        'title="out/index.html"',
        "through a link",
    ),
    "typo in the Dockerfile": Lie("\nHEALTHCHECK ", "\nHEALTHCHEKC ", "HEALTHCHEKC", "unknown instruction"),
    "unit test that fails": Lie(
        "<p>Hello from NAME.</p>", "<p>Hullo from NAME.</p>", "RUN grep", "did not complete successfully: exit code: 1"
    ),
    "wrong expected output": Lie("\n404\n", "\n405\n", "/nowhere", "-405"),
    "USER root": Lie("USER 65532:65532\n", "USER root\n", "$ docker run", "unable to find user root"),
    "shell-form command": Lie(
        'ENTRYPOINT ["/busybox", "httpd", "-f", "-p", "8080", "-h", "/www"]',
        "ENTRYPOINT /busybox httpd -f -p 8080 -h /www",
        "$ docker run",
        "exit status 127",
    ),
    "two containers at one port": Lie(
        "$ docker rm -f NAME\n",
        "$ docker run -d --name NAME-too -p PORT:8080 NAME\n…\n$ docker rm -f NAME\n",
        "--name NAME-too",
        "port is already allocated",
    ),
    "command that never ends": Lie(
        "```checks", '```console timeout="1"\n$ sleep infinity\n```\n\n```checks', "$ sleep", "the command does not end"
    ),
    # Seen when its claims are measured.
    "budget that is too small": Lie("size: 4 MB", "size: 40 kB", "size: 40 kB", "claimed: size, uncompressed ≤ 40"),
    "USER 0": Lie("USER 65532:65532\n", "USER 0\n", "user:", "the image runs as root"),
    "health check that never succeeds": Lie(
        'CMD ["/busybox", "wget"', 'CMD ["/busybox", "nonsense"', "healthy: 8 s", "claimed: becomes healthy"
    ),
}
ONE_OF_EACH_KIND = ("unknown front matter", "wrong expected output", "budget that is too small")
"""Told at every door: one that is seen at reading, one at walking, one at measuring."""


def slug(name: str) -> str:
    return name.lower().replace(" ", "-")


def path_of(name: str) -> str:
    return f"{LAB}/{slug(name)}.md"


def page_with(name: str, old: str = "", new: str = "") -> str:
    """Return the honest page under that name, one text of it replaced."""
    text = honest_page("NAME", "PORT")
    assert old in text, name
    port = 18000 + sorted([*LIES, "honest"]).index(name)
    return text.replace(old, new).replace("NAME", slug(name)).replace("PORT", str(port))


def telling(folder: Path, *lies: str) -> Path:
    """Make a project of an honest page that was never walked before, and of a page for each lie."""
    greeting = "Hello from NAME"
    project = small_project(folder, page_with("honest", greeting, f"{greeting}, {uuid.uuid4().hex}"), "honest")
    for name in lies:
        small_project(folder, page_with(name, LIES[name].old, LIES[name].new), slug(name))
    return project


def ask(project: Path, door: str) -> subprocess.CompletedProcess[str]:
    """Let a front door judge the project, whose lab folder is up to date with the honest page."""
    copied = Project(project)
    write_lab(copied, read_course(copied).itineraries[path_of("honest")])
    return run(project, *FRONT_DOORS[door])


def assert_blamed(project: Path, said: str, name: str) -> None:
    """Demand that the lie is told at its line, with its words."""
    lie = LIES[name]
    where = f"{path_of(name)}:{line_with(project / path_of(name), lie.culprit.replace('NAME', slug(name)))}: "
    assert where in said, said
    assert lie.says in said.rpartition(where)[2].partition("\ndocs/")[0], said


@pytest.fixture(scope="module")
def judged(engine: object, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, subprocess.CompletedProcess[str]]:
    """Return a project that tells every lie at once, and what ``verify`` says of it."""
    project = telling(tmp_path_factory.mktemp("lies") / "p", *LIES)
    return project, ask(project, "verify")


@pytest.mark.parametrize("name", LIES)
def test_a_lie_is_told_at_its_line(judged: tuple[Path, subprocess.CompletedProcess[str]], name: str) -> None:
    """Of sixteen lies in one run none hides another, and no other line of its page is blamed."""
    project, done = judged

    assert_blamed(project, done.stdout, name)
    assert len(set(re.findall(rf"^{path_of(name)}:(\d+): \S", done.stdout, re.MULTILINE))) == 1, done.stdout


def test_an_honest_page_among_liars_is_verified(judged: tuple[Path, subprocess.CompletedProcess[str]]) -> None:
    """And the run as a whole fails."""
    _, done = judged

    assert done.returncode == 1, done.stdout
    assert f"{path_of('honest')}: walking" in done.stdout, done.stdout
    assert f"{path_of('honest')}: verified" in done.stdout, done.stdout


@pytest.mark.usefixtures("engine")
@pytest.mark.parametrize("door", [door for door in FRONT_DOORS if door != "verify"])
def test_every_door_fails_for_each_kind_of_lie(tmp_path: Path, door: str) -> None:
    """One that is read, one that is walked, one that is measured; the honest page beside them is still walked."""
    project = telling(tmp_path / "p", *ONE_OF_EACH_KIND)

    done = ask(project, door)

    assert done.returncode == 1, done.stdout
    for name in ONE_OF_EACH_KIND:
        assert_blamed(project, done.stdout, name)
    assert f"{path_of('honest')}: walking" in done.stdout, done.stdout
    assert f"{path_of('honest')}: verified" in done.stdout, done.stdout


@pytest.mark.usefixtures("engine")
@pytest.mark.parametrize("door", FRONT_DOORS)
def test_an_honest_page_passes(tmp_path: Path, door: str) -> None:
    """The control: without a lie, the page that the lies are told on passes at every door."""
    done = ask(telling(tmp_path / "p"), door)

    assert done.returncode == 0, done.stdout


@pytest.mark.usefixtures("engine")
@pytest.mark.parametrize("door", ["verify", "pytest"])
def test_on_github_a_problem_is_an_annotation(tmp_path: Path, door: str) -> None:
    """The pull request shows it at the page's line; elsewhere no such line is printed."""
    project = small_project(tmp_path / "p", "# Small\n\n```console\n$ echo seen\nshown\n```\n")

    there = run(project, *FRONT_DOORS[door], GITHUB_ACTIONS="true")

    assert there.returncode == 1
    assert f"::error file={LAB}/page.md,line=4::" in there.stdout
    assert "::error" not in run(project, *FRONT_DOORS[door]).stdout
