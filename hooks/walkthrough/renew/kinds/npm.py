"""Packages of npm that a command installs by name and version."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence

from walkthrough.renew.asking import known
from walkthrough.renew.kind import Kind, Pin, Spot, newest_patch, series
from walkthrough.renew.place import Place, definitions

_PACKAGE = re.compile(
    r"(?<=[\s\"'])(?P<name>(?:@[\w.-]+/)?[a-z][\w.-]*)@(?P<version>\d+\.\d+\.\d+(?![\w.-])|\$\{?(?P<variable>\w+)\}?)"
)
_INSTALLS = re.compile(r"\bnpm(?:-cli\.js)?\"?\s+(?:\\\n\s*)?(?:install|i|exec)\b")


def npm_versions(name: str) -> list[str]:
    """Return the released versions of a package.

    Raises:
        UnaskedError: where npm gives no answer.
    """
    told = json.loads(known("npm", "view", name, "versions", "--json"))
    return [told] if isinstance(told, str) else [str(one) for one in told]


class Npm(Kind):
    """A version, or a variable in its place."""

    name = "npm"
    where = "`package@1.2.3` in an `npm install`, also by an ENV: pages, Node.js and npm in the recipe of `node`"
    client = "`npm view`"

    def pins(self, place: Place, beside: Sequence[Place]) -> Iterator[Pin]:
        """Yield packages of texts that install some."""
        if not _INSTALLS.search(place.text):
            return
        for found in _PACKAGE.finditer(place.text):
            if not found["variable"]:
                yield Pin(found["name"], found["version"], (Spot(place, *found.span("version")),))
            elif spots := list(definitions(beside, found["variable"])):
                yield Pin(found["name"], spots[0][3], tuple(Spot(p, a, b) for p, a, b, _ in spots))

    def newest(self, pin: Pin) -> str | None:
        """Return the newest patch."""
        return newest_patch(pin.version, npm_versions(pin.name)) if series(pin.version) else None
