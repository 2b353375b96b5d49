"""What a stand-in takes from Debian: the version in its table is what Debian has, so there is none to choose."""
# ruff: noqa: ARG002 - all kinds are asked in one way

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from walkthrough.renew.kind import Kind, Pin, Spot
from walkthrough.renew.place import Place

_VERSION = re.compile(r"^ENV (?:.* )?(?P<name>\w+_VERSION)=(?P<version>[\w.+-]*\d[\w.+-]*)", re.MULTILINE)


class Debian(Kind):
    """Versions that no other kind knows how to ask for: Python, Java, Rust and the older Docker."""

    name = "debian"
    order = 90
    where = (
        "`…_VERSION` in the recipes whose programs are Debian's: `python`, `eclipse-temurin`, `rust`, `docker:26-dind`"
    )
    client = "nobody"
    unasked = (
        "Debian has one version at a time, which a stand-in gets when it is built; change the number in the recipe"
        " where its build says that it is another"
    )

    def pins(self, place: Place, beside: Sequence[Place]) -> Iterator[Pin]:
        """Yield the versions in a recipe."""
        if "/recipes/" in place.path and place.name == "Dockerfile":
            for found in _VERSION.finditer(place.text):
                yield Pin(found["name"], found["version"], (Spot(place, *found.span("version")),))
