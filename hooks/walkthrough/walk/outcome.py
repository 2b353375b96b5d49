"""What came of a walk: an outcome for each step of a page."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from walkthrough.claims.finding import Finding
from walkthrough.errors import Problem
from walkthrough.images.anatomy import Anatomy

Status = Literal["passed", "failed", "timed out", "aborted", "not run", "not reached"]
"""*Failed*: the page is wrong. *Timed out*: it does not end. *Aborted*: something else is wrong, so nobody knows."""
_WORST: tuple[Status, ...] = ("aborted", "timed out", "failed")


@dataclass(frozen=True)
class CommandOutcome:
    """One command as it ran: text, exit status, what it printed, seconds."""

    text: str
    exit_code: int
    output: tuple[str, ...]
    seconds: float


@dataclass(frozen=True)
class Outcome:
    """What came of one step. ``line`` is where it stands on the page now."""

    line: int
    title: str
    status: Status
    seconds: float = 0.0
    commands: tuple[CommandOutcome, ...] = ()
    findings: tuple[Finding, ...] = ()
    problems: tuple[Problem, ...] = ()
    stand_in: str | None = None
    """The stand-in that is part of the measured image, if one is."""
    anatomy: Anatomy | None = None
    """What the measured image is made of."""


@dataclass(frozen=True)
class Walked:
    """A walked page: an outcome for each of its steps, in order."""

    page: str
    outcomes: tuple[Outcome, ...]
    seconds: float
    engine: Mapping[str, str] = field(default_factory=dict)
    """Versions of the engine of the machine, where it had one from the beginning."""

    @property
    def status(self) -> Status:
        """What came of the page as a whole: the worst that came of a step."""
        seen = {outcome.status for outcome in self.outcomes}
        return next((status for status in _WORST if status in seen), "passed")

    @property
    def passed(self) -> bool:
        """Whether every step that is run did what the page says."""
        return self.status == "passed"

    @property
    def problems(self) -> list[Problem]:
        """Every problem, in page order."""
        return [problem for outcome in self.outcomes for problem in outcome.problems]
