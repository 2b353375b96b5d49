"""The score of a page's mutants, as it is committed beside its lab: how many were made, and who survived."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from walkthrough.page.itinerary import Itinerary, content_digest
from walkthrough.page.pages import Page
from walkthrough.project import Project

FILE = "mutants.json"


class Entry(BaseModel):
    """A mutant, or something of which none can be tried: its line when that was told, words, and what came of it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    line: int
    words: str
    fate: str = ""


class Score(BaseModel):
    """What came of the mutants of one page. ``content`` is the digest of all that was executable in it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    content: str
    made: dict[str, int]
    """How many there were of each kind."""
    killed: list[Entry]
    survivors: list[Entry]
    uncounted: list[Entry]

    @property
    def total(self) -> int:
        """How many mutants were made."""
        return sum(self.made.values())


def score_path(project: Project, page: Page) -> Path:
    """Return where the scores of a page's lab are committed."""
    return project.labs / str(page.lab) / "evidence" / FILE


def read_scores(path: Path) -> dict[str, Score]:
    """Return the scores in a file by page; those that cannot be read are left out, as if they had never been."""
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
        return {page: Score.model_validate(score) for page, score in told.items()}
    except (OSError, ValueError, AttributeError, ValidationError):
        return {}


def current_score(project: Project, itinerary: Itinerary) -> tuple[Score | None, bool]:
    """Return a page's score, if it has one, and whether that is of the page as it is now."""
    score = read_scores(score_path(project, itinerary.page)).get(itinerary.page.path)
    return score, score is not None and score.content == content_digest(itinerary)


def write_score(project: Project, page: Page, score: Score, pages: Iterable[str]) -> bool:
    """Put a page's score beside those of the other ``pages`` of its lab; return whether it said something new."""
    path = score_path(project, page)
    known = read_scores(path)
    scores = {name: told for name, told in {**known, page.path: score}.items() if name in {*pages, page.path}}
    if scores == known:
        return False
    path.parent.mkdir(parents=True, exist_ok=True)
    told = {name: scores[name].model_dump() for name in sorted(scores)}
    path.write_text(json.dumps(told, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return True
