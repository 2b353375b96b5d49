"""A finding: one claim, what was measured for it, and whether that bears it out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from walkthrough.units import Kind, Limit, quantity_text

Unit = Literal["bytes", "seconds", "count", "text"]
_UNITS: dict[Kind, Unit] = {"size": "bytes", "time": "seconds", "count": "count"}
_KINDS = {unit: kind for kind, unit in _UNITS.items()}


@dataclass(frozen=True)
class Finding:
    """One claim and what was measured for it.

    ``key`` is the path of the claim in its block (``stops.0``); ``measured`` is the exact value (bytes, seconds,
    a count, text) and ``unit`` says which; ``hint`` helps where the claim failed.
    """

    key: str
    claim: str
    measured: int | float | str | None
    unit: Unit
    ok: bool
    hint: str = ""

    @property
    def kind(self) -> str:
        """The name of the claim, without the place in its list."""
        return self.key.partition(".")[0]

    @property
    def late(self) -> bool:
        """Whether a time is over its limit, or was waited for in vain."""
        return self.unit == "seconds" and not self.ok

    def measured_text(self) -> str:
        """Return the measured value as people read it."""
        if isinstance(self.measured, (int, float)) and self.unit != "text":
            return quantity_text(self.measured, _KINDS[self.unit])
        return "not measured" if self.measured is None else str(self.measured)


def judged(key: str, words: str, limit: Limit, measured: float | None, hint: str = "") -> Finding:
    """Judge a measured quantity by its limit; None means that it never came about.

    ``words`` and the limit together are the claim.
    """
    ok = measured is not None and limit.holds(measured)
    exact = measured if measured is None or limit.kind == "time" else int(measured)
    return Finding(key, f"{words} {limit}", exact, _UNITS[limit.kind], ok, "" if ok else hint)


def told(key: str, claim: str, measured: str, ok: bool, hint: str = "") -> Finding:
    """Judge something that is told in words."""
    return Finding(key, claim, measured, "text", ok, "" if ok else hint)
