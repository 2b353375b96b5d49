"""Parts of pages that are written from elsewhere: the reader's script, the table of claims. ``make record`` keeps them.

A file with the fence option ``written="reader-check"`` is the script that the checks of its lab make. Between the
comments ``<!-- claims -->`` and ``<!-- end of claims -->`` stands the table of all claims.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from walkthrough.claims import guide
from walkthrough.errors import Problem
from walkthrough.files import LINE
from walkthrough.page.itinerary import Itinerary
from walkthrough.page.readercheck import reader_check
from walkthrough.page.steps import WriteFile
from walkthrough.project import Project

_FROM, _TO = "<!-- claims -->", "<!-- end of claims -->"


@dataclass(frozen=True)
class Part:
    """Lines of a page, from ``first`` to before ``end`` (both from 1), and what must stand there."""

    first: int
    end: int
    wanted: tuple[str, ...]
    what: str


def outdated(itineraries: dict[str, Itinerary]) -> Iterator[Problem]:
    """Yield a problem for each part that is not what it is written from."""
    for itinerary in itineraries.values():
        for part in _stale(itinerary, itineraries):
            yield Problem(itinerary.page.at(part.first - 1), part.what, "run 'make record'")


def rewrite(project: Project, itineraries: dict[str, Itinerary]) -> list[str]:
    """Bring the parts up to date; return the paths of the pages that changed."""
    changed = []
    for path, itinerary in itineraries.items():
        stale = list(_stale(itinerary, itineraries))
        if stale:
            _write(project.root / path, stale)
            changed.append(path)
    return changed


def _write(path: Path, parts: list[Part]) -> None:
    """Write parts into a page, each with the line ends that stand there; all else stays byte for byte."""
    lines = LINE.findall(path.read_bytes().decode())
    for part in sorted(parts, key=lambda part: -part.first):
        before = lines[part.first - 2]
        end = before[len(before.rstrip("\r\n")) :]
        lines[part.first - 1 : part.end - 1] = [line + end for line in part.wanted]
    path.write_bytes("".join(lines).encode())


def _stale(itinerary: Itinerary, itineraries: dict[str, Itinerary]) -> Iterator[Part]:
    lines = itinerary.page.text.split("\n")
    inside = {line for fence in itinerary.page.fences for line in range(fence.line, fence.last + 1)}
    prose = ["" if number in inside else line for number, line in enumerate(lines, 1)]
    for part in (*_scripts(itinerary, itineraries), *_tables(prose)):
        if tuple(lines[part.first - 1 : part.end - 1]) != part.wanted:
            yield part


def _scripts(itinerary: Itinerary, itineraries: dict[str, Itinerary]) -> Iterator[Part]:
    for step in itinerary.steps:
        if isinstance(step, WriteFile) and "written" in step.fence.options:
            lab = itinerary.page.lab
            script = reader_check(other for other in itineraries.values() if other.page.lab == lab)
            wanted = tuple((step.fence.prefix + line).rstrip() for line in script.rstrip("\n").split("\n"))
            what = f"'{step.path}' is not what the checks of this lab make"
            yield Part(step.fence.first_text_line, step.fence.last, wanted, what)


def _tables(lines: list[str]) -> Iterator[Part]:
    marks = [line.strip() for line in lines]
    for number, mark in enumerate(marks, 1):
        if mark == _FROM:
            closed = _TO in marks[number:]
            end = marks.index(_TO, number) + 1 if closed else number + 1
            wanted = ("", *guide.table().split("\n"), "", *([] if closed else [_TO]))
            yield Part(number + 1, end, wanted, "the table of claims is not up to date")
