"""Maven's artifacts: the parent of a ``pom.xml`` and what it names, and Maven itself in a recipe."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from walkthrough.renew.asking import ask
from walkthrough.renew.kind import Kind, Pin, Spot, newest_patch, series
from walkthrough.renew.place import Place, definitions

_IN_POM = re.compile(
    r"<groupId>(?P<group>[\w.-]+)</groupId>\s*<artifactId>(?P<artifact>[\w.-]+)</artifactId>\s*"
    r"<version>(?P<version>[\w.-]+)</version>"
)
_GOT = re.compile(r"-Dartifact=(?P<group>[\w.-]+):(?P<artifact>[\w.-]+):\$\{?(?P<variable>\w+)\}?")
_ASKING = """<project><modelVersion>4.0.0</modelVersion><groupId>x</groupId><artifactId>x</artifactId>
<version>1</version>
<dependencies><dependency><groupId>{group}</groupId><artifactId>{artifact}</artifactId><version>[{version},{series}.99999]</version>
<type>pom</type></dependency></dependencies></project>
"""


class Maven(Kind):
    """A release by its three words."""

    name = "maven"
    where = "`<version>` of parents, dependencies and plugins in a `pom.xml` on pages; Maven in the recipe of `maven`"
    client = "`mvn dependency:list` of a range"

    def pins(self, place: Place, beside: Sequence[Place]) -> Iterator[Pin]:
        """Yield artifacts, the project itself aside."""
        if place.name == "pom.xml":
            outer = re.sub(
                r"<(parent|dependencies|build)>.*?</\1>", lambda one: " " * len(one[0]), place.text, flags=re.DOTALL
            )
            own = _IN_POM.search(outer)
            for found in _IN_POM.finditer(place.text):
                if series(found["version"]) and not (own and own.start() == found.start()):
                    yield Pin(f"{found['group']}:{found['artifact']}", found["version"],
                              (Spot(place, *found.span("version")),))  # fmt: skip
        for found in _GOT.finditer(place.text):
            if spots := list(definitions(beside, found["variable"])):
                name = f"{found['group']}:{found['artifact']}"
                yield Pin(name, spots[0][3], tuple(Spot(p, a, b) for p, a, b, _ in spots))

    def newest(self, pin: Pin) -> str | None:
        """Return the newest patch."""
        group, _, artifact = pin.name.partition(":")
        with tempfile.TemporaryDirectory(prefix="renew-") as name:
            text = _ASKING.format(group=group, artifact=artifact, version=pin.version, series=series(pin.version))
            (Path(name) / "pom.xml").write_text(text, encoding="utf-8")
            told = ask("mvn", "--batch-mode", "dependency:list", "-DexcludeTransitive=true", folder=Path(name))
        return newest_patch(pin.version, re.findall(rf"{re.escape(pin.name)}:pom:([\w.-]+):", told))
