"""What a Linux program needs to start: read from its ELF headers, as the kernel and the dynamic linker do."""

from __future__ import annotations

import struct

from walkthrough.errors import StepError

_LOAD, _DYNAMIC, _INTERPRETER = 1, 2, 3
_END, _NEEDED, _STRINGS = 0, 1, 5


def dynamic_needs(program: bytes) -> list[str]:
    """Return the interpreter and the libraries that a 64-bit little-endian program asks for; none if it is static.

    The layout is that of the System V ABI (elf(5)): program header types PT_LOAD, PT_DYNAMIC and PT_INTERP, dynamic
    tags DT_NEEDED and DT_STRTAB.

    Raises:
        StepError: where ``program`` is no such file.
    """
    if program[:6] != b"\x7fELF\x02\x01":
        raise StepError("the file is no 64-bit ELF program", "name the program itself, not a script")
    offset, size, count = *struct.unpack_from("<Q", program, 32), *struct.unpack_from("<HH", program, 54)
    headers = [struct.unpack_from("<IIQQQQQQ", program, offset + index * size) for index in range(count)]
    needs = [_text(program, start) for kind, _, start, *_ in headers if kind == _INTERPRETER]
    loads = [(start, address, length) for kind, _, start, address, _, length, *_ in headers if kind == _LOAD]
    for kind, _, start, _, _, length, *_ in headers:
        if kind != _DYNAMIC:
            continue
        entries = [struct.unpack_from("<qQ", program, at) for at in range(start, start + length, 16)]
        table = next((value for tag, value in entries if tag == _STRINGS), 0)
        strings = next((s + table - a for s, a, n in loads if a <= table < a + n), 0)
        for tag, value in entries:
            if tag == _END:
                break
            if tag == _NEEDED:
                needs.append(_text(program, strings + value))
    return needs


def _text(program: bytes, start: int) -> str:
    return program[start : program.index(b"\0", start)].decode()
