"""An image as it is stored: layers, configuration, and every path of its final file system."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import PurePosixPath
from typing import Any, Literal, cast

from walkthrough.images.packages import Package

MOST_LINKS = 40
"""Links that Linux follows in one path before it gives up (path_resolution(7))."""
_LIBRARY = re.compile(r"\.so(\.[\d.]+)?$")


@dataclass(frozen=True)
class Layer:
    """One layer: ``size`` is the sum of its files, ``compressed`` its gzipped archive (None if not asked), in bytes."""

    digest: str
    size: int
    compressed: int | None
    created_by: str


Kind = Literal["file", "folder", "link", "same", "other"]
"""What stands at a path; ``same`` is a further name of a file (a hard link), ``other`` a device, a pipe or a socket."""


@dataclass(frozen=True)
class Entry:
    """What a layer says of one path: the bytes in it, its mode, its owner (user and group), where a link leads.

    ``packages`` are those that a scanner finds in it.
    """

    size: int
    kind: Kind = "file"
    mode: int = 0o644
    owner: tuple[int, int] = (0, 0)
    target: str = ""
    packages: tuple[Package, ...] = ()


@dataclass(frozen=True)
class Image:
    """An image as it is stored. ``entries`` has each absolute path of the final file system."""

    id: str
    layers: tuple[Layer, ...]
    config: dict[str, Any]
    entries: dict[str, Entry] = field(repr=False)

    @cached_property
    def paths(self) -> dict[str, int]:
        """The size in bytes of each absolute path of the final file system."""
        return {path: entry.size for path, entry in self.entries.items()}

    @property
    def programs(self) -> list[str]:
        """The paths of the files that can be executed, libraries aside."""
        return [
            path
            for path, entry in self.entries.items()
            if entry.kind == "file" and entry.mode & 0o111 and not _LIBRARY.search(path)
        ]

    def under(self, path: str) -> list[str]:
        """Return the paths at or below ``path``, whose folders may be links: in Debian, /bin leads to /usr/bin."""
        folder, rest, links = PurePosixPath("/"), list(PurePosixPath(path).parts[1:]), 0
        while rest:
            part = rest.pop(0)
            entry = self.entries.get(str(folder / part))
            if part == "..":
                folder = folder.parent
            elif entry and entry.target and rest and links < MOST_LINKS:
                folder = PurePosixPath("/") if entry.target.startswith("/") else folder
                rest = [*(step for step in entry.target.split("/") if step not in ("", ".")), *rest]
                links += 1
            else:
                folder /= part
        found = str(folder)
        return [known for known in self.entries if known == found or known.startswith(found.rstrip("/") + "/")]

    @cached_property
    def packages(self) -> list[Package]:
        """The packages that a scanner finds, sorted by ecosystem and name."""
        return sorted({package for entry in self.entries.values() for package in entry.packages})

    @property
    def size(self) -> int:
        """Uncompressed size in bytes: the files of all layers, also those that a later layer hides."""
        return sum(layer.size for layer in self.layers)

    @property
    def compressed(self) -> int | None:
        """What a pull downloads, in bytes: the gzipped layers and the configuration."""
        sizes = [layer.compressed for layer in self.layers]
        if any(size is None for size in sizes):
            return None
        return sum(cast("list[int]", sizes))

    def setting(self, name: str) -> Any:
        """Return a value of the image's run configuration (``User``, ``Cmd``, …), or None."""
        return self.config.get("config", {}).get(name)
