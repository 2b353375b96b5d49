"""Expected output: what a page shows after a command, with wildcards, against what was really printed.

Two wildcards exist. A line of its own ``...`` stands for any number of lines, none included. Inside a line the
mark ``…`` stands for any text, none included. White space at the end of lines does not count, nor do blank lines at the
end of an output.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Sequence

ANY_LINES = "..."
ANY_TEXT = "…"
_LONG_LINE = 500
"""Characters of a line that a difference shows."""


def matches_line(expected: str, actual: str) -> bool:
    """Return whether one expected line, ``…`` marks included, agrees with one printed line."""
    expected, actual = expected.rstrip(), actual.rstrip()
    if ANY_TEXT not in expected:
        return expected == actual
    first, *parts, last = expected.split(ANY_TEXT)
    at, end = len(first), len(actual) - len(last)
    if end < at or not actual.startswith(first) or not actual.endswith(last):
        return False
    # The leftmost place is as good as any: whatever fits behind a later one fits behind it, too.
    for part in parts:
        at = actual.find(part, at, end)
        if at < 0:
            return False
        at += len(part)
    return True


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
    return "\n".join(line[:_LONG_LINE] for line in list(lines)[:60])


def written(line: str) -> str:
    """Return a printed line as a page can show it: one that is no prompt and no wildcard for lines."""
    if line.startswith("$ "):
        return ANY_TEXT + line[1:].rstrip()
    return line.replace(ANY_LINES, f"{ANY_TEXT}..").rstrip() if line.strip() == ANY_LINES else line.rstrip()


def merge(
    expected: Sequence[str], actual: Sequence[str], form: Callable[[str], str] = lambda line: line.rstrip()
) -> list[str]:
    """Return ``actual`` rewritten with the wildcards of ``expected`` wherever these still hold.

    This is what recording writes back: every line that still agrees keeps the author's form of it; a ``...``
    that stood between two kept neighbours stays if lines are left for it to stand for. ``form`` is given each printed
    line that is taken.
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
    shown: list[str] = []
    printed: list[str] = []

    def gap() -> None:
        """Close a part where the two do not agree: its wildcard keeps as many lines beside it as the page had there."""
        marks = [at for at, line in enumerate(shown) if line.strip() == ANY_LINES]
        before, after = (marks[0], len(shown) - marks[-1] - 1) if marks else (0, 0)
        if marks and before + after <= len(printed):
            merged.extend(map(form, printed[:before]))
            merged.append(shown[marks[0]].rstrip())
            merged.extend(map(form, printed[len(printed) - after :]))
        else:
            merged.extend(map(form, printed))
        shown.clear()
        printed.clear()

    i = j = 0
    while i < rows or j < columns:
        agree = i < rows and j < columns and expected[i].strip() != ANY_LINES and matches_line(expected[i], actual[j])
        if agree and best[i][j] == 1 + best[i + 1][j + 1]:
            gap()
            merged.append(expected[i].rstrip())
            i, j = i + 1, j + 1
        elif j < columns and (i == rows or best[i][j + 1] >= best[i + 1][j]):
            printed.append(actual[j])
            j += 1
        else:
            shown.append(expected[i])
            i += 1
    gap()
    return merged
