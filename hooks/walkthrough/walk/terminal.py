"""What a terminal would have shown of a command's output: text by lines, without what only steers the terminal."""

from __future__ import annotations

import re

_STEERING = re.compile(
    r"\x1b\[(?P<arguments>[0-?]*)[ -/]*(?P<final>[@-~])"  # CSI: colours, moves of the cursor
    r"|\x1b[\]PX^_].*?(?:\x07|\x1b\\|\x9c|$)"  # OSC (titles, links) and other strings
    r"|\x1b[ -/]*[0-~]?"  # other escape sequences
    r"|[\x00-\x08\x0b-\x1f\x7f-\x9f]"
)
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_WIDTH = 240
"""Columns beyond which a cursor is not moved to the right of what is written: no terminal is wider."""


def screen_lines(output: str) -> list[str]:
    """Return the lines of ``output`` as the eye sees them in the end, without blank ones at the end.

    A carriage return and a backspace go back, what follows is written over what was there; colours, titles and other
    control characters are no text. Tabs stay, so that what a page shows can be copied.
    """
    lines = [_seen(line) if _CONTROL.search(line) else line for line in output.split("\n")]
    while lines and not lines[-1].strip():
        lines.pop()
    return lines


def _seen(line: str) -> str:
    """Return what stands in a line after everything in it was written."""
    written: list[str] = []
    column = 0
    at = 0
    for found in _STEERING.finditer(line):
        column = _write(written, column, line[at : found.start()])
        at = found.end()
        match found[0], found["final"]:
            case "\r", _:
                column = 0
            case "\b", _:
                column = max(0, column - 1)
            case _, "K" if found["arguments"] in ("", "0"):
                del written[column:]
            case _, "K" if found["arguments"] == "2":
                written.clear()
                column = min(column, _WIDTH)
            case _, "C" | "D" | "G" as move:
                number = int(found["arguments"][:9]) if found["arguments"].isdecimal() else 1
                target = number - 1 if move == "G" else column + (number if move == "C" else -number)
                column = max(0, min(target, max(len(written), _WIDTH)))
    _write(written, column, line[at:])
    return "".join(written)


def _write(written: list[str], column: int, text: str) -> int:
    """Write ``text`` over what stands at ``column``; return the column after it."""
    if text:
        written += " " * (column - len(written))
        written[column : column + len(text)] = text
    return column + len(text)
