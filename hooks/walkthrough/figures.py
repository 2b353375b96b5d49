"""Figures in prose: never typed, but drawn from the record of the page that claims them.

A page writes `` `=IMAGE CLAIM` `` such as `` `=go-app size` `` or `` `=go-app stops.0` ``, and its reader sees the
measured value. A figure that is typed all the same must be a budget that a check holds, or one that the page's front
matter calls given, with its source.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from walkthrough.checks import Finding
from walkthrough.errors import Problem
from walkthrough.pages import Page
from walkthrough.pictures import bar
from walkthrough.record import Record
from walkthrough.steps import CheckImage
from walkthrough.units import FIGURE, Kind, Limit, parse_limit
from walkthrough.walk import Itinerary

_IN_TEXT = re.compile(r"(?<!`)`=(?P<image>[^\s`]+) (?P<key>[^\s`]+)`(?!`)")
_RENDERED = re.compile(r"<code>=(?P<image>[^\s<]+) (?P<key>[^\s<]+)</code>")
_TABLE, _ROW = re.compile(r"<table>.*?</table>", re.DOTALL), re.compile(r"<tr>.*?</tr>", re.DOTALL)
_CELL = re.compile(r"<td[^>]*>(?P<text>.*?)</td>", re.DOTALL)
_CODE_OR_ADDRESS = re.compile(r"`[^`]*`|\]\([^)]*\)|<!--.*?-->")
_KINDS: tuple[Kind, ...] = ("size", "time")
_TODO = (
    "draw it from a claim, as in `=IMAGE size`, or let a check hold it as its budget; one that is not measured here"
    " goes into the front matter with its source: 'given: {{{typed}: where it comes from}}'"
)
_HOW = {
    "size": "uncompressed: the sum of the files of all layers",
    "compressed": "what a pull downloads: the layers, gzip level 6 each",
    "http": "from starting the container to the first such answer",
    "healthy": "from starting the container until Docker calls it healthy",
    "stops": "from the signal to the end of the container",
    "reuses": "the build after an edit of the app, from its start to its end",
    "upload": "what a push uploads after an edit of the app: the layers that are new, gzip level 6 each",
    "packages": "packages that a scanner could find, of a distribution or of a language",
    "programs": "files that can be executed, libraries aside",
    "memory": "memory that no file is behind, after the first answers",
}


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
                for key in step.spec.claims:
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
                spec = step.spec
                sizes = spec.size, spec.compressed, spec.upload, spec.memory
                timed = [*(request.within for request in spec.http), *(stop.within for stop in spec.stops)]
                timed += [spec.healthy, spec.unhealthy, spec.reuses.within if spec.reuses else None]
                yield from filter(None, (*sizes, *timed))


def measured(
    image: str, key: str, known: dict[tuple[str, str], Source], record_of: Callable[[str], Record | None]
) -> Finding | None:
    """Return what the records say of a claim, or None where they do not."""
    source = known.get((image, key))
    record = record_of(source.page) if source else None
    if source and record and source.step < len(record.steps):
        for finding in record.steps[source.step].findings:
            if finding.key == source.key:
                return finding.finding
    return None


def how(finding: Finding) -> str:
    """Return how a claim was measured, in words."""
    return _HOW.get(finding.key.split(".")[0], finding.claim)


def fill(rendered: str, known: dict[tuple[str, str], Source], record_of: Callable[[str], Record | None]) -> str:
    """Return a rendered page with each figure replaced by what the record measured.

    Where a column of a table holds two figures of one unit or more, a bar beside each compares them.
    """

    def finding_of(found: re.Match[str]) -> Finding | None:
        return measured(html.unescape(found["image"]), html.unescape(found["key"]), known, record_of)

    def value(found: re.Match[str]) -> str:
        finding = finding_of(found)
        if finding is None:
            return '<span class="figure unknown">not measured yet</span>'
        words = html.escape(f"{html.unescape(found['image'])}, measured: {how(finding)}")
        return f'<span class="figure" title="{words}">{html.escape(finding.measured_text())}</span>'

    def table(found: re.Match[str]) -> str:
        return _with_bars(found[0], finding_of)

    return _RENDERED.sub(value, _TABLE.sub(table, rendered))


def _with_bars(table: str, finding_of: Callable[[re.Match[str]], Finding | None]) -> str:
    """Return a table of not yet drawn figures with a bar in each cell that is one of a comparable column."""
    most: dict[tuple[int, str], list[float]] = {}

    def quantity(cell: re.Match[str]) -> tuple[str, float] | None:
        figure = _RENDERED.fullmatch(cell["text"].strip())
        finding = finding_of(figure) if figure else None
        if finding is None or not isinstance(finding.measured, (int, float)):
            return None
        return finding.unit, finding.measured

    for row in _ROW.findall(table):
        for column, cell in enumerate(_CELL.finditer(row)):
            if told := quantity(cell):
                most.setdefault((column, told[0]), []).append(told[1])

    def drawn(row: re.Match[str]) -> str:
        columns = iter(range(len(row[0])))

        def with_bar(cell: re.Match[str]) -> str:
            column, told = next(columns), quantity(cell)
            others = most.get((column, told[0]), []) if told else []
            if told is None or len(others) < 2:
                return cell[0]
            return cell[0].removesuffix("</td>") + str(bar(told[1], max(others))) + "</td>"

        return _CELL.sub(with_bar, row[0])

    return _ROW.sub(drawn, table)
