"""Modules of a Go project: ``go.mod`` and the sums beside it."""
# ruff: noqa: ARG002 - all kinds are asked in one way

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from walkthrough.renew.asking import ask
from walkthrough.renew.kind import Change, Kind, Pin, Renewal, Spot, newest_patch, series
from walkthrough.renew.kinds.go_module import module_versions
from walkthrough.renew.place import Place

_REQUIRED = re.compile(r"^(?:require )?\s*(?P<name>[a-z][\w-]*\.[\w./-]+) (?P<version>v[\w.+-]+)$", re.MULTILINE)


class GoMod(Kind):
    """What the project itself requires is renewed; what that needs follows where it must."""

    name = "go-mod"
    together = True
    where = "`go.mod` and `go.sum`: of the tests' programs, and on pages"
    client = "`go list -m -versions`, `go get`"

    def pins(self, place: Place, beside: Sequence[Place]) -> Iterator[Pin]:
        """Yield what is required directly; a pre-release has no patches."""
        if place.name == "go.mod":
            for found in _REQUIRED.finditer(place.text):
                if series(found["version"]):
                    yield Pin(found["name"], found["version"], (Spot(place, *found.span("version")),))

    def changes(self, place: Place, pins: Sequence[Pin], beside: Sequence[Place]) -> Iterator[Change]:
        """Yield one change of both files."""
        news = [(pin, new) for pin in pins if (new := newest_patch(pin.version, module_versions(pin.name)))]
        if not news:
            return
        files = [one for one in beside if one.folder == place.folder and one.title]
        with tempfile.TemporaryDirectory(prefix="renew-") as name:
            folder = Path(name) / "project"
            self._lay(folder, place, files)
            ask("go", "get", *(f"{pin.name}@{new}" for pin, new in news), folder=folder)
            ask("go", "mod", "tidy", folder=folder)
            edits = [
                edit
                for one in files
                if one.name in ("go.mod", "go.sum")
                for edit in one.rewritten((folder / one.name).read_text(encoding="utf-8"))
            ]
        renewals = tuple(Renewal(p.name, p.version, new, place.path, p.spots[0].line) for p, new in news)
        yield Change(self.name, renewals, tuple(edits))

    @staticmethod
    def _lay(folder: Path, place: Place, files: Sequence[Place]) -> None:
        """Lay the project out: the sources beside the file, and the files as their places have them."""
        if Path(place.folder).is_dir():
            shutil.copytree(place.folder, folder)
        folder.mkdir(exist_ok=True)
        for one in files:
            (folder / one.name).write_text(one.text, encoding="utf-8")
