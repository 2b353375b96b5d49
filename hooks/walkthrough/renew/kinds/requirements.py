"""Python packages with hashes: a requirements file as a whole, so that its packages go together."""
# ruff: noqa: ARG002 - all kinds are asked in one way

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from walkthrough.renew.asking import ask, uv
from walkthrough.renew.kind import Change, Kind, Pin, Renewal, Spot, newest_patch, series
from walkthrough.renew.place import Place

_BLOCK = re.compile(
    r"^(?P<name>[A-Za-z][\w.-]*)==(?P<version>[\w.]+)(?P<marker> ; [^\\\n]*?)?(?: \\)?\n"
    r"(?:[ \t]+--hash=\S+(?: \\)?\n)+",
    re.MULTILINE,
)
_LOWEST = "3.11.5"
"""The oldest Python that this project's own requirements are for; those of a page are for this one's."""


class Requirements(Kind):
    """The packages of a file are resolved together, each within its own series; those that stay keep their lines."""

    name = "requirements"
    together = True
    where = "`requirements.txt` with hashes: this project's (linters, site generator …) and pages'"
    client = "`uv pip compile --generate-hashes`"

    def pins(self, place: Place, beside: Sequence[Place]) -> Iterator[Pin]:
        """Yield the packages of a text of packages with hashes."""
        if place.name.endswith(".txt"):
            for found in _BLOCK.finditer(place.text):
                yield Pin(found["name"], found["version"], (Spot(place, *found.span("version")),))

    def changes(self, place: Place, pins: Sequence[Pin], beside: Sequence[Place]) -> Iterator[Change]:
        """Yield one change of the file."""
        blocks = {found["name"]: found for found in _BLOCK.finditer(place.text)}
        wanted = [
            f"{name}>={one['version']}"
            + (f",=={series(one['version'])}.*" if series(one["version"]) else f",=={one['version']}")
            + (one["marker"] or "")
            for name, one in blocks.items()
        ]
        with tempfile.TemporaryDirectory(prefix="renew-") as folder:
            source = Path(folder) / "requirements.in"
            source.write_text("\n".join(wanted) + "\n", encoding="utf-8")
            how = ["--universal"] if any(one["marker"] for one in blocks.values()) else []
            how += ["--python-version", _LOWEST] if place.path == "requirements.txt" else []
            told = ask(uv(), "pip", "compile", "--quiet", "--generate-hashes", "--no-annotate", "--no-header",
                       *how, str(source))  # fmt: skip
        new = {found["name"]: found for found in _BLOCK.finditer(told)}
        by_name = {pin.name: pin for pin in pins}
        newer = {
            name for name in new if name in blocks and newest_patch(blocks[name]["version"], [new[name]["version"]])
        }
        if not newer:
            return
        text = place.text[: min(one.start() for one in blocks.values())]
        for name in sorted(blocks.keys() | new.keys()):
            text += (new if name in newer or name not in blocks else blocks)[name][0]
        text += place.text[max(one.end() for one in blocks.values()) :]
        renewals = tuple(
            Renewal(name, pin.version, new[name]["version"], place.path, pin.spots[0].line)
            for name, pin in by_name.items()
            if name in newer
        )
        yield Change(self.name, renewals, tuple(place.rewritten(text)))
