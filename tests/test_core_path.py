"""The core path of a lab: the minutes that it plans are enough, and what it removes is what it has made."""

from __future__ import annotations

import re
from functools import cache

import pytest

from helpers import ROOT
from walkthrough.doors.corepath import core_lines, duration, rows
from walkthrough.page.course import Course, read_course
from walkthrough.page.itinerary import Itinerary
from walkthrough.page.steps import ApplyDiff, RunCommands, RunScript, WriteFile
from walkthrough.project import Project
from walkthrough.record.evidence import read_record

WORDS = 200
"""Words a minute. Adults read plain English at 238 (Brysbaert 2019, doi.org/10.1016/j.jml.2019.104047)."""
BLOCK = 10
"""Seconds to copy a block, to paste it, and to look at what comes."""


@cache
def course() -> Course:
    return read_course(Project(ROOT))


def needed(path: str) -> float:
    """Return the minutes that the core of a page takes: its words, its blocks, and what its commands took."""
    itinerary = course().itineraries[path]
    page, record = itinerary.page, read_record(course().project, itinerary.page)
    assert record is not None, path
    assert len(record.steps) == len(itinerary.steps), path
    core = core_lines(page)
    inside = {line for fence in page.fences for line in range(fence.line, fence.last + 1)}
    text = [line for number, line in enumerate(page.text.split("\n"), 1) if number in core - inside]
    words = len(re.findall(r"\w[\w'’-]*", re.sub(r"\]\([^)]*\)", "", "\n".join(text))))
    seconds = sum(
        BLOCK + recorded.seconds
        for step, recorded in zip(itinerary.steps, record.steps, strict=True)
        if step.fence.line in core and isinstance(step, RunCommands | RunScript | WriteFile | ApplyDiff)
    )
    return words / WORDS + seconds / 60


LABS = [path for path, one in course().itineraries.items() if duration(one.page)]


@pytest.mark.parametrize("path", LABS)
def test_the_minutes_that_a_lab_plans_are_enough(path: str) -> None:
    """Row by row, where a reader has a choice for each; and the rows together are what the title says."""
    page = course().itineraries[path].page
    plan = rows(page)

    late = {
        one: f"{needed(one):.1f} minutes, {row.minutes} are planned"
        for row in plan
        for one in row.pages
        if needed(one) > row.minutes
    }

    assert len(plan) > 3
    assert late == {}
    assert sum(row.minutes for row in plan) <= (duration(page) or 0)


MADE = re.compile(r"(?:\s-t|--tag|--name|docker tag \S+|(?:volume|network) create(?: -\S+)*)[ =](\S+)")
"""A name that a command gives to something."""
REMOVED = re.compile(r"docker (?:(?:image|container|volume|network) )?rm (.*)")


def removed_and_never_made(itinerary: Itinerary) -> dict[int, set[str]]:
    """Return, by its line, the names that a command of a page's core removes, and only a command off the core gives.

    Those that no other command of the core says at all are among them: a script makes them, if its reader runs it.
    """
    core = core_lines(itinerary.page)
    commands = [one for step in itinerary.steps if isinstance(step, RunCommands) for one in step.commands]
    made: dict[bool, set[str]] = {True: set(), False: set()}
    for one in commands:
        made[one.line in core] |= set(MADE.findall(one.text))
    removed = {
        one.line: {name for found in REMOVED.findall(one.text) for name in found.split()}
        for one in commands
        if one.line in core
    }
    said = {one.line: one.text for one in commands if one.line in core}

    def unknown(name: str, line: int) -> bool:
        if name in made[True]:
            return False
        if name in made[False]:
            return True
        forced = re.search(r"rm (?:-f|--force)\b", said[line])
        if forced or not re.fullmatch(r"[a-z][\w.:-]*", name):
            return False
        return not any(name.partition(":")[0] in text for other, text in said.items() if other != line)

    found = {line: {name for name in names if unknown(name, line)} for line, names in removed.items()}
    return {line: names for line, names in found.items() if names}


@pytest.mark.parametrize("path", course().itineraries)
def test_who_does_the_core_alone_removes_nothing_that_he_has_not(path: str) -> None:
    """The end of a page cleans up for both: those who went further, and those who did not."""
    assert removed_and_never_made(course().itineraries[path]) == {}
