"""Packages of a Node.js project: ``package.json`` with exact versions, and the lock that npm makes of it."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from walkthrough.renew.asking import ask
from walkthrough.renew.kind import Change, Kind, Pin, Renewal, Spot, newest_patch, series
from walkthrough.renew.kinds.npm import npm_versions
from walkthrough.renew.place import Place

_MANIFEST, _LOCK = "package.json", "package-lock.json"


class NpmLock(Kind):
    """What the project itself names is renewed; what that needs follows where it must."""

    name = "npm-lock"
    together = True
    where = "`package.json` and `package-lock.json` on pages"
    client = "`npm view`, `npm install --package-lock-only`"

    def pins(self, place: Place, beside: Sequence[Place]) -> Iterator[Pin]:
        """Yield the packages that a manifest names exactly."""
        if place.name != _MANIFEST or not _lock_of(place, beside):
            return
        try:
            manifest = json.loads(place.text)
        except ValueError:
            return
        for name, version in {**manifest.get("dependencies", {}), **manifest.get("devDependencies", {})}.items():
            said = f'"{name}": "{version}"'
            if series(version) and said in place.text:
                end = place.text.index(said) + len(said) - 1
                yield Pin(name, version, (Spot(place, end - len(version), end),))

    def changes(self, place: Place, pins: Sequence[Pin], beside: Sequence[Place]) -> Iterator[Change]:
        """Yield one change of the manifest and its lock."""
        news = [(pin, new) for pin in pins if (new := newest_patch(pin.version, npm_versions(pin.name)))]
        lock = _lock_of(place, beside)
        if not news or not lock:
            return
        text = place.text
        for pin, new in sorted(news, key=lambda one: one[0].spots[0].start, reverse=True):
            text = text[: pin.spots[0].start] + new + text[pin.spots[0].end :]
        with tempfile.TemporaryDirectory(prefix="renew-") as name:
            folder = Path(name)
            (folder / _MANIFEST).write_text(text, encoding="utf-8")
            (folder / _LOCK).write_text(lock.text, encoding="utf-8")
            ask("npm", "install", "--package-lock-only", "--ignore-scripts", "--no-audit", "--no-fund", folder=folder)
            locked = (folder / _LOCK).read_text(encoding="utf-8")
        renewals = tuple(Renewal(p.name, p.version, new, place.path, p.spots[0].line) for p, new in news)
        yield Change(self.name, renewals, (*place.rewritten(text), *lock.rewritten(locked)))


def _lock_of(place: Place, beside: Sequence[Place]) -> Place | None:
    return next((one for one in beside if one.name == _LOCK and one.folder == place.folder), None)
