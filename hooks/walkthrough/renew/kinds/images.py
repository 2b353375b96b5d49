"""Base images by tag: the digest behind it, where a registry answers."""
# ruff: noqa: ARG002 - all kinds are asked in one way

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence

from walkthrough.renew.asking import known
from walkthrough.renew.kind import Change, Kind, Pin, Renewal, Spot
from walkthrough.renew.place import Place

_DIGEST = re.compile(r"^Digest:\s+(sha256:[0-9a-f]{64})$", re.MULTILINE)


def bases(place: Place, stand_in: bool) -> Iterator[Pin]:
    """Yield the base images that a record names: those that a registry had, or the stand-ins for others."""
    try:
        record = json.loads(place.text)
    except ValueError:  # told by whoever reads it
        return
    for base in record.get("bases", []):
        if bool(base["stand_in"]) == stand_in:
            start = place.text.index(base["digest"])
            yield Pin(base["name"], base["digest"], (Spot(place, start, start + len(base["digest"])),))


class Images(Kind):
    """A tag of a series moves by itself, so no file changes: its pages are walked when the digest is another one.

    The digest until now is that of the committed records; a stand-in's is none of a registry.
    """

    name = "images"
    order = 15
    evidence = True
    where = "`FROM name:tag` on pages; the digest until now stands in `labs/…/evidence/`"
    client = "`docker buildx imagetools inspect`"

    def pins(self, place: Place, beside: Sequence[Place]) -> Iterator[Pin]:
        """Yield the base images that a record names with a registry's digest."""
        yield from bases(place, stand_in=False)

    def changes(self, place: Place, pins: Sequence[Pin], beside: Sequence[Place]) -> Iterator[Change]:
        """Yield a change without edits for each tag that has moved."""
        for pin in pins:
            found = _DIGEST.search(known("docker", "buildx", "imagetools", "inspect", pin.name))
            if found and found[1] != pin.version:
                renewal = Renewal(pin.name, pin.version[:19], found[1][:19], place.path, pin.spots[0].line)
                yield Change(self.name, (renewal,), (), (pin.name,))
