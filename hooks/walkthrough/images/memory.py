"""What is known of layers, by their digest: a layer never changes, so it is read once."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import zlib
from dataclasses import astuple
from functools import cached_property
from pathlib import Path

from walkthrough.files import write_whole
from walkthrough.images.image import Entry
from walkthrough.images.layers import Blob
from walkthrough.images.packages import Package

_MOST_BYTES = 200_000_000
"""What the folder may hold; a layer of Debian's base image takes about 100 kB."""


class LayerMemory:
    """A folder with what was read of layers.

    Each layer is a file of its own that appears whole or not at all, so that runs at the same time do not disturb each
    other. A file that is cut off, damaged, or of another version of this room is as good as none. When the folder holds
    too much, what was not asked for the longest goes.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def recall(self, digest: str, compress: bool = False) -> Blob | None:
        """Return the layer of this digest (its diff id) if it is known, with its compressed size if that is wanted."""
        place = self._place(digest)
        try:
            packed = place.read_bytes()
            told, content = packed[:32], packed[32:]
            if hashlib.sha256(content).digest() != told:
                return None
            size, compressed, entries = json.loads(zlib.decompress(content))
            os.utime(place)
        except (OSError, ValueError, zlib.error):
            return None
        if compress and compressed is None:
            return None
        return Blob(digest, size, compressed, tuple((name, _entry(*values)) for name, *values in entries))

    def keep(self, blob: Blob) -> None:
        """Remember a layer. A folder that cannot be written to costs time, and no verdict."""
        entries = [(name, *astuple(entry)) for name, entry in blob.entries]
        content = zlib.compress(json.dumps((blob.size, blob.compressed, entries)).encode(), 1)
        with contextlib.suppress(OSError):
            write_whole(self._place(blob.digest), hashlib.sha256(content).digest() + content)
            self._forget()

    def _place(self, digest: str) -> Path:
        return self._folder / f"{self._version}-{digest.removeprefix('sha256:')}"

    @cached_property
    def _version(self) -> str:
        """The digest of the files of this room, as each has a say in what is remembered."""
        told = hashlib.sha256()
        for path in sorted(Path(__file__).parent.glob("*.py")):
            told.update(path.read_bytes())
        return told.hexdigest()[:12]

    def _forget(self) -> None:
        """Remove what was not asked for the longest, while the folder holds too much."""
        files = []
        for path in self._folder.iterdir():
            with contextlib.suppress(OSError):  # another run removed it
                seen = path.stat()
                files.append((seen.st_mtime_ns, seen.st_size, path))
        surplus = sum(size for _, size, _ in files) - _MOST_BYTES
        for _, size, path in sorted(files):
            if surplus <= 0:
                break
            with contextlib.suppress(OSError):
                path.unlink()
            surplus -= size


def _entry(size: int, kind: str, mode: int, owner: list[int], target: str, packages: list[list[str]]) -> Entry:
    return Entry(size, kind, mode, (owner[0], owner[1]), target, tuple(Package(*package) for package in packages))  # type: ignore[arg-type]
