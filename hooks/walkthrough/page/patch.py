"""Unified diffs, applied strictly: every context line must be there, or the hunk fails."""

from __future__ import annotations

import re

from walkthrough.errors import StepError

_HUNK = re.compile(r"@@ -(\d+)(?:,(\d+))? \+\d+(?:,\d+)? @@|@@\s*$|@@ ")


def apply_patch(original: str, patch: str, first_line: int) -> str:
    """Return ``original`` changed by ``patch``.

    ``first_line`` is the page's line of the patch's first line. File headers (``---``, ``+++``) are optional; a hunk
    without line numbers, or no hunk header at all, is looked for from where the last one ended.

    Raises:
        StepError: where a hunk does not apply, at the page's line of the hunk.
    """
    source = original.removesuffix("\n").split("\n") if original else []
    result: list[str] = []
    done = 0
    for line, numbered, body in _hunks(patch, first_line):
        before = [text[1:] for text in body if text[:1] in (" ", "-", "")]
        start = _find(source, before, done, numbered)
        if start is None:
            raise StepError(
                "the change does not apply: these lines are not in the file as it stands",
                "show the lines as the last step left them",
                "\n".join(before),
                line,
            )
        result += source[done:start]
        result += [text[1:] for text in body if text[:1] in (" ", "+", "")]
        done = start + len(before)
    result += source[done:]
    return "\n".join(result) + "\n"


def _hunks(patch: str, first_line: int) -> list[tuple[int, int | None, list[str]]]:
    """Return the hunks as (line of the page, first source line if given, body)."""
    hunks: list[tuple[int, int | None, list[str]]] = []
    lines = patch.removesuffix("\n").split("\n") if patch else []
    headed = [text[:4] for text in lines[:2]] == ["--- ", "+++ "]
    for number, text in enumerate(lines, first_line):
        if headed and number < first_line + 2:
            continue
        header = _HUNK.match(text)
        if header:
            # A hunk of no old lines stands after the line that it names (diff's unified format).
            hunks.append((number, int(header[1]) + (header[2] == "0") if header[1] else None, []))
            continue
        if text[:1] not in (" ", "+", "-", ""):
            raise StepError("a line of a diff begins with ' ', '+' or '-'", "mark the line", text, number)
        if not hunks:
            hunks.append((number, None, []))
        hunks[-1][2].append(text)
    if not hunks:
        raise StepError("the diff is empty", "show the lines that change", "", first_line)
    return hunks


def _find(source: list[str], before: list[str], done: int, numbered: int | None) -> int | None:
    """Return the only place at or after ``done`` where ``before`` stands, or the numbered one of several."""
    size = len(before)
    places = [at for at in range(done, len(source) - size + 1) if source[at : at + size] == before]
    if numbered is not None and numbered - 1 in places:
        return numbered - 1
    return places[0] if len(places) == 1 else None
