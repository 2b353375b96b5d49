"""A layer, read whole from its archive: what it is known by, the sum of its files, its packed size, its entries."""

from __future__ import annotations

import hashlib
import queue
import tarfile
import threading
import zlib
from dataclasses import dataclass
from typing import IO, cast

from walkthrough.images.image import Entry, Kind
from walkthrough.images.packages import Package, found_in
from walkthrough.images.unpack import DAMAGE, UnreadableError, why

_GZIP_LEVEL = 6
"""Docker compresses the layers that it pushes at Go's default level, which is 6."""
BLOCK = 1 << 20
_AHEAD = 8
"""Blocks that may wait to be compressed, while the archive is read on."""
_KINDS: tuple[tuple[bytes, Kind], ...] = (
    (tarfile.DIRTYPE, "folder"),
    (tarfile.SYMTYPE, "link"),
    (tarfile.LNKTYPE, "same"),
)


@dataclass(frozen=True)
class Blob:
    """A layer as read.

    ``digest`` is that of its archive, unpacked (the *diff id*); ``size`` the sum of its files, a file with several
    names counted once; ``compressed`` what the archive has at gzip level 6, or None where nobody asked; all in bytes.
    """

    digest: str
    size: int
    compressed: int | None
    entries: tuple[tuple[str, Entry], ...]


def read_layer(archive: IO[bytes], compress: bool) -> Blob:
    """Read a layer's archive, unpacked, from its first byte to its last; with ``compress``, learn its packed size too.

    Raises:
        UnreadableError: where it is cut off or damaged.
    """
    meter = _Meter(archive, compress)
    try:
        with tarfile.open(fileobj=cast("IO[bytes]", meter), mode="r|", tarinfo=_Member) as layer:
            entries = tuple((member.name, _entry(member, layer)) for member in layer)
        meter.drain()
    except (tarfile.TarError, *DAMAGE) as error:
        raise UnreadableError(why(error)) from error
    finally:
        compressed = meter.finish()
    return Blob(meter.digest, sum(entry.size for _, entry in entries), compressed, entries)


class _Member(tarfile.TarInfo):
    """A member of an archive. A damaged header is no end of the archive, for which the library takes it."""

    @classmethod
    def fromtarfile(cls, tarfile_: tarfile.TarFile) -> _Member:
        try:
            return super().fromtarfile(tarfile_)
        except tarfile.HeaderError as error:
            if type(error).__name__ in ("EOFHeaderError", "EmptyHeaderError"):
                raise
            raise tarfile.ReadError(f"a member is damaged: {error}") from None


def _entry(member: tarfile.TarInfo, layer: tarfile.TarFile) -> Entry:
    kind: Kind = "file" if member.isreg() else next((name for mark, name in _KINDS if member.type == mark), "other")
    packages: tuple[Package, ...] = ()
    content = layer.extractfile(member) if kind == "file" and member.size else None
    if content:
        packages = found_in(f"/{member.name.removeprefix('./').lstrip('/')}", member.size, content)
    return Entry(
        size=member.size if kind == "file" else 0,
        kind=kind,
        mode=member.mode & 0o7777,
        owner=(member.uid, member.gid),
        target=member.linkname if kind in ("link", "same") else "",
        packages=packages,
    )


class _Meter:
    """Passes an archive on; meanwhile it learns its digest and, in a thread of its own, its compressed size."""

    def __init__(self, stream: IO[bytes], compress: bool) -> None:
        self._stream, self._told = stream, hashlib.sha256()
        self._waiting: queue.Queue[bytes | None] = queue.Queue(_AHEAD)
        self._count = 0
        self._thread = threading.Thread(target=self._compress, daemon=True) if compress else None
        if self._thread:
            self._thread.start()

    @property
    def digest(self) -> str:
        return f"sha256:{self._told.hexdigest()}"

    def read(self, size: int) -> bytes:
        part = self._stream.read(size)
        self._told.update(part)
        if self._thread and part:
            self._waiting.put(part)
        return part

    def drain(self) -> None:
        """Read to the end: a tar reader stops at the final blocks, yet the padding is part of the layer."""
        while self.read(BLOCK):
            pass

    def finish(self) -> int | None:
        """Wait for the compressed size and return it."""
        if self._thread is None:
            return None
        self._waiting.put(None)
        self._thread.join()
        return self._count

    def _compress(self) -> None:
        compressor = zlib.compressobj(_GZIP_LEVEL, wbits=31)
        while (part := self._waiting.get()) is not None:
            self._count += len(compressor.compress(part))
        self._count += len(compressor.flush())
