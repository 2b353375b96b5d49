"""A mutant: a change that makes a page false, the line that must be blamed for it, and what came of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Kind = Literal["claim", "image", "build", "file", "command", "output"]
"""What is changed: what the page claims, the image or the build that it claims it of, or another of its texts."""


@dataclass(frozen=True)
class Mutant:
    """A change in ``words``; any line from ``line`` to ``last`` is the right one to blame."""

    kind: Kind
    line: int
    words: str
    last: int = 0

    def is_at(self, line: int) -> bool:
        """Return whether ``line`` is to blame."""
        return self.line <= line <= max(self.line, self.last)


@dataclass(frozen=True)
class Tried:
    """A mutant, the lines that were blamed for it, and what was said of them. It is killed at the right line only."""

    mutant: Mutant
    blamed: tuple[int, ...]
    said: str = ""

    @property
    def killed(self) -> bool:
        """Whether the right line was blamed."""
        return any(self.mutant.is_at(line) for line in self.blamed)

    @property
    def fate(self) -> str:
        """What came of one that survives, in words."""
        if not self.blamed:
            return self.said or "nothing is said of it"
        return f"line {', '.join(map(str, self.blamed))} is blamed instead: {self.said}"


@dataclass(frozen=True)
class Uncounted:
    """Something of a page of which no change can be tried here, and why."""

    line: int
    words: str
    why: str
