"""Changes of a page's own Dockerfile that make a claim on its build false."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from walkthrough.claims.kinds.guard import Guard
from walkthrough.claims.kinds.reuses import Reuse
from walkthrough.claims.spec import ImageSpec

_STAGE = re.compile(r"FROM\s+(?:--\S+\s+)*(?P<base>\S+)(?:\s+AS\s+(?P<name>\S+))?", re.IGNORECASE)


@dataclass(frozen=True)
class Edit:
    """A Dockerfile as ``text``, and the claim, by key, that is false of its build."""

    words: str
    key: str
    text: str


def edits(spec: ImageSpec, text: str) -> Iterator[Edit]:
    """Yield the Dockerfile ``text`` with a stage for nothing, its tests unhooked, its files copied too soon."""
    lines = text.split("\n")
    stages = {number: found for number, line in enumerate(lines) if (found := _STAGE.match(line))}
    if "stages" in spec.made and stages:
        last = max(stages)
        more = [*lines[:last], "FROM scratch AS unneeded", "COPY . /", "", *lines[last:]]
        yield Edit("a stage that nothing is copied from", "stages", "\n".join(more))
    guard: Guard | None = spec.made.get("guard")
    if guard:
        for found in stages.values():
            unhooked = text.replace(f"--from={guard.stage} ", f"--from={found['base']} ")
            if found["name"] == guard.stage and unhooked != text:
                yield Edit(f"what is copied from '{guard.stage}' is copied from '{found['base']}'", "guard", unhooked)
    reuse: Reuse | None = spec.made.get("reuses")
    for step in reuse.steps if reuse else ():
        at = next((number for number, line in enumerate(lines) if step in line), None)
        while at and lines[at - 1].rstrip().endswith("\\"):
            at -= 1
        if at is not None:
            early = [*lines[:at], "COPY . /mutant/", *lines[at:]]
            yield Edit(f"everything is copied before {step[:50]}", "reuses", "\n".join(early))
