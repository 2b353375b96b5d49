"""Figures in prose: which claim each stands for, and which are typed by hand.

A page writes `` `=IMAGE CLAIM` `` such as `` `=go-app size` `` or `` `=go-app stops.0` ``, and its reader sees the
measured value. A figure that is typed all the same must be a budget that a check holds, or one that the page's front
matter calls given, with its source.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from walkthrough.claims.registry import claims
from walkthrough.errors import Problem
from walkthrough.page.itinerary import Itinerary
from walkthrough.page.pages import Page
from walkthrough.page.steps import CheckImage
from walkthrough.units import FIGURE, Kind, Limit, parse_limit

_IN_TEXT = re.compile(r"(?<!`)`=(?P<image>[^\s`]+) (?P<key>[^\s`]+)`(?!`)")
_CODE_OR_ADDRESS = re.compile(r"`[^`]*`|\]\([^)]*\)|<!--.*?-->")
_KINDS: tuple[Kind, ...] = ("size", "time")
_TODO = (
    "draw it from a claim, as in `=IMAGE size`, or let a check hold it as its budget; one that is not measured here"
    " goes into the front matter with its source: 'given: {{{typed}: where it comes from}}'"
)


@dataclass(frozen=True)
class Source:
    """Where a figure comes from: the page that claims it, the number of the step there, the claim."""

    page: str
    step: int
    key: str


def sources(itineraries: dict[str, Itinerary]) -> dict[tuple[str, str], Source]:
    """Return every claim of the course by image and key; of several checks of one image the first counts."""
    found: dict[tuple[str, str], Source] = {}
    for name, itinerary in itineraries.items():
        for number, step in enumerate(itinerary.steps):
            if isinstance(step, CheckImage):
                for key in step.spec.keys:
                    found.setdefault((step.spec.image, key), Source(name, number, key))
    return found


def problems(page: Page, known: dict[tuple[str, str], Source], limits: Iterable[Limit]) -> Iterator[Problem]:
    """Yield a problem for each figure in the page's prose that no claim of the course measures or holds.

    ``limits`` are the budgets that the course's checks hold.
    """
    inside = {line for fence in page.fences for line in range(fence.line, fence.last + 1)}
    held = {(limit.kind, limit.bound) for limit in limits}
    for number, line in enumerate(page.text.splitlines(), 1):
        if number in inside:
            continue
        for found in _IN_TEXT.finditer(line):
            if fault := missing(found["image"], found["key"], known):
                yield Problem(page.at(number), *fault)
        if number < page.body_line:
            continue
        for typed in FIGURE.findall(_CODE_OR_ADDRESS.sub("", line)):
            if typed not in page.front.given and not any(_is_held(typed, kind, held) for kind in _KINDS):
                what = f"the figure '{typed}' is typed by hand"
                yield Problem(page.at(number), what, _TODO.format(typed=typed))


def _is_held(typed: str, kind: Kind, held: set[tuple[Kind, float]]) -> bool:
    try:
        return (kind, parse_limit(typed, kind).bound) in held
    except ValueError:
        return False


def missing(image: str, key: str, known: dict[tuple[str, str], Source]) -> tuple[str, str] | None:
    """Return what is wrong with a figure, and what to do, if no claim of the course measures it."""
    if (image, key) in known:
        return None
    keys = sorted(claim for name, claim in known if name == image)
    todo = f"claims of it: {', '.join(keys)}" if keys else "no page checks an image of that name"
    return f"nobody measures '{key}' of {image}", todo


def limits_of(itineraries: dict[str, Itinerary]) -> Iterator[Limit]:
    """Yield every size and time that a check of the course holds."""
    for itinerary in itineraries.values():
        for step in itinerary.steps:
            if isinstance(step, CheckImage):
                for name, value in step.spec.made.items():
                    for _, entry in claims()[name].entries(value):
                        yield from claims()[name].limits(entry)
