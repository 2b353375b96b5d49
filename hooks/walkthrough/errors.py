"""Errors in the words of the person who reads them: where, what, what to do."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, order=True)
class Location:
    """A line of a file: ``path`` is relative to the project (posix), ``line`` counts from 1."""

    path: str
    line: int

    def __str__(self) -> str:
        return f"{self.path}:{self.line}"


@dataclass(frozen=True, order=True)
class Problem:
    """Something wrong at a place, and what the author can do about it.

    ``detail`` holds further lines (a diff, the end of a log); it may be empty. ``aborted`` says that it is no fault of
    what stands there: something else kept it from being tried.
    """

    where: Location
    what: str
    todo: str = ""
    detail: str = ""
    aborted: bool = False

    @property
    def told(self) -> str:
        """What is wrong, in words."""
        return f"aborted: {self.what}" if self.aborted else self.what

    def __str__(self) -> str:
        head = f"{self.where}: {self.told}" + (f"; {self.todo}" if self.todo else "")
        if not self.detail:
            return head
        return head + "\n" + "\n".join("    " + line for line in self.detail.splitlines())


class WalkthroughError(Exception):
    """Base of every error that this package raises on purpose."""


class PageError(WalkthroughError):
    """A page cannot be walked as it is written. Holds every problem found, in page order."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = sorted(problems)
        super().__init__("\n".join(map(str, self.problems)))


class StepError(WalkthroughError):
    """A step did not do what its page says. ``line`` is a line of that page, if narrower than the step."""

    def __init__(self, what: str, todo: str = "", detail: str = "", line: int | None = None) -> None:
        super().__init__(what)
        self.what, self.todo, self.detail, self.line = what, todo, detail, line


class TimedOutError(StepError):
    """A step did not end within the time that its page gives it."""


class AbortedError(WalkthroughError):
    """Something else than the page is wrong: the engine, the disk, this tool. Says in one sentence what to do.

    It is no verdict on a page, and costs no other page its own.
    """

    def __init__(self, what: str, todo: str = "") -> None:
        super().__init__(f"{what}; {todo}" if todo else what)
        self.what, self.todo = what, todo


class EngineMissingError(WalkthroughError):
    """No Docker engine answers and none can be started here. Says in one sentence how to get one."""


class BaseImageError(WalkthroughError):
    """A base image can neither be found, nor pulled, nor rebuilt, or a stand-in disagrees with its table."""


class NoSuchImageError(BaseImageError):
    """A registry that answers has no image of that name: the page names one that there is not."""
