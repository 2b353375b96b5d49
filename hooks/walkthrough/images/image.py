"""An image as it is stored: layers, configuration, and every path of its final file system."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from pathlib import PurePosixPath
from typing import Any, cast

from walkthrough.images.packages import DATABASES, count_packages

_MOST_LINKS = 40
"""Links that Linux follows in one path before it gives up (path_resolution(7))."""


@dataclass(frozen=True)
class Layer:
    """One layer: ``size`` is the sum of its files, ``compressed`` its gzipped archive (None if not asked), in bytes."""

    digest: str
    size: int
    compressed: int | None
    created_by: str


@dataclass(frozen=True)
class Entry:
    """What an archive says of one path.

    That is the bytes in it, whether it is a program, its content if packages are in it, and where a link leads.
    """

    size: int
    program: bool = False
    database: bytes = b""
    target: str = ""


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
        return [path for path, entry in self.entries.items() if entry.program]

    def under(self, path: str) -> list[str]:
        """Return the paths at or below ``path``, whose folders may be links: in Debian, /bin leads to /usr/bin."""
        folder, rest, links = PurePosixPath("/"), list(PurePosixPath(path).parts[1:]), 0
        while rest:
            part = rest.pop(0)
            entry = self.entries.get(str(folder / part))
            if part == "..":
                folder = folder.parent
            elif entry and entry.target and rest and links < _MOST_LINKS:
                target = PurePosixPath(entry.target)
                folder = PurePosixPath("/") if target.is_absolute() else folder
                rest = [*target.relative_to("/" if target.is_absolute() else "").parts, *rest]
                links += 1
            else:
                folder /= part
        found = str(folder)
        return [known for known in self.entries if known == found or known.startswith(found.rstrip("/") + "/")]

    @property
    def packages(self) -> int:
        """How many packages a scanner would find."""
        return count_packages(
            self.entries, {path: self.entries[path].database for path in DATABASES & self.entries.keys()}
        )

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
