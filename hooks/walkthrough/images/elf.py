"""What a Linux program says of itself: read from its ELF headers, as the kernel and the dynamic linker do."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from functools import cached_property

from walkthrough.errors import StepError

MAGIC = b"\x7fELF"
_LOAD, _DYNAMIC, _INTERPRETER = 1, 2, 3
_END, _NEEDED, _STRINGS = 0, 1, 5
_WRITABLE = 2
_ORDERS = {1: "<", 2: ">"}


@dataclass(frozen=True)
class Part:
    """A part of the file: its kind, its flags, the address in memory that it is loaded to, where it is, its length."""

    kind: int
    flags: int
    address: int
    offset: int
    length: int
    name: int = 0


class Elf:
    """A program, of 32 or 64 bits, of either byte order (System V ABI; elf(5)).

    Raises:
        ValueError: where the file is no ELF program.
    """

    def __init__(self, content: bytes) -> None:
        if content[:4] != MAGIC or len(content) < 52 or content[4] not in (1, 2) or content[5] not in _ORDERS:
            raise ValueError("the file is no ELF program")
        self.content, self.wide, self.order = content, content[4] == 2, _ORDERS[content[5]]

    def unpack(self, layout: str, at: int) -> tuple[int, ...]:
        """Return numbers at a place; ``N`` in the layout stands for an address."""
        return struct.unpack_from(self.order + layout.replace("N", "Q" if self.wide else "I"), self.content, at)

    @cached_property
    def segments(self) -> list[Part]:
        """What is loaded to run it.

        Raises:
            struct.error: where the file is cut off.
        """
        (start,) = self.unpack("N", 32 if self.wide else 28)
        size, count = self.unpack("HH", 54 if self.wide else 42)
        found = []
        for at in range(start, start + size * count, size or 1):
            if self.wide:
                kind, flags, offset, address, _, length = self.unpack("IIQQQQ", at)
            else:
                kind, offset, address, _, length, _, flags = self.unpack("IIIIIII", at)
            found.append(Part(kind, flags, address, offset, length))
        return found

    def section(self, name: bytes) -> bytes:
        """Return the content of a section, empty where there is none, or where the table of sections is no table."""
        try:
            (start,) = self.unpack("N", 40 if self.wide else 32)
            size, count, names = self.unpack("HHH", 58 if self.wide else 46)
            if not start or not size:
                return b""
            table = [self._section(start + index * size) for index in range(count)]
            text = table[names]
            for part in table:
                at = text.offset + part.name
                if self.content.startswith(name + b"\0", at):
                    return self.content[part.offset : part.offset + part.length]
        except (struct.error, IndexError, OverflowError):
            pass
        return b""

    def _section(self, at: int) -> Part:
        name, kind, flags, address, offset, length = self.unpack("IINNNN", at)
        return Part(kind, flags, address, offset, length, name)

    @property
    def writable(self) -> list[bytes]:
        """The contents of the segments that the program may write to: its data."""
        loaded = [part for part in self.segments if part.kind == _LOAD and part.flags & _WRITABLE]
        return [self.content[part.offset : part.offset + part.length] for part in loaded]

    def at(self, address: int, length: int) -> bytes:
        """Return what is loaded to an address."""
        for part in self.segments:
            if part.kind == _LOAD and part.address <= address < part.address + part.length:
                start = part.offset + address - part.address
                return self.content[start : start + length]
        return b""


def dynamic_needs(program: bytes) -> list[str]:
    """Return the interpreter and the libraries that a program asks for; none if it is static.

    Raises:
        StepError: where ``program`` is no such file.
    """
    try:
        return _needs(Elf(program))
    except (ValueError, struct.error, OverflowError):
        what = "the file is no ELF program, or a damaged one"
        raise StepError(what, "name the program itself, not a script") from None


def _needs(elf: Elf) -> list[str]:
    if not any(part.kind == _LOAD for part in elf.segments):
        raise ValueError("nothing of it is loaded: it is no program, but a part of one")
    needs = [_text(elf.content, part.offset) for part in elf.segments if part.kind == _INTERPRETER]
    step = 16 if elf.wide else 8
    for part in elf.segments:
        if part.kind != _DYNAMIC:
            continue
        entries = [elf.unpack("NN", at) for at in range(part.offset, part.offset + part.length, step)]
        table = next((value for tag, value in entries if tag == _STRINGS), 0)
        for tag, value in entries:
            if tag == _END:
                break
            if tag == _NEEDED:
                needs.append(_text(elf.at(table + value, 4096), 0))
    return needs


def _text(content: bytes, start: int) -> str:
    return content[start : content.index(b"\0", start)].decode(errors="replace")
