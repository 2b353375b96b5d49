"""Pages hold for a reader who begins in the middle, with what ``catch-up`` brings; what it does not bring is told."""

from __future__ import annotations

from pathlib import Path

from helpers import line_with, run, small_project
from walkthrough.doors.frommiddle import page_by_page
from walkthrough.machine.engine import Engine
from walkthrough.page.course import read_course
from walkthrough.project import Project
from walkthrough.publish.labfolder import write_lab

PAGE = "docs/lab-01-small/page.md"
TEXT = """\
# T

## Step 1

```dockerfile title="x/Dockerfile"
FROM debian:trixie-slim
RUN echo first > /made
```

```console
$ cd ~/docker-labs/lab-01-small/x
$ made() { docker run --rm middle cat /made; }
$ docker build -q -t middle .
...
$ docker volume create kept-in-the-middle
...
```

## Step 2

```dockerfile title="x/Dockerfile"
FROM debian:trixie-slim
RUN echo second > /made
```

```console
$ made
first
```

## Step 3

```console
$ made
first
$ docker build -q -t middle . >/dev/null && made
second
$ docker volume rm kept-in-the-middle
kept-in-the-middle
```
"""


def test_each_step_holds_where_catch_up_alone_has_brought_the_machine(engine: Engine, tmp_path: Path) -> None:
    """Images of the files of their time, functions, the folder, volumes."""
    done = run(_project(tmp_path), "walkthrough", "catch-up", PAGE)

    assert done.returncode == 0, done.stdout
    assert "3 states walked from, 0 do not hold" in done.stdout


def test_what_catch_up_does_not_bring_is_told_at_its_line(engine: Engine, tmp_path: Path) -> None:
    """Here it takes ``docker`` for a program that only looks."""
    project = _project(tmp_path)
    looks = project / "hooks/walkthrough/publish/looks.py"
    looks.write_text(looks.read_text().replace("|hostname|", "|hostname|docker|"))

    done = run(project, "walkthrough", "catch-up", "--step=2", PAGE)
    later = run(project, "walkthrough", "catch-up", "--step=3", PAGE)

    line = line_with(project / PAGE, "## Step 2") + 8
    assert done.returncode == later.returncode == 1, done.stdout
    assert f"{PAGE}:{line}: 'made' ends with exit status 125, not 0" in done.stdout
    told = f"{PAGE}:{line_with(project / PAGE, '## Step 3')}: catch-up does not bring a new machine to step 3"
    assert told in later.stdout


def test_a_worker_stays_at_a_page_until_all_its_states_are_walked() -> None:
    """Two begin at two pages; whoever is done takes a third, and then helps at what is left."""
    pages = {"a1": "a", "a2": "a", "b1": "b", "b2": "b", "b3": "b", "c1": "c"}
    chosen, waiting, walks = page_by_page(pages), list(pages), dict[int, list[str]]({0: [], 1: []})

    for worker in (0, 1, 0, 0, 0, 1):
        walks[worker].append(name := chosen(waiting, worker))
        waiting.remove(name)

    assert walks == {0: ["a1", "a2", "c1", "b2"], 1: ["b1", "b3"]}


def _project(folder: Path) -> Path:
    project = Project(small_project(folder, TEXT))
    for itinerary in read_course(project).itineraries.values():
        write_lab(project, itinerary)
    return project.root
