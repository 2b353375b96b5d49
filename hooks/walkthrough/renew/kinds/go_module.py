"""Go modules that a Dockerfile installs or downloads: ``module@v1.2.3``, or a variable in its place."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from walkthrough.renew.asking import known
from walkthrough.renew.kind import Kind, Pin, Spot, newest_patch, series
from walkthrough.renew.place import Place, definitions

_MODULE = re.compile(
    r"(?P<module>[a-z][\w-]*(?:\.[\w-]+)+/[\w./-]+)@(?P<version>v\d[\w.+-]*|v?\$\{?(?P<variable>\w+)\}?(?:\+incompatible)?)"
)


def module_pins(place: Place, beside: Sequence[Place]) -> Iterator[tuple[Pin, bool]]:
    """Yield the pins of modules in a text, and whether their version is without the letter v."""
    for found in _MODULE.finditer(place.text):
        if not found["variable"]:
            yield Pin(found["module"], found["version"], (Spot(place, *found.span("version")),)), False
            continue
        spots = list(definitions(beside, found["variable"]))
        bare = found["version"].startswith("v$")
        if spots:
            yield Pin(found["module"], spots[0][3], tuple(Spot(p, a, b) for p, a, b, _ in spots)), bare


def module_versions(path: str) -> list[str]:
    """Return the released versions of the module that a package or module is of, without +incompatible.

    Raises:
        UnaskedError: where Go's client gives no answer.
    """
    told = known("go", "list", "-m", "-versions", "-mod=mod", module_of(path)).split()
    return [version.removesuffix("+incompatible") for version in told[1:]]


def module_of(package: str) -> str:
    """Return the module of a package whose program is in ``cmd``, as Go's conventions have it."""
    return package.partition("/cmd/")[0]


class GoModule(Kind):
    """A module of which a release is named."""

    name = "go-module"
    where = "`module@v1.2.3` in Dockerfiles and commands, also by an ARG: recipes, govulncheck, actionlint"
    client = "`go list -m -versions`"

    def pins(self, place: Place, beside: Sequence[Place]) -> Iterator[Pin]:
        """Yield releases; a pre-release and the state of a day have no patches."""
        for pin, _ in module_pins(place, beside):
            if series(pin.version):
                yield pin

    def newest(self, pin: Pin) -> str | None:
        """Return the newest patch, with the letter v where the pin has it."""
        bare = not pin.version.startswith("v")
        versions = [one.removeprefix("v") if bare else one for one in module_versions(pin.name)]
        return newest_patch(pin.version, versions)
