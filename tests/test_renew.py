"""Renewing: what holds with newer releases is written; what breaks a page is told at its line and taken back."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

from helpers import LIMIT, environment, line_with, small_project
from walkthrough.errors import Location, Problem
from walkthrough.machine.engine import Engine
from walkthrough.page.course import read_course
from walkthrough.page.expected import matches
from walkthrough.page.steps import RunCommands
from walkthrough.project import Project
from walkthrough.renew.kind import Pin, Spot, written
from walkthrough.renew.place import places_of
from walkthrough.renew.results import PageTold
from walkthrough.renew.running import run
from walkthrough.renew.trying import try_changes

PAGE = """\
# {title}

```text title="{title}/requirements.txt"
{package}=={version} \\
{hashes}
```

```dockerfile title="{title}/Dockerfile"
FROM python:3.13-slim-trixie
COPY requirements.txt /
RUN pip install --no-cache-dir --require-hashes -r /requirements.txt
CMD ["pip", "list", "--format=freeze", "--exclude=pip"]
```

```console
$ cd ~/docker-labs/lab-01-small/{title}
$ docker build -q -t {title} .
sha256:…
$ docker run --rm {title}
{output}
```
"""
COMMAND = """\
# {title}

```dockerfile title="{title}/Dockerfile"
FROM python:3.13-slim-trixie
RUN pip install --no-cache-dir {packages}
CMD ["pip", "list", "--format=freeze", "--exclude=pip"]
```

```console
$ cd ~/docker-labs/lab-01-small/{title}
$ docker build -q -t {title} .
sha256:…
$ docker run --rm {title}
{output}
```
"""
COLORAMA = """\
    --hash=sha256:854bf444933e37f5824ae7bfc1e98d5bce2ebe4160d46b5edf346a89358e99da \\
    --hash=sha256:e6c6b4334fc50988a639d9b98aa429a0b57da6e17b9a44f0451f930b6967b7a4"""
ITSDANGEROUS = """\
    --hash=sha256:99b1053ccce68066dfc0b4465ef8779027e6d577377c8270e21a3d6289cac111 \\
    --hash=sha256:e2cb4ae918f07ab2a2f9a91dec2695bd1f25a19d31861a70015ad537ccb5e807"""


def test_what_holds_is_written_and_what_breaks_a_page_is_told_at_its_line(engine: Engine, tmp_path: Path) -> None:
    """Four pages with old packages: one holds with newer ones, two say which they have, one is false anyway."""
    texts = {
        "holds": PAGE.format(
            title="holds", package="colorama", version="0.4.5", hashes=COLORAMA, output="colorama==0.4.…"
        ),
        "breaks": PAGE.format(
            title="breaks", package="itsdangerous", version="2.0.0", hashes=ITSDANGEROUS, output="itsdangerous==2.0.0"
        ),
        "two": COMMAND.format(
            title="two", packages="colorama==0.4.4 tabulate==0.8.9", output="colorama==0.4.…\ntabulate==0.8.9"
        ),
        "false": COMMAND.format(title="false", packages="itsdangerous==2.1.0", output="something else"),
    }
    for name, text in texts.items():
        project = small_project(tmp_path / "p", text, name)
    folder = project / "docs/lab-01-small"
    path = f"{engine.docker.parent}:{os.environ['PATH']}"
    host = {"DOCKER_HOST": engine.host, "PATH": path, **engine.variables}
    variables = environment(PYTHONPATH=str(project / "hooks"), **host)

    # Each of its walks waits for whoever else uses the engine.
    done = run([sys.executable, "-m", "walkthrough", "renew", "docs"], project, 3 * LIMIT, variables)

    said = done.stdout.splitlines()
    print(done.stdout)
    assert done.returncode == 1
    written = [
        "- docs/lab-01-small/two.md:5: colorama 0.4.4 -> 0.4.6 (pip)",
        "- docs/lab-01-small/holds.md:4: colorama 0.4.5 -> 0.4.6 (requirements)",
    ]
    assert said[said.index("## Renewed") + 2 :][:3] == [*written, ""]
    where = "docs/lab-01-small"
    for name, change, pinned in (
        ("breaks", "itsdangerous 2.0.0 -> 2.0.1", "4: itsdangerous 2.0.0 -> 2.0.1 (requirements)"),
        ("two", "tabulate 0.8.9 -> 0.8.10", "5: tabulate 0.8.9 -> 0.8.10 (pip)"),
    ):
        line = line_with(folder / f"{name}.md", "$ docker run")
        at = said.index(f"- {change}: pages stop being true with it")
        assert said[at + 1] == f"    - to take it: {where}/{name}.md:{pinned}"
        assert said[at + 2].startswith(f"    - {where}/{name}.md:{line}: 'docker run --rm {name}' does not print")
    at = said.index(
        "- itsdangerous 2.1.0 -> 2.1.2: a page that it touches does not hold without it either; mend that first"
    )
    assert said[at + 2].startswith(f"    - {where}/false.md:{line_with(folder / 'false.md', '$ docker run')}: ")

    assert "colorama==0.4.6 \\\n    --hash=sha256:" in (folder / "holds.md").read_text()
    assert COLORAMA not in (folder / "holds.md").read_text()
    assert (folder / "two.md").read_text() == texts["two"].replace("colorama==0.4.4", "colorama==0.4.6")
    for name in ("breaks", "false"):
        assert (folder / f"{name}.md").read_text() == texts[name]
    made = project / "labs/lab-01-small"
    assert "colorama==0.4.6 tabulate==0.8.9" in (made / "two/Dockerfile").read_text()
    assert sorted(file.name for file in (made / "evidence").iterdir()) == ["holds.json", "two.json"]


def test_changes_that_break_a_page_only_together_are_left_together(tmp_path: Path) -> None:
    """Each of two holds alone; a third, of another page, is written. A shell of this machine walks here."""
    (tmp_path / "p/hooks").mkdir(parents=True)
    counts = "echo a@1.0.0 b@1.0.0 | tr -dc 1 | wc -c | grep -q '[23]' && echo few"
    page = f"# A page\n\n```console\n$ {counts}\nfew\n```\n"
    small_project(tmp_path / "p", page)
    project = Project(small_project(tmp_path / "p", "# Other\n\n```console\n$ echo c@1.0.0\nc@1.0.…\n```\n", "other"))
    changes = []
    for group in places_of(project):
        for place in group:
            for found in re.finditer(r"(\w)@(1.0.0)", place.text):
                pin = Pin(found[1], found[2], (Spot(place, *found.span(2)),))
                changes.append(written("letters", [(pin, "1.0.1")]))
    walked: list[list[str]] = []

    def walk(copy: Path, pages: Iterable[str]) -> dict[str, PageTold]:
        walked.append(sorted(pages))
        told = {}
        for path in walked[-1]:
            problems = []
            for step in read_course(Project(copy)).itineraries[path].steps:
                assert isinstance(step, RunCommands)
                for command in step.commands:
                    done = subprocess.run(["bash", "-c", command.text], capture_output=True, text=True, check=False)
                    if not matches(command.expected, done.stdout.splitlines()):
                        problems.append(Problem(Location(path, command.line), "prints something else"))
            told[path] = PageTold(path, "failed" if problems else "verified", tuple(problems))
        return told

    tried = try_changes(read_course(project), changes, walk, print)

    assert [str(change) for change in tried.held] == ["c 1.0.0 -> 1.0.1"]
    assert [(str(left.change), left.why, left.untrue) for left in tried.left] == [
        (f"{name} 1.0.0 -> 1.0.1", "together with others, pages stop being true with it", True) for name in "ab"
    ]
    assert (project.docs / "lab-01-small/page.md").read_text() == page
    assert tried.written == ("docs/lab-01-small/other.md",)
    first, other = "docs/lab-01-small/page.md", "docs/lab-01-small/other.md"
    assert walked == [[other, first], [first], [first], [first], [other]]
