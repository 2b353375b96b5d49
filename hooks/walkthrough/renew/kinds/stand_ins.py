"""Stand-ins for base images: there is no digest of a registry to compare; what they are made from is pinned itself."""
# ruff: noqa: ARG002 - all kinds are asked in one way

from __future__ import annotations

from collections.abc import Iterator, Sequence

from walkthrough.renew.kind import Kind, Pin
from walkthrough.renew.kinds.images import bases
from walkthrough.renew.place import Place


class StandIns(Kind):
    """Told, so that nobody takes silence for the newest image."""

    name = "stand-ins"
    order = 16
    evidence = True
    where = "the records of pages that were walked on stand-ins"
    client = "nobody"
    unasked = "no registry had them when they were recorded; what they are made from is pinned in their recipes"

    def pins(self, place: Place, beside: Sequence[Place]) -> Iterator[Pin]:
        """Yield the stand-ins that a record names."""
        yield from bases(place, stand_in=True)
