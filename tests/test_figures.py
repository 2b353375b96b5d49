"""Figures in prose come from the record, and one that nobody measures is an error with its line."""

from __future__ import annotations

from pathlib import Path

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


def test_a_figure_that_is_typed_must_be_held_or_given(project: Path) -> None:
    """A budget of a check and a figure with a source pass; code and addresses are no prose."""
    page = project / GO_PAGE
    before = len(page.read_text().splitlines())
    page.write_text(page.read_text() + "\n7.31 MB, 6.6 MB, 10 MB, `8.8 MB`, [a link](x-9.9MB)\n")

    problems = [str(problem) for problem in read_course(Project(project)).problems]

    assert len(problems) == 1
    assert problems[0].startswith(f"{GO_PAGE}:{before + 2}: the figure '7.31 MB' is typed by hand")


def test_a_figure_is_drawn_from_the_record(project: Path) -> None:
    """The value is the measured one; without a record the reader is told so."""
    course = read_course(Project(project))
    known = figures.sources(course.itineraries)
    record = read_record(Project(project), course.pages[GO_PAGE])
    assert record is not None
    source = known["go-app", "size"]
    measured = next(finding for finding in record.steps[source.step].findings if finding.key == "size")
    assert isinstance(measured.measured, int)

    shown = fill("<p><code>=go-app size</code></p>", known, lambda _page: record)
    unknown = fill("<p><code>=go-app size</code></p>", known, lambda _page: None)

    assert f">{measured.measured / 1e6:.2f} MB</span>" in shown
    assert "not measured yet" in unknown
