"""Figures in prose: never typed, but drawn from the record of the page that claims them.

A page writes `` `=IMAGE CLAIM` `` such as `` `=go-app size` `` or `` `=go-app stops.0` ``, and its reader sees the
measured value.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from walkthrough.checks import Finding
from walkthrough.errors import Problem
from walkthrough.pages import Page
from walkthrough.record import Record
from walkthrough.steps import CheckImage
from walkthrough.walk import Itinerary

_IN_TEXT = re.compile(r"(?<!`)`=(?P<image>[^\s`]+) (?P<key>[^\s`]+)`(?!`)")
_RENDERED = re.compile(r"<code>=(?P<image>[^\s<]+) (?P<key>[^\s<]+)</code>")
_HOW = {
    "size": "uncompressed: the sum of the files of all layers",
    "compressed": "what a pull downloads: the layers, gzip level 6 each",
    "http": "from starting the container to the first such answer",
    "healthy": "from starting the container until Docker calls it healthy",
    "stops": "from the signal to the end of the container",
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


def problems(page: Page, known: dict[tuple[str, str], Source]) -> Iterator[Problem]:
    """Yield a problem for each figure in the page's prose that no claim of the course measures."""
    inside = {line for fence in page.fences for line in range(fence.line, fence.last + 1)}
    for number, line in enumerate(page.text.splitlines(), 1):
        if number in inside:
            continue
        for found in _IN_TEXT.finditer(line):
            if (found["image"], found["key"]) not in known:
                image = sorted(key for name, key in known if name == found["image"])
                todo = f"claims of it: {', '.join(image)}" if image else "no page checks an image of that name"
                yield Problem(page.at(number), f"nobody measures '{found['key']}' of {found['image']}", todo)


def fill(rendered: str, known: dict[tuple[str, str], Source], record_of: Callable[[str], Record | None]) -> str:
    """Return a rendered page with each figure replaced by what the record measured."""

    def value(found: re.Match[str]) -> str:
        source = known.get((html.unescape(found["image"]), html.unescape(found["key"])))
        record = record_of(source.page) if source else None
        if source and record and source.step < len(record.steps):
            for finding in record.steps[source.step].findings:
                if finding.key == source.key:
                    measured = Finding(finding.key, finding.claim, finding.measured, finding.unit, finding.ok)
                    how = _HOW.get(source.key.split(".")[0], finding.claim)
                    words = f"{found['image']}, measured: {html.escape(how)}"
                    return f'<span class="figure" title="{words}">{html.escape(measured.measured_text())}</span>'
        return '<span class="figure unknown">not measured yet</span>'

    return _RENDERED.sub(value, rendered)
