"""Go itself: the toolchain in the recipe of its image."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from walkthrough.renew.asking import known
from walkthrough.renew.kind import Kind, Pin, Spot, newest_patch
from walkthrough.renew.place import Place, definitions

_TOOLCHAIN = re.compile(r"GOTOOLCHAIN=go\$\{?(?P<variable>\w+)\}?")


class GoToolchain(Kind):
    """A toolchain that the go command gets by its number."""

    name = "go-toolchain"
    order = 20
    where = "`GOTOOLCHAIN=go$…` in the recipe of `golang`"
    client = "`go list -m -versions go`"

    def pins(self, place: Place, beside: Sequence[Place]) -> Iterator[Pin]:
        """Yield the toolchain of a Dockerfile."""
        for variable in sorted({found["variable"] for found in _TOOLCHAIN.finditer(place.text)}):
            spots = list(definitions(beside, variable))
            if spots:
                yield Pin("go", spots[0][3], tuple(Spot(p, a, b) for p, a, b, _ in spots))

    def newest(self, pin: Pin) -> str | None:
        """Return the newest patch of the toolchain."""
        return newest_patch(pin.version, known("go", "list", "-m", "-versions", "go").split()[1:])
