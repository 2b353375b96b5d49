"""What an image is, read from its own archive: exact sizes, configuration, and every path in it.

All figures come from ``docker image save``, so they mean the same on every engine and image store.
"""

from __future__ import annotations

import contextlib
import gzip
import io
import json
import re
import tarfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import PurePosixPath
from typing import IO, Any, cast

import docker
import docker.errors

from walkthrough.errors import StepError
from walkthrough.packages import DATABASES, count_packages

_GZIP_LEVEL = 6
"""Docker compresses the layers that it pushes at Go's default level, which is 6."""
_BLOCK = 1 << 20
_LIBRARY = re.compile(r"\.so(\.[\d.]+)?$")
_WHITEOUT, _OPAQUE = ".wh.", ".wh..wh..opq"
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


def read_image(api: docker.DockerClient, name: str, compress: bool = False) -> Image:
    """Read the image ``name`` from the engine.

    Args:
        compress: also gzip each layer to learn what a pull downloads (a second per 30 MB).

    Raises:
        StepError: where there is no such image.
    """
    try:
        found = api.images.get(name)
        archive = _Stream(found.save(chunk_size=_BLOCK, named=False))
    except docker.errors.ImageNotFound:
        raise StepError(f"there is no image '{name}'", "does an earlier step on the page build it?") from None
    blobs: dict[str, _Blob] = {}
    documents: dict[str, Any] = {}
    with tarfile.open(fileobj=cast("IO[bytes]", archive), mode="r|") as outer:
        for member in outer:
            stream = outer.extractfile(member) if member.isfile() else None
            if stream is None:
                if member.issym() or member.islnk():
                    blobs[member.name] = blobs[_target(member)]
                continue
            if member.name.endswith(".json") or member.size < _BLOCK:
                content = stream.read()
                with contextlib.suppress(ValueError):
                    documents[member.name] = json.loads(content)
                    continue
                blobs[member.name] = _read_layer(_Bytes(content), compress)
            else:
                blobs[member.name] = _read_layer(stream, compress)
    archive.close()
    manifest = documents["manifest.json"][0]
    config = documents[manifest["Config"]]
    commands = [entry.get("created_by", "") for entry in config["history"] if not entry.get("empty_layer")]
    layers: list[Layer] = []
    final: dict[str, Entry] = {}
    for index, name_in_archive in enumerate(manifest["Layers"]):
        blob = blobs[name_in_archive]
        digest = config["rootfs"]["diff_ids"][index]
        layers.append(Layer(digest, blob.size, blob.compressed, commands[index] if index < len(commands) else ""))
        _lay_over(final, blob.entries)
    return Image(cast("str", found.id), tuple(layers), config, final)


def read_file(api: docker.DockerClient, name: str, path: str) -> bytes:
    """Return the content of a file of the image, without running anything.

    Raises:
        StepError: where there is no such file.
    """
    container = api.containers.create(name, ["-"])
    try:
        blocks, _ = container.get_archive(path)
        with tarfile.open(fileobj=io.BytesIO(b"".join(blocks))) as archive:
            stream = archive.extractfile(archive.next() or tarfile.TarInfo())
            return stream.read() if stream else b""
    except (docker.errors.NotFound, KeyError):
        raise StepError(f"there is no file '{path}' in '{name}'", "name a file that the image has") from None
    finally:
        container.remove()


@dataclass
class _Blob:
    """A layer's archive as read: the sum of its files, its gzipped size, its entries in order."""

    size: int
    compressed: int | None
    entries: list[tuple[str, Entry]]


def _read_layer(stream: Any, compress: bool) -> _Blob:
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
        return _Blob(0, 0 if compress else None, [])
    meter.drain()
    return _Blob(sum(entry.size for _, entry in entries), meter.finish(), entries)


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


def _lay_over(paths: dict[str, Entry], entries: list[tuple[str, Entry]]) -> None:
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


def _target(member: tarfile.TarInfo) -> str:
    """Return what a link in the archive points at (older engines link equal layers)."""
    parts: list[str] = []
    for part in (PurePosixPath(member.name).parent / member.linkname).parts:
        if part == "..":
            parts.pop()
        else:
            parts.append(part)
    return "/".join(parts)


class _Stream:
    """A file-like view on an iterator of byte blocks."""

    def __init__(self, blocks: Iterator[bytes]) -> None:
        self._blocks, self._rest = blocks, b""

    def read(self, size: int) -> bytes:
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


class _Bytes(_Stream):
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
        while self.read(_BLOCK):
            pass

    def finish(self) -> int | None:
        if self._compressor is None:
            return None
        return self._count + len(self._compressor.flush())
