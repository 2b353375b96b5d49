"""The states of a page: the lab's files as they stand before each of its steps, numbered as a reader counts them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from walkthrough.page.itinerary import Itinerary
from walkthrough.page.lab import Version, versions
from walkthrough.page.pages import Page

_HEADING = re.compile(r"## +(.*?)(?: +#+)?\s*$")
_NUMBERED = re.compile(r"Step (\d+)\b", re.IGNORECASE)
_MARKUP = re.compile(r"\s*\{[^{}]*\}\s*$|[`*]|\[([^]]*)\]\([^)]*\)")
_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)


@dataclass(frozen=True)
class State:
    """The files that a page assumes before a step: the step's number, title and line, and the files by path."""

    number: int
    title: str
    line: int
    files: dict[str, Version]


def states(itinerary: Itinerary) -> list[State]:
    """Return the state before each step of a page, in order; the pages that it builds on are done by then."""
    every = list(versions(itinerary))
    return [
        State(
            number,
            title,
            line,
            {known.path: known for known in every if known.page is not itinerary.page or known.line < line},
        )
        for number, title, line in _numbered(list(_sections(itinerary.page)))
    ]


def has_steps(befores: list[State]) -> bool:
    """Return whether the page itself calls its sections steps."""
    return any(_NUMBERED.match(state.title) for state in befores)


def _sections(page: Page) -> Iterator[tuple[str, int]]:
    """Yield the title and the line of each section; a page without sections is one."""
    inside = {line for fence in page.fences for line in range(fence.line, fence.last + 1)}
    prose = "\n".join("" if number in inside else line for number, line in enumerate(page.text.split("\n"), 1))
    # A comment keeps its line ends, so that the lines after it keep their numbers.
    seen = _COMMENT.sub(lambda comment: "\n" * comment[0].count("\n"), prose)
    found = [
        (" ".join(_MARKUP.sub(r"\1", heading[1]).split()), number)
        for number, line in enumerate(seen.split("\n"), 1)
        if (heading := _HEADING.match(line))
    ]
    yield from found or [(page.front.title or page.name, 1)]


def _numbered(sections: list[tuple[str, int]]) -> list[tuple[int, str, int]]:
    """Return the sections that are steps, each with its number.

    Where sections are called ``Step 1``, ``Step 2``, these are the steps. What comes before the first is step 0, what
    lies between two belongs to the first of them, and what comes after the last is counted on. Where none is called so,
    they are counted from 1.
    """
    rising: list[tuple[int, int]] = []
    for at, (title, _) in enumerate(sections):
        called = _NUMBERED.match(title)
        if called and int(called[1]) > (rising[-1][1] if rising else 0):
            rising.append((at, int(called[1])))
    if not rising:
        return [(number, *section) for number, section in enumerate(sections, 1)]
    (first, _), (last, highest) = rising[0], rising[-1]
    begin = [(0, *sections[0])] if first else []
    after = [(number, *section) for number, section in enumerate(sections[last + 1 :], highest + 1)]
    return [*begin, *((number, *sections[at]) for at, number in rising), *after]
