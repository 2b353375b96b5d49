"""Python packages that a command installs by name and version."""
# ruff: noqa: ARG002 - all kinds are asked in one way

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from walkthrough.renew.asking import ask, uv
from walkthrough.renew.kind import Kind, Pin, Spot, newest_patch, series
from walkthrough.renew.place import Place

_PACKAGE = re.compile(r"(?<![\w.-])(?P<name>[A-Za-z][\w.-]*)==(?P<version>\d[\w.]*)(?! *(?:;[^\n]*)?\\\n\s*--hash)")
_INSTALLS = re.compile(r"\bpip[\d.]* (?:\\\n|[^\n])*?install\b")


class Pip(Kind):
    """A version without hashes, in a command of pip."""

    name = "pip"
    where = "`package==1.2.3` in a `pip install`: pages, the recipe of `node`"
    client = "`uv pip compile --no-deps`"

    def pins(self, place: Place, beside: Sequence[Place]) -> Iterator[Pin]:
        """Yield packages of texts that install some."""
        if _INSTALLS.search(place.text):
            for found in _PACKAGE.finditer(place.text):
                if series(found["version"]):
                    yield Pin(found["name"], found["version"], (Spot(place, *found.span("version")),))

    def newest(self, pin: Pin) -> str | None:
        """Return the newest patch."""
        with tempfile.TemporaryDirectory(prefix="renew-") as folder:
            wanted = Path(folder) / "wanted.in"
            wanted.write_text(f"{pin.name}>={pin.version},=={series(pin.version)}.*\n", encoding="utf-8")
            told = ask(uv(), "pip", "compile", "--quiet", "--no-deps", "--no-annotate", "--no-header", str(wanted))
        return newest_patch(pin.version, re.findall(r"==(\S+)", told))
