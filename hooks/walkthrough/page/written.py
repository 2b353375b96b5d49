"""Parts of pages that are written from elsewhere: the reader's script, the table of claims. ``make record`` keeps them.

A file with the fence option ``written="reader-check"`` is the script that the checks of its lab make. Between the
comments ``<!-- claims -->`` and ``<!-- end of claims -->`` stands the table of all claims.
"""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from walkthrough.claims import guide
from walkthrough.errors import Problem
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
        lines = itinerary.page.text.split("\n")
        stale = list(_stale(itinerary, itineraries))
        for part in sorted(stale, key=lambda part: -part.first):
            lines[part.first - 1 : part.end - 1] = part.wanted
        if stale:
            _write(project.root / path, lines)
            changed.append(path)
    return changed


def _write(path: Path, lines: list[str]) -> None:
    """Write a page with the line ends, and the byte order mark, that it has."""
    known = path.read_bytes()
    text = ("\r\n" if b"\r\n" in known else "\n").join(lines)
    path.write_bytes(text.encode("utf-8-sig" if known.startswith(codecs.BOM_UTF8) else "utf-8"))


def _stale(itinerary: Itinerary, itineraries: dict[str, Itinerary]) -> Iterator[Part]:
    lines = itinerary.page.text.split("\n")
    for part in (*_scripts(itinerary, itineraries), *_tables(lines)):
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
    for number, line in enumerate(lines, 1):
        if line.strip() == _FROM and _TO in lines[number:]:
            end = lines.index(_TO, number) + 1
            yield Part(number + 1, end, ("", *guide.table().split("\n"), ""), "the table of claims is not up to date")
