"""Figures in prose: which claim each stands for, and which are typed by hand.

A page writes `` `=IMAGE CLAIM` `` such as `` `=go-app size` `` or `` `=go-app stops.0` ``, and its reader sees the
measured value. A figure that is typed all the same must be a budget that a check of an image holds, and the sentence
names that image in code; or the page's front matter calls it given, with its source.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from walkthrough.claims.registry import claims
from walkthrough.errors import Problem
from walkthrough.page.itinerary import Itinerary
from walkthrough.page.pages import Page
from walkthrough.page.steps import CheckImage
from walkthrough.units import FIGURE, Kind, Limit, parse_limit

_IN_TEXT = re.compile(r"(?<!`)`=(?P<image>[^\s`]+) (?P<key>[^\s`]+)`(?!`)")
_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
_NO_PROSE = re.compile(r"`[^`]*`|\]\([^)]*\)|\{:?[^{}]*=[^{}]*\}|</?[a-z][^<>]*>", re.IGNORECASE)
"""Code, addresses, and the attributes of what is shown."""
_CODE = re.compile(r"`([^`]*)`")
_SENTENCE = re.compile(r"(?<=[.!?])\s+")
_OF_ITS_OWN = re.compile(r"\s*(?:[-*+]\s|\d+[.)]\s|#|\||!!!|\?\?\?|===)")
"""A line that begins something new: an item, a heading, a row, a note, a tab."""
_EMPHASIS = re.compile(r"\*+")
_KINDS: tuple[Kind, ...] = ("size", "time")
_TODO = (
    "draw it from a claim, as in `=IMAGE size`; or let a check hold it as its budget, and name that image in code in"
    " the same sentence; one that is not measured here goes into the front matter with its source:"
    " 'given: {{{typed}: where it comes from}}'"
)


Sources = dict[tuple[str, str], str]
"""The page (its path) that makes a claim, by the claim's image and key."""


def sources(itineraries: dict[str, Itinerary]) -> Sources:
    """Return every claim of the course; of several pages that make it the first counts."""
    found: Sources = {}
    for name, itinerary in itineraries.items():
        for step in itinerary.steps:
            if isinstance(step, CheckImage):
                for key in step.spec.keys:
                    found.setdefault((step.spec.name, key), name)
    return found


def drawn(page: Page) -> set[tuple[str, str]]:
    """Return the figures that a page's prose draws from claims, each as an image and a key."""
    return {(found["image"], found["key"]) for found in _IN_TEXT.finditer(page.text)}


def problems(page: Page, known: Sources, limits: Iterable[tuple[str, Limit]]) -> Iterator[Problem]:
    """Yield a problem for each figure in the page's prose that no claim of the course measures or holds.

    ``limits`` are the budgets that the course's checks hold, each with its image.
    """
    inside = {line for fence in page.fences for line in range(fence.line, fence.last + 1)}
    lines = ["" if number in inside else line for number, line in enumerate(page.text.split("\n"), 1)]
    for number, line in enumerate(lines, 1):
        for found in _IN_TEXT.finditer(line):
            if fault := missing(found["image"], found["key"], known):
                yield Problem(page.at(number), *fault)
    lines[: page.body_line - 1] = [""] * (page.body_line - 1)
    prose = _COMMENT.sub(_blank, "\n".join(lines)).split("\n")
    if not FIGURE.search(_EMPHASIS.sub("", "\n".join(prose))):
        return
    held: dict[str, set[tuple[Kind, float]]] = {}
    for image, limit in limits:
        held.setdefault(image, set()).add((limit.kind, limit.bound))
    for number, sentence in _sentences(prose):
        words = {word.lstrip("=") for code in _CODE.findall(sentence) for word in code.split()}
        budgets = {budget for image in words & held.keys() for budget in held[image]}
        text = _EMPHASIS.sub("", _NO_PROSE.sub(_blank, sentence))
        for found in FIGURE.finditer(text):
            typed = " ".join(found[0].replace("&nbsp;", " ").split())
            if typed not in page.front.given and not any(_is_held(typed, kind, budgets) for kind in _KINDS):
                what = f"the figure '{typed}' is typed by hand"
                at = number + text[: found.start()].count("\n")
                yield Problem(page.at(at), what, _TODO.format(typed=typed))


def _blank(found: re.Match[str]) -> str:
    """Return as many characters as were found, its ends of lines kept."""
    return re.sub(r"[^\n]", " ", found[0])


def _sentences(lines: Iterable[str]) -> Iterator[tuple[int, str]]:
    """Yield the sentences of a page, each with the number of its first line; an item or a row is at least one."""
    begun, block = 1, ""
    for number, line in enumerate([*lines, ""], 1):
        if block and (not line.strip() or _OF_ITS_OWN.match(line)):
            at = 0
            for end in [*(found.end() for found in _SENTENCE.finditer(_NO_PROSE.sub(_blank, block))), len(block)]:
                yield begun + block[:at].count("\n"), block[at:end]
                at = end
            block = ""
        if line.strip():
            begun, block = (begun, f"{block}\n{line}") if block else (number, line)


def _is_held(typed: str, kind: Kind, held: set[tuple[Kind, float]]) -> bool:
    try:
        return (kind, parse_limit(typed, kind).bound) in held
    except ValueError:
        return False


def missing(image: str, key: str, known: Sources) -> tuple[str, str] | None:
    """Return what is wrong with a figure, and what to do, if no claim of the course measures it."""
    if (image, key) in known:
        return None
    keys = sorted(claim for name, claim in known if name == image)
    todo = f"claims of it: {', '.join(keys)}" if keys else "no page checks an image of that name"
    return f"nobody measures '{key}' of {image}", todo


def limits_of(itineraries: dict[str, Itinerary]) -> Iterator[tuple[str, Limit]]:
    """Yield every size and time that a check of the course holds, with its image."""
    for itinerary in itineraries.values():
        for step in itinerary.steps:
            if isinstance(step, CheckImage):
                for name, value in step.spec.made.items():
                    for _, entry in claims()[name].entries(value):
                        yield from ((step.spec.name, limit) for limit in claims()[name].limits(entry))
