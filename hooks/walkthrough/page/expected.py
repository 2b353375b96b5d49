"""Expected output: what a page shows after a command, with wildcards, against what was really printed.

Two wildcards exist. A line of its own ``...`` stands for any number of lines, none included. Inside a line the
mark ``…`` stands for any text, none included. White space at the end of lines does not count.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence

ANY_LINES = "..."
ANY_TEXT = "…"


def matches_line(expected: str, actual: str) -> bool:
    """Return whether one expected line, ``…`` marks included, agrees with one printed line."""
    if ANY_TEXT not in expected:
        return expected.rstrip() == actual.rstrip()
    pattern = ".*".join(re.escape(part) for part in expected.rstrip().split(ANY_TEXT))
    return re.fullmatch(pattern, actual.rstrip()) is not None


def _table(expected: Sequence[str], actual: Sequence[str]) -> list[list[bool]]:
    """``table[i][j]``: do ``expected[i:]`` and ``actual[j:]`` agree? Filled from the end, O(n·m)."""
    rows, columns = len(expected), len(actual)
    table = [[False] * (columns + 1) for _ in range(rows + 1)]
    table[rows][columns] = True
    for i in range(rows - 1, -1, -1):
        for j in range(columns, -1, -1):
            if expected[i].strip() == ANY_LINES:
                table[i][j] = table[i + 1][j] or (j < columns and table[i][j + 1])
            else:
                table[i][j] = j < columns and table[i + 1][j + 1] and matches_line(expected[i], actual[j])
    return table


def matches(expected: Sequence[str], actual: Sequence[str]) -> bool:
    """Return whether the printed lines ``actual`` are what ``expected`` promises."""
    return _table(expected, actual)[0][0]


def difference(expected: Sequence[str], actual: Sequence[str]) -> str:
    """Return a readable diff: ``-`` the page shows, ``+`` was printed; lines that agree by wildcard are kept."""
    shown = merge(expected, actual)
    lines = difflib.unified_diff(
        [line.rstrip() for line in expected], shown, "the page shows", "really printed", lineterm="", n=2
    )
    return "\n".join(list(lines)[:60])


def merge(expected: Sequence[str], actual: Sequence[str]) -> list[str]:
    """Return ``actual`` rewritten with the wildcards of ``expected`` wherever these still hold.

    This is what recording writes back: every line that still agrees keeps the author's form of it; a ``...``
    that stood between two kept neighbours stays if lines are left for it to stand for.
    """
    if matches(expected, actual):
        return [line.rstrip() for line in expected]
    rows, columns = len(expected), len(actual)
    # Longest common subsequence, where a line of the page and a printed one are "common" if they agree.
    best = [[0] * (columns + 1) for _ in range(rows + 1)]
    for i in range(rows - 1, -1, -1):
        for j in range(columns - 1, -1, -1):
            agree = expected[i].strip() != ANY_LINES and matches_line(expected[i], actual[j])
            best[i][j] = 1 + best[i + 1][j + 1] if agree else max(best[i + 1][j], best[i][j + 1])
    merged: list[str] = []
    i = j = 0
    swallowing = False
    while i < rows or j < columns:
        if i < rows and expected[i].strip() == ANY_LINES:
            swallowing = True
            if not merged or merged[-1] != expected[i].rstrip():
                merged.append(expected[i].rstrip())
            i += 1
        elif (
            i < rows and j < columns and matches_line(expected[i], actual[j]) and (best[i][j] == 1 + best[i + 1][j + 1])
        ):
            merged.append(expected[i].rstrip())
            swallowing = False
            i, j = i + 1, j + 1
        elif j < columns and (i == rows or best[i][j + 1] >= best[i + 1][j]):
            if not swallowing:
                merged.append(actual[j].rstrip())
            j += 1
        else:
            i += 1
    return merged
