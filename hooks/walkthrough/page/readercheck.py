"""The reader's own check: a POSIX shell script, written from the pages' checks, that needs nothing but Docker.

Every ``checks`` block with ``check: NAME`` is in it. A page shows the script as a file with the fence option
``written="reader-check"``; its text is kept by ``make record``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import jinja2

from walkthrough.claims.claim import call
from walkthrough.claims.registry import claims
from walkthrough.claims.spec import ImageSpec
from walkthrough.page.itinerary import Itinerary
from walkthrough.page.steps import CheckImage

_TEMPLATES = jinja2.Environment(
    loader=jinja2.FileSystemLoader(Path(__file__).parent),
    autoescape=False,  # noqa: S701 - the result is a shell script, whose words are quoted by shlex
    undefined=jinja2.StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    keep_trailing_newline=True,
)


@dataclass(frozen=True)
class Target:
    """One check of the script: its name, the image it looks at by default, the page it is from, quoted, its calls."""

    name: str
    image: str
    page: str
    lines: tuple[str, ...]

    @property
    def function(self) -> str:
        """The name as part of a shell function's."""
        return self.name.replace("-", "_")


def reader_check(itineraries: Iterable[Itinerary]) -> str:
    """Return the script for the checks of these pages, in their order."""
    specs = [
        (step.spec, itinerary.page.name)
        for itinerary in itineraries
        for step in itinerary.steps
        if isinstance(step, CheckImage) and step.spec.check
    ]
    targets = [Target(str(spec.check), spec.name, _quoted(page), tuple(_calls(spec))) for spec, page in specs]
    used = [claim for name, claim in claims().items() if claim.shell and any(name in spec.made for spec, _ in specs)]
    names = ", ".join(target.name for target in targets)
    return _TEMPLATES.get_template("check.sh").render(targets=targets, names=names, claims=used)


def _quoted(words: str) -> str:
    """Return words in single quotes, whatever is in them."""
    return "'" + words.replace("'", "'\\''") + "'"


def _calls(spec: ImageSpec) -> Iterator[str]:
    """Yield a line of shell for each claim that can be checked from outside, with Docker alone."""
    flags = " ".join(["--read-only"] * spec.read_only + ["--init"] * spec.init)
    if flags:
        yield f"flags={call(flags)}"
    for name, value in spec.made.items():
        claim = claims()[name]
        for _, entry in claim.entries(value):
            yield from claim.calls(entry)
