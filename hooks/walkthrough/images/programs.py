"""What is in programs: Go's build information, cargo-auditable's list of crates, and runtimes known by their words."""

from __future__ import annotations

import json
import re
import struct
import zlib
from collections.abc import Iterator

from walkthrough.images.elf import MAGIC, Elf
from walkthrough.images.package import UNREAD, Package

__all__ = ["MAGIC", "compiled"]

_GO = b"\xff Go buildinf:"
_GO_ALIGNED, _GO_HEADER = 16, 32
_INLINE, _BIG_ENDIAN = 2, 1
_AUDITABLE = b".dep-v0"
_MOST_AUDITABLE = 1 << 24
_RUNTIMES = (
    ("busybox", re.compile(r"/busybox$"), re.compile(rb"BusyBox v(\d[\d.]*)")),
    ("node", re.compile(r"/node$"), re.compile(rb"node\.js/v(\d[\d.]*)")),
    ("python", re.compile(r"/(python3[\d.]*|libpython3[\d.]*\.so[\d.]*)$"), re.compile(rb"\0(3\.\d+\.\d+)\0")),
)
"""Runtimes that are often copied without their package, and so found by scanners all the same: file and version."""


def compiled(path: str, content: bytes) -> Iterator[Package]:
    """Yield what a Go program is made of, with its standard library, an auditable Rust program, or a runtime."""
    try:
        elf = Elf(content)
        yield from _go(path, elf)
        yield from _rust(path, elf)
        for name, place, version in _RUNTIMES:
            if place.search(path) and (found := version.search(content)):
                yield Package("binary", name, found[1].decode(), path)
    except (ValueError, LookupError, TypeError, OverflowError, struct.error, zlib.error):
        if _GO in content or _AUDITABLE in content:
            yield Package(UNREAD, path.rpartition("/")[2], "", path)


def _go(path: str, elf: Elf) -> Iterator[Package]:
    """Read the linker's note of toolchain and modules (as debug/buildinfo of Go's standard library does)."""
    note = _go_note(elf)
    if note is None:
        return
    toolchain, modules = note
    found = [Package("go", "stdlib", toolchain, path)]
    told = modules.splitlines()
    if not any(line.startswith("mod\t") for line in told):  # built from files, or part of Go itself
        found += [Package("go", line.removeprefix("path\t"), "", path) for line in told if line.startswith("path\t")]
    for line in told:
        word, name, version = (*line.split("\t"), "", "")[:3]
        if word == "=>":  # the module that stands in for the one just named
            found.pop()
        if word in ("mod", "dep", "=>"):
            found.append(Package("go", name, version, path))
    yield from found


def _go_note(elf: Elf) -> tuple[str, str] | None:
    places = [elf.section(b".go.buildinfo")]
    for place in places if places[0] else elf.writable:
        at = place.find(_GO)
        while at >= 0 and at % _GO_ALIGNED:
            at = place.find(_GO, at + 1)
        if at < 0:
            continue
        size, flags = place[at + 14], place[at + 15]
        if flags & _INLINE:
            toolchain, end = _counted(place, at + _GO_HEADER)
            modules, _ = _counted(place, end)
        else:  # before Go 1.18: addresses of two strings, each an address and a length
            layout = (">" if flags & _BIG_ENDIAN else "<") + ("Q" if size == 8 else "I")
            texts = []
            for index in (0, 1):
                (header,) = struct.unpack_from(layout, place, at + 16 + index * size)
                start, length = struct.unpack(layout[0] + 2 * layout[1], elf.at(header, 2 * size))
                texts.append(elf.at(start, length))
            toolchain, modules = texts
        # The modules stand between two marks of 16 bytes.
        framed = len(modules) >= 33 and modules[-17:-16] == b"\n"
        return toolchain.decode(errors="replace"), (modules[16:-16] if framed else b"").decode(errors="replace")
    return None


def _counted(content: bytes, at: int) -> tuple[bytes, int]:
    """Return a text that begins with its length, seven bits a byte, and where it ends."""
    length = shift = 0
    while True:
        byte = content[at]
        length |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            return content[at : at + length], at + length


def _rust(path: str, elf: Elf) -> Iterator[Package]:
    """Read cargo-auditable's list of crates: JSON, compressed by zlib; those of the build alone are not in it."""
    section = elf.section(_AUDITABLE)
    if section:
        told = json.loads(zlib.decompressobj().decompress(section, _MOST_AUDITABLE))
        for crate in told["packages"]:
            if crate.get("kind", "runtime") == "runtime":
                yield Package("rust", crate["name"], crate["version"], path)
