"""Which pages ``make test`` walks: those that changed since their record, what builds on them, and core paths."""

from __future__ import annotations

from pathlib import Path

from helpers import FRONT_DOORS, run, small_project
from walkthrough.doors.due import due
from walkthrough.page.course import read_course
from walkthrough.page.itinerary import content_digest
from walkthrough.project import Project
from walkthrough.record.evidence import SCHEMA, Coverage, Record, record_path, write_file

FOLDER = "docs/lab-01-small"
FIRST = """\
---
title: "Lab 01: Small"
---

# Lab 01: Small

```console
$ echo small
small
```

| Core path | What you do there | Minutes |
|-----------|-------------------|---------|
| [One](one.md) | Nothing | 4 |
| [Two](two.md) or [three](three.md) | Nothing | 5 |
"""
PAGE = """\
---
title: {name}
{front}---

# {name}

```console
$ echo {name}
{name}
```
"""


def small_course(folder: Path) -> Project:
    """Return a lab of seven pages, all recorded as they are: only ``five`` builds on another, ``four``."""
    project = Project(small_project(folder, FIRST, "index"))
    for name in ("one", "two", "three", "four", "five", "six"):
        front = "builds_on:\n  - four.md\n" if name == "five" else ""
        (folder / FOLDER / f"{name}.md").write_text(PAGE.format(name=name, front=front))
    course = read_course(project)
    assert course.problems == ()
    for itinerary in course.itineraries.values():
        record = Record(
            record_schema=SCHEMA,
            page=itinerary.page.path,
            content=content_digest(itinerary),
            walked="2026-11-01",
            engine={},
            bases=[],
            coverage=Coverage(),
            seconds=1.0,
            steps=[],
        )
        path = record_path(project, itinerary.page)
        path.parent.mkdir(parents=True, exist_ok=True)
        write_file(path, record)
    return project


def due_in(project: Project) -> set[str]:
    """Return the names of the pages that are due."""
    return {Path(path).stem for path in due(read_course(project))}


def test_of_what_is_as_it_was_recorded_the_core_path_is_due(tmp_path: Path) -> None:
    """With a lab's first page, and the first of those between which readers choose."""
    assert due_in(small_course(tmp_path)) == {"index", "one", "two"}


def test_what_changed_is_due_and_what_builds_on_it(tmp_path: Path) -> None:
    project = small_course(tmp_path)
    page = tmp_path / FOLDER / "four.md"
    page.write_text(page.read_text().replace("# four", "# Four, told better"))
    assert due_in(project) == {"index", "one", "two"}

    page.write_text(page.read_text().replace("echo four", "printf 'four\\n'"))

    assert due_in(project) == {"index", "one", "two", "four", "five"}


def test_what_has_no_record_that_can_be_read_is_due(tmp_path: Path) -> None:
    project = small_course(tmp_path)
    course = read_course(project)
    record_path(project, course.pages[f"{FOLDER}/four.md"]).unlink()
    cut = record_path(project, course.pages[f"{FOLDER}/six.md"])
    cut.write_text(cut.read_text()[:40])

    assert due_in(project) == {"index", "one", "two", "four", "six"}


def test_pytest_leaves_out_what_is_not_due_and_says_how_many_pages_that_are(tmp_path: Path) -> None:
    """And no problem of a page that cannot be walked at all."""
    small_course(tmp_path)
    (tmp_path / FOLDER / "six.md").write_text(PAGE.format(name="six", front="").replace("$ echo", "$ echo '"))

    chosen = run(tmp_path, *FRONT_DOORS["pytest"], "--due", "--collect-only", "-q").stdout
    every = run(tmp_path, *FRONT_DOORS["pytest"], "--collect-only", "-q").stdout

    collected = {name for name in ("one", "two", "three", "four", "five", "six") if f"{name}.md::" in chosen}
    assert collected == {"one", "two", "six"}, chosen
    assert "3 pages are as they were recorded, off the core paths: 'make verify' walks them" in chosen
    assert "five.md::" in every
    assert "as they were recorded" not in every
