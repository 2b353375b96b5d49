"""What came of pages, as a file from the program that walked them to the one that asked for it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from pydantic import TypeAdapter

from walkthrough.errors import Problem


@dataclass(frozen=True)
class PageTold:
    """What came of a page: its path, the verdict in a word, and what is wrong with it."""

    page: str
    verdict: str
    problems: tuple[Problem, ...] = ()

    @property
    def holds(self) -> bool:
        """Whether nothing on the page is untrue."""
        return self.verdict in ("verified", "unchanged", "skipped")

    @property
    def tried(self) -> bool:
        """Whether there is a verdict at all."""
        return self.verdict != "aborted"


_FORM = TypeAdapter(tuple[PageTold, ...])


def write_results(path: Path, told: Iterable[PageTold]) -> None:
    """Write what came of pages into a file."""
    path.write_bytes(_FORM.dump_json(tuple(told), indent=1))


def read_results(path: Path) -> tuple[PageTold, ...]:
    """Return what came of pages.

    Raises:
        FileNotFoundError: where nothing was written.
    """
    return _FORM.validate_json(path.read_bytes())
