"""Figures in prose come from the record, and one that nobody measures is an error with its line."""

from __future__ import annotations

from pathlib import Path

import pytest

from helpers import GO_PAGE
from walkthrough.page import figures
from walkthrough.page.course import read_course
from walkthrough.project import Project
from walkthrough.publish.figures import fill
from walkthrough.record.evidence import read_record


def test_a_figure_that_nobody_measures_is_an_error(project: Path) -> None:
    """Image and claim are both looked at; a fence may show the notation."""
    page = project / GO_PAGE
    before = len(page.read_text().splitlines())
    page.write_text(page.read_text() + "\n`=go-app size`, `=go-app static.0`, `=nobody size`\n\n```text\n`=x y`\n```\n")

    problems = [str(problem) for problem in read_course(Project(project)).problems]

    assert len(problems) == 2
    assert f"{GO_PAGE}:{before + 2}: nobody measures 'static.0' of go-app" in problems[0] + problems[1]
    assert "no page checks an image of that name" in problems[0] + problems[1]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("7.31 MB", ["7.31 MB"]),
        ("`8.8 MB`, [a link](x-9.9MB), <!-- 9.9 MB\n\n 9.9 MB -->", []),
        ("10 MB is given.", []),
        ("6.6 MB", ["6.6 MB"]),
        ("The Java image has 6.6 MB.", ["6.6 MB"]),
        ("`go-app` has 6.6 MB.", []),
        ("`go-app`\nhas\n6.6 MB.", []),
        ("After `docker build -t go-app .` it has 6.6 MB.", []),
        ("`=go-app size`, that is under 6.6 MB.", []),
        ("`go-app:naive` has 6.6 MB.", ["6.6 MB"]),
        ("`go-app` is small. Java has 6.6 MB.", ["6.6 MB"]),
        ("- `go-app`\n- 6.6 MB", ["6.6 MB"]),
        ("| `go-app` | 6.6 MB |", []),
        ("Under <6.6 MB and > 6.7 MB.", ["6.6 MB", "6.7 MB"]),
        ('![Layers](a.png){ width=75% } ![Layers](a.png){ width="75%" }', []),
        ('<img alt="x" width="75%">', []),
        ("It has 3 layers, 2 files, 4 requests and 5 connections.", []),
        ("It has 3 packages.", ["3 packages"]),
    ],
)
def test_a_figure_that_is_typed_is_held_by_the_image_that_its_sentence_names(
    project: Path, text: str, told: list[str]
) -> None:
    """Or it is given, with its source; code, comments, addresses and attributes are no prose."""
    page = project / GO_PAGE
    page.write_text(page.read_text() + f"\n{text}\n")

    problems = read_course(Project(project)).problems

    assert [problem.what for problem in problems] == [f"the figure '{figure}' is typed by hand" for figure in told]


def test_a_figure_is_told_at_its_own_line(project: Path) -> None:
    """Not at the first line of its sentence."""
    page = project / GO_PAGE
    before = len(page.read_text().split("\n"))
    page.write_text(page.read_text() + "\nIt has. And it\nhas\n7.31 MB.\n")

    assert [problem.where.line for problem in read_course(Project(project)).problems] == [before + 3]


def test_a_figure_is_drawn_from_the_record(project: Path) -> None:
    """The value is the measured one; without a record the reader is told so."""
    course = read_course(Project(project))
    known = figures.sources(course.itineraries)
    record = read_record(Project(project), course.pages[GO_PAGE])
    assert record is not None
    assert known["go-app", "size"] == GO_PAGE
    steps = [step for step in record.steps if step.title == "check image go-app"]
    measured = next(finding for step in steps for finding in step.findings if finding.key == "size")
    assert isinstance(measured.measured, int)

    shown = fill("<p><code>=go-app size</code></p>", known, lambda _page: record)
    unknown = fill("<p><code>=go-app size</code></p>", known, lambda _page: None)

    assert f">{measured.measured / 1e6:.2f} MB</span>" in shown
    assert "not measured yet" in unknown


@pytest.mark.parametrize("typed", ["7.31\nMB", "**7.31** MB", "7.31&nbsp;MB"])
def test_a_figure_is_found_however_it_is_set(project: Path, typed: str) -> None:
    """Over the end of a line, in bold, with a blank that does not break."""
    page = project / GO_PAGE
    page.write_text(page.read_text() + f"\nIt has {typed} in all.\n")

    problems = [problem.what for problem in read_course(Project(project)).problems]

    assert len(problems) == 1
    assert "is typed by hand" in problems[0]
