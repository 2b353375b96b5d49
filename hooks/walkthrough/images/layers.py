"""A layer, read from its archive: the sum of its files, its compressed size, its entries; and layers laid over."""

from __future__ import annotations

import gzip
import re
import tarfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import IO, Any, cast

from walkthrough.images.image import Entry
from walkthrough.images.packages import DATABASES

_GZIP_LEVEL = 6
"""Docker compresses the layers that it pushes at Go's default level, which is 6."""
BLOCK = 1 << 20
_LIBRARY = re.compile(r"\.so(\.[\d.]+)?$")
_WHITEOUT, _OPAQUE = ".wh.", ".wh..wh..opq"


@dataclass
class Blob:
    """A layer's archive as read: the sum of its files, its gzipped size, its entries in order."""

    size: int
    compressed: int | None
    entries: list[tuple[str, Entry]]


def read_layer(stream: Any, compress: bool) -> Blob:
    """Read a layer's archive from a stream, gzipped or not; with ``compress``, learn its compressed size too."""
    head = stream.read(2)
    source: Any = _Rest(head, stream)
    if head == b"\x1f\x8b":
        source = gzip.GzipFile(fileobj=source)
    meter = _Meter(source, zlib.compressobj(_GZIP_LEVEL, wbits=31) if compress else None)
    entries: list[tuple[str, Entry]] = []
    try:
        with tarfile.open(fileobj=cast("IO[bytes]", meter), mode="r|") as layer:
            entries += [(member.name, _entry(member, layer)) for member in layer]
    except tarfile.ReadError:
        return Blob(0, 0 if compress else None, [])
    meter.drain()
    return Blob(sum(entry.size for _, entry in entries), meter.finish(), entries)


def _entry(member: tarfile.TarInfo, layer: tarfile.TarFile) -> Entry:
    if not member.isfile():
        return Entry(0, target=member.linkname if member.issym() else "")
    path = str(_absolute(member.name))
    program = bool(member.mode & 0o111) and not _LIBRARY.search(path)
    content = layer.extractfile(member) if path in DATABASES else None
    return Entry(member.size, program, content.read() if content else b"")


def _absolute(name: str) -> PurePosixPath:
    """Return the path that a name in a layer's archive means."""
    return PurePosixPath("/", name.removeprefix("./"))


def lay_over(paths: dict[str, Entry], entries: list[tuple[str, Entry]]) -> None:
    """Apply one layer's entries to ``paths``, whiteouts first (OCI image specification, layer.md)."""
    for name, _ in entries:
        path = _absolute(name)
        if path.name == _OPAQUE:
            hidden = f"{path.parent}/".replace("//", "/")
        elif path.name.startswith(_WHITEOUT):
            gone = str(path.parent / path.name.removeprefix(_WHITEOUT))
            paths.pop(gone, None)
            hidden = gone + "/"
        else:
            continue
        for below in [known for known in paths if known.startswith(hidden)]:
            del paths[below]
    for name, entry in entries:
        path = _absolute(name)
        if not path.name.startswith(_WHITEOUT):
            paths[str(path)] = entry


class Stream:
    """A file-like view on an iterator of byte blocks."""

    def __init__(self, blocks: Iterator[bytes]) -> None:
        self._blocks, self._rest = blocks, b""

    def read(self, size: int) -> bytes:
        """Return the next ``size`` bytes, or what is left."""
        while len(self._rest) < size:
            block = next(self._blocks, None)
            if block is None:
                break
            self._rest += block
        part, self._rest = self._rest[:size], self._rest[size:]
        return part

    def close(self) -> None:
        """Read what is left, so that the connection behind it is given back."""
        for _ in self._blocks:
            pass


class Bytes(Stream):
    """A file-like view on bytes already read."""

    def __init__(self, content: bytes) -> None:
        super().__init__(iter([content]))


class _Rest:
    """A stream with its already read beginning put back."""

    def __init__(self, head: bytes, stream: Any) -> None:
        self._head, self._stream = head, stream

    def read(self, size: int = -1) -> bytes:
        if self._head:
            part, self._head = self._head[:size], self._head[size:]
            return part
        return cast("bytes", self._stream.read(size))


class _Meter:
    """Passes a stream through, gzipping a copy to count it."""

    def __init__(self, stream: Any, compressor: Any) -> None:
        self._stream, self._compressor, self._count = stream, compressor, 0

    def read(self, size: int) -> bytes:
        part = cast("bytes", self._stream.read(size))
        if self._compressor is not None:
            self._count += len(self._compressor.compress(part))
        return part

    def drain(self) -> None:
        """Read to the end: a tar reader stops at the final blocks, yet the padding is part of the layer."""
        while self.read(BLOCK):
            pass

    def finish(self) -> int | None:
        if self._compressor is None:
            return None
        return self._count + len(self._compressor.flush())
