"""Try the mutants of pages: walk each honestly, and change on the way what makes it false."""

from __future__ import annotations

import sys
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from walkthrough.doors.report import Progress
from walkthrough.doors.results import PageResult
from walkthrough.doors.verify import Options, verify
from walkthrough.mutate import texts
from walkthrough.mutate.blocks import Blocks
from walkthrough.mutate.mutant import Tried, Uncounted
from walkthrough.page.course import Course
from walkthrough.page.itinerary import content_digest
from walkthrough.publish.score import Entry, Score, score_path, write_score
from walkthrough.units import time_text


@dataclass(frozen=True)
class Scored:
    """The score of a page, and the seconds that its honest walk and its mutants took."""

    page: str
    score: Score
    seconds: float


class _Scoring(Progress):
    """Progress that scores each page when it is through: what is interrupted later has its scores all the same."""

    def __init__(self, course: Course) -> None:
        super().__init__()
        self._course = course
        self._blocks: dict[str, Blocks] = {}
        self.scored: list[Scored] = []

    def visitor(self, path: str) -> Blocks:
        """Return who tries the mutants of the page ``path``."""
        return self._blocks.setdefault(path, Blocks())

    def done(self, result: PageResult) -> None:
        """Score a page that holds, tell of its survivors, and keep the score."""
        super().done(result)
        if not result.walked or result.verdict != "verified":
            return
        course, itinerary = self._course, self._course.itineraries[result.page]
        results = [*self._blocks[result.page].results, *texts.files(course.project, itinerary)]
        score = score_of(content_digest(itinerary), results)
        self.scored.append(Scored(result.page, score, result.walked.seconds))
        for survivor in score.survivors:
            self.say(f"{result.page}:{survivor.line}: survives: {survivor.words}; {survivor.fate}")
        if write_score(course.project, itinerary.page, score, course.itineraries):
            self.say(f"brought up to date: {course.project.relative(score_path(course.project, itinerary.page))}")


def try_mutants(course: Course, pages: Sequence[str]) -> int:
    """Try the mutants of pages (all where none are named) and tell of them.

    Returns:
        the exit status: 0 all were killed, 1 there are survivors or a page is not true, 2 it could not be tried.
    """
    scoring = _Scoring(course)
    began = time.monotonic()
    # One page at a time: what is measured of a mutant is measured alone.
    run = verify(course, pages, scoring, Options(fresh=True, workers=1, visitor=scoring.visitor))
    for problem in run.problems:
        print(problem, file=sys.stderr)
    print(table(scoring.scored))
    survivors = sum(len(one.score.survivors) for one in scoring.scored)
    made = sum(one.score.total for one in scoring.scored)
    print(f"{made} mutants, {survivors} survive, {time_text(time.monotonic() - began)}")
    return run.status or (1 if survivors else 0)


def score_of(content: str, results: Sequence[Tried | Uncounted]) -> Score:
    """Return the score of a page of that content."""
    made = [result for result in results if isinstance(result, Tried)]
    return Score(
        content=content,
        made=dict(sorted(Counter(result.mutant.kind for result in made).items())),
        killed=_entries(Entry(line=one.mutant.line, words=one.mutant.words) for one in made if one.killed),
        survivors=_entries(
            Entry(line=one.mutant.line, words=one.mutant.words, fate=one.fate) for one in made if not one.killed
        ),
        uncounted=_entries(
            Entry(line=one.line, words=one.words, fate=one.why) for one in results if isinstance(one, Uncounted)
        ),
    )


def _entries(entries: object) -> list[Entry]:
    return sorted(entries, key=lambda entry: (entry.line, entry.words))  # type: ignore[call-overload, no-any-return]


def table(scored: Sequence[Scored]) -> str:
    """Return the table of scores: page, mutants made, killed, survivors, not counted, time."""
    rows = [("page", "made", "killed", "survivors", "not counted", "time")]
    rows += [
        (
            one.page,
            str(one.score.total),
            str(len(one.score.killed)),
            str(len(one.score.survivors)),
            str(len(one.score.uncounted)),
            time_text(one.seconds),
        )
        for one in scored
    ]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return "\n".join(
        "  ".join(
            cell.rjust(width) if at else cell.ljust(width)
            for at, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        for row in rows
    )
