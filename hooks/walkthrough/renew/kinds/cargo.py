"""Crates of a Rust project: the lock that cargo makes of ``Cargo.toml``."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from walkthrough.renew.asking import ask
from walkthrough.renew.kind import Change, Kind, Pin, Renewal, Spot, newest_patch, series
from walkthrough.renew.place import Place

_MANIFEST, _LOCK = "Cargo.toml", "Cargo.lock"
_CRATE = re.compile(r'^name = "(?P<name>[^"]+)"\nversion = "(?P<version>[^"]+)"\nsource = ', re.MULTILINE)


class Cargo(Kind):
    """cargo takes the newest that fits; the manifest that it sees holds each crate in its series."""

    name = "cargo"
    together = True
    where = "`Cargo.lock` on pages"
    client = "`cargo update`"

    def pins(self, place: Place, beside: Sequence[Place]) -> Iterator[Pin]:
        """Yield the crates of a lock whose manifest is shown too."""
        if place.name == _LOCK and _manifest_of(place, beside):
            for found in _CRATE.finditer(place.text):
                yield Pin(found["name"], found["version"], (Spot(place, *found.span("version")),))

    def changes(self, place: Place, pins: Sequence[Pin], beside: Sequence[Place]) -> Iterator[Change]:
        """Yield one change of the lock."""
        manifest = _manifest_of(place, beside)
        assert manifest
        with tempfile.TemporaryDirectory(prefix="renew-") as name:
            folder = Path(name)
            (folder / "src").mkdir()
            (folder / "src/lib.rs").touch()
            (folder / _LOCK).write_text(place.text, encoding="utf-8")
            (folder / _MANIFEST).write_text(manifest.text + _held(pins), encoding="utf-8")
            ask("cargo", "update", "--quiet", folder=folder)
            (folder / _MANIFEST).write_text(manifest.text, encoding="utf-8")
            ask("cargo", "update", "--quiet", "--workspace", folder=folder)
            locked = (folder / _LOCK).read_text(encoding="utf-8")
        news = [(pin, new) for pin in pins if (new := newest_patch(pin.version, _versions(locked, pin.name)))]
        renewals = tuple(Renewal(p.name, p.version, new, place.path, p.spots[0].line) for p, new in news)
        if renewals:
            yield Change(self.name, renewals, tuple(place.rewritten(locked)))


def _versions(locked: str, name: str) -> list[str]:
    return [found["version"] for found in _CRATE.finditer(locked) if found["name"] == name]


def _held(pins: Sequence[Pin]) -> str:
    """Return dependencies, more for a manifest, by which every crate of the lock stays in its series."""
    return "".join(
        f'\n[dependencies.held-{number}]\npackage = "{pin.name}"\nversion = "~{version}"\ndefault-features = false\n'
        for number, pin in enumerate(pins)
        if series(version := pin.version.partition("+")[0])
    )


def _manifest_of(place: Place, beside: Sequence[Place]) -> Place | None:
    return next((one for one in beside if one.name == _MANIFEST and one.folder == place.folder), None)
