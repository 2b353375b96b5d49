"""Sizes, durations and limits as people write them, and back.

Sizes are decimal (1 MB = 10⁶ bytes), as ``docker image ls`` prints them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

_SIZE_UNITS = {"B": 1, "kB": 10**3, "KB": 10**3, "MB": 10**6, "GB": 10**9}
_TIME_UNITS = {"ms": 0.001, "s": 1.0, "min": 60.0}
_OTHER_UNITS = (
    "KiB|MiB|GiB|bytes?|seconds?|minutes?|hours?|%|percent|times|×|packages?|files?|layers?|requests?|programs?"
    "|connections?|vulnerabilities|CVEs?|binaries"
)
FIGURE = re.compile(
    rf"(?<![\w.`=-])\d[\d.,]*[ \u00a0\u202f-]?(?:{'|'.join([*_SIZE_UNITS, *_TIME_UNITS])}|{_OTHER_UNITS})(?!\w)"
)
"""A size, a time, a share or a count as it stands in prose."""
_QUANTITY = re.compile(r"\s*(?P<sign><=|>=|≤|≥|<|>)?\s*(?P<number>\d+(?:\.\d+)?)\s*(?P<unit>[a-zA-Z]+)\s*")


@dataclass(frozen=True)
class Limit:
    """A bound on a quantity in bytes or seconds."""

    bound: float
    at_least: bool
    kind: Literal["size", "time"]

    def holds(self, measured: float) -> bool:
        """Return whether ``measured`` (bytes or seconds) keeps the bound, itself included."""
        return measured >= self.bound if self.at_least else measured <= self.bound

    def __str__(self) -> str:
        sign = "≥" if self.at_least else "≤"
        return f"{sign} {size_text(int(self.bound)) if self.kind == 'size' else time_text(self.bound)}"


def parse_limit(text: object, kind: Literal["size", "time"]) -> Limit:
    """Read a limit such as ``7.5 MB``, ``<= 7.5 MB``, ``>= 300 MB`` or ``1 s``; without a sign it is an upper one.

    Raises:
        ValueError: with what was wrong and how such a limit is written.
    """
    units = _SIZE_UNITS if kind == "size" else _TIME_UNITS
    found = _QUANTITY.fullmatch(str(text))
    if not found or found["unit"] not in units:
        raise ValueError(f"{text!r} is not a {kind}; write a number and one of {', '.join(units)}, such as '1 s'")
    sign = found["sign"] or "<="
    return Limit(float(found["number"]) * units[found["unit"]], sign in (">", ">=", "≥"), kind)


def size_text(size: int) -> str:
    """Return ``size`` bytes as people read it: three significant digits, decimal units."""
    for unit in ("GB", "MB", "kB"):
        if size >= _SIZE_UNITS[unit]:
            value = size / _SIZE_UNITS[unit]
            digits = 0 if value >= 100 else 1 if value >= 10 else 2
            return f"{value:.{digits}f} {unit}"
    return f"{size} B"


def time_text(seconds: float) -> str:
    """Return a duration in seconds as people read it."""
    if seconds >= 90:
        return f"{int(seconds // 60)} min {int(seconds % 60)} s"
    return f"{seconds:.1f} s" if seconds >= 10 else f"{seconds:.2f} s"
