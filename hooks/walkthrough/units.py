"""Sizes, durations and limits as people write them, and back.

Sizes are decimal (1 MB = 10⁶ bytes), as ``docker image ls`` prints them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

_SIZE_UNITS: dict[str, float] = {"B": 1, "kB": 10**3, "KB": 10**3, "MB": 10**6, "GB": 10**9}
_TIME_UNITS: dict[str, float] = {"ms": 0.001, "s": 1.0, "min": 60.0}
_OTHER_UNITS = (
    "KiB|MiB|GiB|bytes?|seconds?|minutes?|hours?|%|percent|times|×|packages?|programs?|vulnerabilities|CVEs?|binaries"
)
FIGURE = re.compile(
    r"(?<![\w.`=-])\d[\d.,]*(?:&nbsp;|[\s\u00a0\u202f])*-?"
    rf"(?:{'|'.join([*_SIZE_UNITS, *_TIME_UNITS])}|{_OTHER_UNITS})(?!\w)"
)
"""A size, a time, a share, or a count of what only a measurement can count, as it stands in prose.

How many layers, files or requests there are, a reader counts on the page.
"""
_QUANTITY = re.compile(r"\s*(?P<sign><=|>=|≤|≥)?\s*(?P<number>\d+(?:\.\d+)?)\s*(?P<unit>[a-zA-Z]*)\s*")
Kind = Literal["size", "time", "count"]
_UNITS: dict[Kind, dict[str, float]] = {"size": _SIZE_UNITS, "time": _TIME_UNITS, "count": {"": 1}}
_EXAMPLES: dict[Kind, str] = {
    "size": f"write a number and one of {', '.join(_SIZE_UNITS)}, such as '7.5 MB'",
    "time": f"write a number and one of {', '.join(_TIME_UNITS)}, such as '1 s'",
    "count": "write a whole number alone, such as '>= 100'",
}


@dataclass(frozen=True)
class Limit:
    """A bound on a quantity in bytes or seconds, or on a count."""

    bound: float
    at_least: bool
    kind: Kind

    def holds(self, measured: float) -> bool:
        """Return whether ``measured`` (bytes, seconds or a count) keeps the bound, itself included."""
        return measured >= self.bound if self.at_least else measured <= self.bound

    @property
    def none(self) -> bool:
        """Whether nothing at all is allowed."""
        return self.bound == 0 and not self.at_least

    def __str__(self) -> str:
        sign = "≥" if self.at_least else "≤"
        return f"{sign} {quantity_text(self.bound, self.kind)}"


def quantity_text(quantity: float, kind: Kind) -> str:
    """Return a quantity in bytes or seconds, or a count, as people read it."""
    if kind == "count":
        return str(int(quantity))
    return size_text(int(quantity)) if kind == "size" else time_text(quantity)


def parse_limit(text: object, kind: Kind) -> Limit:
    """Read a limit such as ``7.5 MB``, ``<= 7.5 MB``, ``1 s`` or ``>= 100``; without a sign it is an upper one.

    Raises:
        ValueError: with what was wrong and how such a limit is written.
    """
    units = _UNITS[kind]
    found = _QUANTITY.fullmatch(str(text))
    if not found or found["unit"] not in units:
        raise ValueError(f"{text!r} is not a {kind}; {_EXAMPLES[kind]}")
    sign = found["sign"] or "<="
    return Limit(float(found["number"]) * units[found["unit"]], sign in (">=", "≥"), kind)


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
