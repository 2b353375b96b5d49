"""The status of the whole course: coverage, dates, mutants, sizes and their history, what is not run."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from walkthrough.page.steps import IMAGE_TITLE, NotRun
from walkthrough.publish.blocks import View, render
from walkthrough.publish.score import Score
from walkthrough.record.evidence import Record, whole_coverage
from walkthrough.units import size_text


@dataclass(frozen=True)
class Listed:
    """A page in the course's status: its view, the link to it, and its mutants."""

    view: View
    link: str
    score: Score | None = None
    """What came of its mutants, where they were ever tried."""
    current: bool = False
    """Whether they were tried on the page as it is now."""


@dataclass(frozen=True)
class Sized:
    """An image in the course's status: its size in bytes, whether a stand-in is part of it, its earlier sizes."""

    image: str
    size: int
    on_stand_in: bool
    past: tuple[tuple[str, str], ...]
    """Pairs of the last day that the image had another size, and that size."""


def _sizes(record: Record) -> list[Sized]:
    stand_ins = {step.title.removeprefix(IMAGE_TITLE) for step in record.steps if step.stand_in}
    return [
        Sized(image, size, image in stand_ins, tuple(_history(record, image, size)))
        for image, size in record.sizes.items()
    ]


def _history(record: Record, image: str, now: int) -> list[tuple[str, str]]:
    """Return the earlier sizes of an image that a reader would call another, each with the last day that it had it."""
    told: dict[str, str] = {}
    for past in record.past:
        if image in past.sizes:
            told[size_text(past.sizes[image])] = past.walked
    return [(until, size) for size, until in told.items() if size != size_text(now)]


def status(pages: Iterable[Listed]) -> str:
    """Return the HTML of the course's status: coverage, dates, mutants, sizes and their history, what is not run."""
    listed = list(pages)
    records = [page.view.record for page in listed if page.view.record]
    whole = whole_coverage(record.coverage for record in records)
    sizes = [(page, _sizes(page.view.record)) for page in listed if page.view.record and page.view.record.sizes]
    unrun = [(page, step.reason) for page in listed for step in page.view.steps if isinstance(step, NotRun)]
    bases = {base.name: base for record in records for base in record.bases}
    return render(
        "status", pages=listed, whole=whole, sizes=sizes, unrun=unrun, bases=[bases[name] for name in sorted(bases)]
    )
