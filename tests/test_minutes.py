"""The minutes of a lab's core path: those that its first page plans are enough to read, to copy and to wait."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from pathlib import PurePosixPath

import pytest

from helpers import ROOT
from walkthrough.page.course import Course, read_course
from walkthrough.page.pages import Page
from walkthrough.page.steps import ApplyDiff, RunCommands, RunScript, WriteFile
from walkthrough.project import Project
from walkthrough.record.evidence import read_record

WORDS = 200
"""Words a minute. Adults read plain English at 238 (Brysbaert 2019, doi.org/10.1016/j.jml.2019.104047)."""
BLOCK = 10
"""Seconds to copy a block, to paste it, and to look at what comes."""
TITLE = re.compile(r"\bDuration: (\d+) minutes")
ROW = re.compile(r"^\| (?P<first>[^|]+) \|[^|]*\| (?P<minutes>\d+) \|$", re.MULTILINE)
LINK = re.compile(r"\]\((?P<path>[\w./-]*\.md|#)[\w#-]*\)")
OFF_THE_PATH = "going further"
"""What the heading of a section says that is no part of the core path."""


@dataclass(frozen=True)
class Row:
    """A row of the table: the pages of which a reader does one, and the minutes that it plans."""

    pages: tuple[str, ...]
    minutes: int


@cache
def course() -> Course:
    return read_course(Project(ROOT))


def plan(page: Page) -> tuple[int, list[Row]]:
    """Return the minutes that a lab takes by its first page, and the rows of its core path."""
    folder = PurePosixPath(page.path).parent
    total = TITLE.search(page.text)
    assert total, page.path
    rows = []
    for row in ROW.finditer(page.text):
        links = [found["path"] for found in LINK.finditer(row["first"])]
        rows.append(Row(tuple(page.path if link == "#" else str(folder / link) for link in links), int(row["minutes"])))
    return int(total[1]), rows


def needed(path: str) -> float:
    """Return the minutes that the core of a page takes: its words, its blocks, and what its commands took."""
    itinerary = course().itineraries[path]
    page, record = itinerary.page, read_record(course().project, itinerary.page)
    assert record is not None, path
    assert len(record.steps) == len(itinerary.steps), path
    inside = {line for fence in page.fences for line in range(fence.line, fence.last + 1)}
    core, words, lines = True, 0, set[int]()
    for number, line in enumerate(page.text.split("\n"), 1):
        if number not in inside and line.startswith("## "):
            core = OFF_THE_PATH not in line.lower()
        if core and number >= page.body_line:
            lines.add(number)
            words += 0 if number in inside else len(re.findall(r"\w[\w'’-]*", re.sub(r"\]\([^)]*\)", "", line)))
    seconds = 0.0
    for step, recorded in zip(itinerary.steps, record.steps, strict=True):
        if step.fence.line in lines and isinstance(step, RunCommands | RunScript | WriteFile | ApplyDiff):
            seconds += BLOCK + recorded.seconds
    return words / WORDS + seconds / 60


LABS = [path for path, one in course().itineraries.items() if TITLE.search(one.page.text)]


@pytest.mark.parametrize("path", LABS)
def test_the_minutes_that_a_lab_plans_are_enough(path: str) -> None:
    """Row by row, where a reader has a choice for the longest; and the rows together are what the title says."""
    total, rows = plan(course().itineraries[path].page)

    assert len(rows) > 3
    late = {
        page: f"{needed(page):.1f} minutes, {row.minutes} are planned"
        for row in rows
        for page in row.pages
        if needed(page) > row.minutes
    }
    assert late == {}
    assert sum(row.minutes for row in rows) <= total
