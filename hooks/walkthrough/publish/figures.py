"""Figures in prose: never typed, but drawn from the record of the page that claims them.

A page writes `` `=IMAGE CLAIM` `` such as `` `=go-app size` `` or `` `=go-app stops.0` ``, and its reader sees the
measured value. A figure that is typed all the same must be a budget that a check holds, or one that the page's front
matter calls given, with its source.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from dataclasses import dataclass

from walkthrough.claims.finding import Finding
from walkthrough.claims.registry import claim_of
from walkthrough.page.figures import Sources
from walkthrough.page.steps import IMAGE_TITLE
from walkthrough.publish.pictures import bar
from walkthrough.record.evidence import Record

_RENDERED = re.compile(r"<code>=(?P<image>[^\s<]+) (?P<key>[^\s<]+)</code>")
_TABLE = re.compile(r"<table>.*?</table>", re.DOTALL)
_CELL = re.compile(r"<td[^>]*>(?P<text>.*?)</td>", re.DOTALL)
STAND_IN_MARK = '<a class="figure-mark" href="#stand-ins" aria-label="measured on a stand-in">†</a>'
STAND_IN_NOTE = (
    '<p class="walk-note" id="stand-ins">† Measured with a stand-in for an official base image, rebuilt from Debian'
    " packages. With the official image the figure is another.</p>"
)


@dataclass(frozen=True)
class Figure:
    """A measured claim; ``on_stand_in`` if a stand-in for an official base image had a part in it."""

    finding: Finding
    on_stand_in: bool


def measured(image: str, key: str, known: Sources, record_of: Callable[[str], Record | None]) -> Figure | None:
    """Return what the records say of a claim, or None where they do not."""
    page = known.get((image, key))
    record = record_of(page) if page else None
    if record is None:
        return None
    # By the image's name, not by the number of its step: a page may have changed since its record.
    for step in record.steps:
        for finding in step.findings if step.title == f"{IMAGE_TITLE}{image}" else ():
            if finding.key == key:
                of_build = (claim := claim_of(key)) is not None and claim.of_build
                built_on = of_build and any(base.stand_in for base in record.bases)
                return Figure(finding.finding, built_on or step.stand_in is not None)
    return None


def how(finding: Finding) -> str:
    """Return how a claim was measured, in words."""
    claim = claim_of(finding.key)
    return claim.how if claim and claim.how else finding.claim


def fill(rendered: str, known: Sources, record_of: Callable[[str], Record | None]) -> str:
    """Return a rendered page with each figure replaced by what the record measured.

    Where a table holds two figures of one kind or more, a bar below each compares them: the image before with the image
    after. A figure that a stand-in had a part in is marked, and the end of the page says what the mark means.
    """
    marked = False

    def figure_of(found: re.Match[str]) -> Figure | None:
        return measured(html.unescape(found["image"]), html.unescape(found["key"]), known, record_of)

    def value(found: re.Match[str]) -> str:
        nonlocal marked
        figure = figure_of(found)
        if figure is None:
            return '<span class="figure unknown">not measured yet</span>'
        words = html.escape(f"{html.unescape(found['image'])}, measured: {how(figure.finding)}")
        marked = marked or figure.on_stand_in
        mark = STAND_IN_MARK if figure.on_stand_in else ""
        return f'<span class="figure" title="{words}">{html.escape(figure.finding.measured_text())}{mark}</span>'

    def table(found: re.Match[str]) -> str:
        return _with_bars(found[0], figure_of)

    filled = _RENDERED.sub(value, _TABLE.sub(table, rendered))
    return filled + (STAND_IN_NOTE if marked else "")


def _with_bars(table: str, figure_of: Callable[[re.Match[str]], Figure | None]) -> str:
    """Return a table of not yet drawn figures with a bar in each cell whose figure can be compared with another's."""

    def quantity(cell: re.Match[str]) -> tuple[str, float] | None:
        """Return what a cell's figure may be compared with, and its value."""
        found = _RENDERED.fullmatch(cell["text"].strip())
        known = figure_of(found) if found else None
        if known is None or not isinstance(known.finding.measured, (int, float)):
            return None
        claim = claim_of(known.finding.key)
        what = "weight" if claim and claim.weighs else known.finding.kind
        return f"{known.finding.unit} {what}", known.finding.measured

    alike: dict[str, list[float]] = {}
    for cell in _CELL.finditer(table):
        if told := quantity(cell):
            alike.setdefault(told[0], []).append(told[1])

    def with_bar(cell: re.Match[str]) -> str:
        told = quantity(cell)
        if told is None or len(alike[told[0]]) < 2:
            return cell[0]
        return cell[0].removesuffix("</td>") + str(bar(told[1], max(alike[told[0]]))) + "</td>"

    return _CELL.sub(with_bar, table)
