"""Tell people how a run goes: live lines on a terminal, quiet ones elsewhere, and a table in the end."""

from __future__ import annotations

import os
import sys
import textwrap
import threading
import time
from typing import TextIO

from walkthrough.doors.results import PageResult, Run, Verdict
from walkthrough.errors import Problem
from walkthrough.units import time_text

_VERDICTS: dict[Verdict, str] = {
    "verified": "verified",
    "unchanged": "unchanged",
    "failed": "FAILED",
    "timed out": "TIMED OUT",
    "aborted": "ABORTED",
    "broken": "BROKEN",
    "recorded": "recorded",
    "skipped": "skipped",
}


class Progress:
    """Progress on ``stream`` (default stderr): a line that is redrawn on a terminal, elsewhere one line a page."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream or sys.stderr
        self._live = self._stream.isatty() and not os.environ.get("CI")
        self._started = time.monotonic()
        self._at: dict[str, str] = {}
        self._lock = threading.Lock()

    def say(self, line: str) -> None:
        """Tell of something that happens once."""
        with self._lock:
            self._clear()
            print(f"[{self._elapsed()}] {line}", file=self._stream, flush=True)

    def step(self, page: str, number: int, total: int, title: str) -> None:
        """Tell that a page is at a step."""
        with self._lock:
            if number == 1 and not self._live:
                print(f"[{self._elapsed()}] {page}: walking {total} steps", file=self._stream, flush=True)
            self._at[page] = f"{page.rpartition('/')[2]} {number}/{total} {title}"
            if self._live:
                self._clear()
                line = f"[{self._elapsed()}] " + " | ".join(self._at.values())
                print(line[: _width() - 1], end="", file=self._stream, flush=True)

    def done(self, result: PageResult) -> None:
        """Tell that a page is through."""
        with self._lock:
            self._at.pop(result.page, None)
            self._clear()
            if result.verdict != "unchanged":
                print(f"[{self._elapsed()}] {result.page}: {_VERDICTS[result.verdict]}", file=self._stream, flush=True)
            for problem in result.problems[:1]:  # the end of the run, which tells all, may be far away
                print(textwrap.indent(str(problem), "  "), file=self._stream, flush=True)

    def _clear(self) -> None:
        if self._live:
            print("\r\033[K", end="", file=self._stream)

    def _elapsed(self) -> str:
        return f"{time.monotonic() - self._started:6.1f} s"


def _width() -> int:
    try:
        return os.get_terminal_size(sys.stderr.fileno()).columns
    except OSError:
        return 80


def account(run: Run) -> str:
    """Return what is told of a run in the end: its table, the files that it brought up to date, its last words."""
    rewritten = [f"brought up to date: {path}" for result in run.results for path in result.rewritten]
    return "\n".join([table(run), *rewritten, summary(run)])


def table(run: Run) -> str:
    """Return the run's table: page, files, commands, claims, coverage, time, verdict."""
    head = ("page", "files", "commands", "claims", "coverage", "time", "verdict")
    rows = [head]
    for result in run.results:
        record = result.record
        if record is None:
            rows.append((result.page, "-", "-", "-", "-", "-", _VERDICTS[result.verdict]))
            continue
        count = record.coverage
        rows.append(
            (
                result.page,
                f"{count.files_verified}/{count.files}",
                f"{count.commands_verified}/{count.commands}",
                f"{count.claims_verified}/{count.claims}",
                f"{count.percent:.0f} %",
                time_text(record.seconds),
                _VERDICTS[result.verdict],
            )
        )
    widths = [max(len(row[column]) for row in rows) for column in range(len(head))]

    def line(row: tuple[str, ...]) -> str:
        cells = [
            cell.ljust(width) if i in (0, 6) else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        return "  ".join(cells).rstrip()

    return "\n".join([line(rows[0]), "  ".join("-" * width for width in widths), *map(line, rows[1:])])


def summary(run: Run) -> str:
    """Return the run's last words."""
    bad = sum(result.verdict in ("failed", "timed out", "broken") for result in run.results)
    untried = sum(result.verdict == "aborted" for result in run.results)
    same = sum(result.verdict == "unchanged" for result in run.results)
    if bad or untried:
        told = [f"{bad} of {len(run.results)} pages do not hold"] if bad else []
        told += [f"{untried} of {len(run.results)} pages could not be walked"] if untried else []
        return f"{'; '.join(told)} ({time_text(run.seconds)})"
    rewritten = sum(result.verdict == "recorded" for result in run.results)
    if rewritten:
        return f"{rewritten} of {len(run.results)} pages show other outputs now: verify them ({time_text(run.seconds)})"
    skipped = sum(result.verdict == "skipped" for result in run.results)
    if same == len(run.results):
        return f"nothing changed: all {same} pages were verified before, nothing was walked ({time_text(run.seconds)})"
    held = len(run.results) - skipped
    hold = "1 page holds" if held == 1 else f"{held} pages hold"
    left = f", {skipped} skipped" if skipped else ""
    return f"{hold}; {run.walked} walked, {same} unchanged{left} ({time_text(run.seconds)})"


def annotation(problem: Problem) -> str | None:
    """Return a problem as GitHub's workflow command, which shows it at its line; None outside of GitHub Actions."""
    if os.environ.get("GITHUB_ACTIONS") != "true":
        return None
    message = str(problem).replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
    return f"::error file={problem.where.path},line={problem.where.line}::{message}"
