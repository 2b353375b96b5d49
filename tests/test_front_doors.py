"""A page that lies ends in exit 1, with its line, at every front door; the other pages are still walked."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from helpers import FRONT_DOORS, GO_PAGE, INDEX_PAGE, line_with, run, trim_go_page


@dataclass(frozen=True)
class Lie:
    """A change to the Go page, the text of the line that is to blame, and words of the message."""

    old: str
    new: str
    culprit: str
    says: str


LIES = {
    "typo in the Dockerfile": Lie(
        "\nHEALTHCHECK --interval", "\nHEALTHCHEKC --interval", "HEALTHCHEKC", "unknown instruction"
    ),
    "budget of 1 MB": Lie("size: 6.6 MB", "size: 1 MB", "size: 1 MB", "claimed: size, uncompressed ≤ 1.00 MB"),
    "wrong expected output": Lie("\n404\n", "\n405\n", "localhost:8080/nowhere", "-405"),
    "unit test that fails": Lie('"ok\\n"}', '"OK\\n"}', "RUN --mount=type=cache,target=/go/pkg/mod \\", "FAIL"),
    "USER root": Lie("USER 65532:65532\n", "USER root\n", "$ docker run -d --name go-app", "unable to find user root"),
    "USER 0": Lie("USER 65532:65532\n", "USER 0\n", 'user: "65532:65532"', "the image runs as root"),
    "shell-form command": Lie(
        'ENTRYPOINT ["/server"]', "ENTRYPOINT /server", "$ docker run -d --name go-app", "exit status 127"
    ),
    "health check that never succeeds": Lie(
        'CMD ["/server", "-healthcheck"]', 'CMD ["/server", "-nonsense"]', "healthy: 8 s", "claimed: becomes healthy"
    ),
    "fence option that nobody knows": Lie(
        '```text title="go-app/go.mod"',
        '```text title="go-app/go.mod" colour="red"',
        'colour="red"',
        "nobody knows the fence option 'colour'",
    ),
    "broken front matter": Lie("builds_on:\n  - index.md", "builds_on: [index.md", "---\n", "front matter"),
    "unknown front matter": Lie("builds_on:", "bulids_on:", "bulids_on:", "nobody knows this key"),
    "path above the lab": Lie(
        'title="go-app/.dockerignore"', 'title="../../etc/x"', 'title="../../etc/x"', "leaves the lab's folder"
    ),
    "absolute path": Lie('title="go-app/.dockerignore"', 'title="/etc/x"', 'title="/etc/x"', "leaves the lab's folder"),
    "path through a link": Lie(
        '```text title="go-app/.dockerignore"',
        '```console\n$ ln -s /tmp out\n```\n\n```text title="go-app/out/x"',
        'title="go-app/out/x"',
        "through a link",
    ),
    "two steps claiming the same port": Lie(
        "$ docker stop go-app\n",
        "$ docker run -d --name second -p 8080:8080 go-app\n…\n$ docker stop go-app\n",
        "--name second",
        "port is already allocated",
    ),
    "command that never ends": Lie(
        "## What each step bought",
        '```console timeout="2"\n$ sleep infinity\n```\n\n## What each step bought',
        "sleep infinity",
        "the command does not end",
    ),
}


def culprit_line(page: Path, lie: Lie) -> int:
    """Return the line that must be blamed: the only one with the text, or the last where it stands often."""
    text = page.read_text()
    if lie.culprit == "---\n":
        return 0  # any line of the front matter
    lines = [number for number, line in enumerate(text.splitlines(), 1) if lie.culprit in line]
    return lines[-1] if lie.culprit.startswith("RUN") else line_with(page, lie.culprit)


@pytest.mark.usefixtures("engine")
@pytest.mark.parametrize("door", FRONT_DOORS)
def test_an_honest_copy_passes(project: Path, door: str) -> None:
    """The control: without a lie, the copy that the lies are made on passes at every door."""
    trim_go_page(project)

    done = run(project, *FRONT_DOORS[door])

    assert done.returncode == 0, done.stdout


@pytest.mark.usefixtures("engine")
@pytest.mark.parametrize("door", ["verify", "pytest"])
def test_on_github_a_problem_is_an_annotation(project: Path, door: str) -> None:
    """The pull request shows it at the page's line; elsewhere no such line is printed."""
    page = project / INDEX_PAGE
    page.write_text(
        page.read_text().replace("$ ls\n", "$ ls -d *\n").replace("java-app\nnode-app", "jawa-app\nnode-app")
    )
    command = {"verify": ("walkthrough", "verify"), "pytest": ("pytest",)}[door]
    line = line_with(page, "$ ls -d *")

    there = run(project, *command, INDEX_PAGE, GITHUB_ACTIONS="true")

    assert there.returncode == 1
    assert f"::error file={INDEX_PAGE},line={line}::" in there.stdout
    assert "::error" not in run(project, "walkthrough", "verify", INDEX_PAGE).stdout


@pytest.mark.usefixtures("engine")
@pytest.mark.parametrize("door", FRONT_DOORS)
@pytest.mark.parametrize("name", LIES)
def test_a_lie_fails_the_build_at_its_line(project: Path, name: str, door: str) -> None:
    """Each lie ends in exit 1, names file and line, and leaves the other page walked."""
    lie = LIES[name]
    page = trim_go_page(project)
    text = page.read_text()
    assert lie.old in text
    page.write_text(text.replace(lie.old, lie.new))

    done = run(project, *FRONT_DOORS[door])

    assert done.returncode == 1, done.stdout
    line = culprit_line(page, lie)
    assert f"{GO_PAGE}:{line or ''}" in done.stdout, done.stdout
    assert lie.says in done.stdout, done.stdout
    assert f"{INDEX_PAGE}: walking" in done.stdout, done.stdout
    assert f"{INDEX_PAGE}: verified" in done.stdout, done.stdout
