"""A layer's archive as a plain stream, whatever it is packed by: told by its first bytes, never by a name."""

from __future__ import annotations

import bz2
import gzip
import lzma
import sys
import zlib
from collections.abc import Callable, Iterator
from typing import IO, Any, cast

import requests

if sys.version_info >= (3, 14):
    from compression.zstd import ZstdError, ZstdFile
else:
    from backports.zstd import ZstdError, ZstdFile

HEAD = 512
"""Bytes of a stream that tell what it is; a tar archive's first header has as many."""
_USTAR = slice(257, 262)


class UnreadableError(Exception):
    """A layer's archive cannot be read whole; the words say why."""


def _gzip(stream: IO[bytes]) -> IO[bytes]:
    return cast("IO[bytes]", gzip.GzipFile(fileobj=stream))


_PACKED: dict[bytes, Callable[[IO[bytes]], Any]] = {
    b"\x1f\x8b": _gzip,
    b"\x28\xb5\x2f\xfd": ZstdFile,
    b"BZh": bz2.BZ2File,
    b"\xfd7zXZ\x00": lzma.LZMAFile,
}
"""What the engine itself can unpack, by the first bytes (RFC 1952, RFC 8878, bzip2, xz)."""
DAMAGE = (EOFError, OSError, ValueError, zlib.error, lzma.LZMAError, ZstdError)
"""What the readers of these formats raise where a stream is cut off or damaged."""


def unpacked(head: bytes, stream: Any) -> IO[bytes] | None:
    """Return a stream of the tar archive that begins with ``head`` and goes on in ``stream``, or None if it is none."""
    whole = cast("IO[bytes]", _Rest(head, stream))
    for magic, unpack in _PACKED.items():
        if head.startswith(magic):
            return cast("IO[bytes]", unpack(whole))
    return whole if head[_USTAR] == b"ustar" or (head and not head.strip(b"\0")) else None


def why(error: BaseException) -> str:
    """Return why an archive cannot be read, in one line.

    Raises:
        requests.RequestException: where it is the way to the engine that broke, not the archive.
    """
    if isinstance(error, requests.RequestException):
        raise error
    return " ".join(str(error).split()) or type(error).__name__


class Stream:
    """A file-like view on an iterator of byte blocks."""

    def __init__(self, blocks: Iterator[bytes]) -> None:
        self._blocks, self._rest = blocks, b""

    def read(self, size: int = -1) -> bytes:
        """Return the next ``size`` bytes, or what is left."""
        parts, known = [self._rest], len(self._rest)
        while size < 0 or known < size:
            block = next(self._blocks, None)
            if block is None:
                break
            parts.append(block)
            known += len(block)
        whole = b"".join(parts)
        if size < 0:
            size = len(whole)
        part, self._rest = whole[:size], whole[size:]
        return part

    def close(self) -> None:
        """Read what is left, so that the connection behind it is given back."""
        for _ in self._blocks:
            pass


class _Rest:
    """A stream with its already read beginning put back."""

    def __init__(self, head: bytes, stream: Any) -> None:
        self._head, self._stream = head, stream

    def read(self, size: int = -1) -> bytes:
        if self._head:
            part = self._head if size < 0 else self._head[:size]
            self._head = self._head[len(part) :]
            return part + (cast("bytes", self._stream.read()) if size < 0 else b"")
        return cast("bytes", self._stream.read(size))

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return False
