"""What comes of pages, one by one and in a run, and who is told of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol

from walkthrough.errors import Problem
from walkthrough.record.evidence import Record
from walkthrough.walk.outcome import Walked

Verdict = Literal["verified", "unchanged", "failed", "timed out", "aborted", "broken", "recorded", "skipped"]
"""*Broken*: the page cannot be walked as it is written. *Aborted*: something else than the page is wrong.

*Skipped*: it holds on other architectures only than those of the hosts.
"""


class Reporter(Protocol):
    """Who is told of progress."""

    def say(self, line: str) -> None:
        """Tell of something that happens once."""

    def step(self, page: str, number: int, total: int, title: str) -> None:
        """Tell that a page is at a step."""

    def done(self, result: PageResult) -> None:
        """Tell that a page is through."""


@dataclass(frozen=True)
class PageResult:
    """What came of one page: ``record`` is that of this walk, or the remembered one."""

    page: str
    verdict: Verdict
    record: Record | None = None
    walked: Walked | None = None
    problems: tuple[Problem, ...] = ()
    why: str = ""
    """Why it was skipped."""
    rewritten: tuple[str, ...] = ()
    """Committed files that this run brought up to date."""


@dataclass(frozen=True)
class Run:
    """What came of a run: a result for every page, in order, and the seconds it took."""

    results: tuple[PageResult, ...]
    seconds: float
    walked: int = 0

    @property
    def problems(self) -> list[Problem]:
        """Every problem of every page."""
        return [problem for result in self.results for problem in result.problems]

    @property
    def passed(self) -> bool:
        """Whether every page is true."""
        return not self.problems

    @property
    def status(self) -> int:
        """The exit status: 0 all is true, 1 something is not, 2 something could not be tried."""
        verdicts = {result.verdict for result in self.results}
        return 1 if verdicts & {"failed", "timed out", "broken"} else 2 if "aborted" in verdicts else 0
