"""The live preview: pages are walked in the background, and a verdict is put on the pages that are open at once.

To build the site anew takes the generator seconds. So each page of a preview has slots, and a script that asks this
room for what is to stand in them; what is built later says the same.
"""

from __future__ import annotations

import atexit
import logging
import threading
from collections.abc import Callable
from pathlib import Path

from walkthrough.doors.report import Progress, summary
from walkthrough.doors.results import PageResult
from walkthrough.doors.verify import Options, verify
from walkthrough.errors import Problem, WalkthroughError
from walkthrough.page.course import Course, read_course
from walkthrough.page.itinerary import content_digest
from walkthrough.project import Project, state_folder
from walkthrough.walk.abort import reason

_STOP_LIMIT = 30.0
"""Seconds that pages under way get to clean up; the next run cleans up after what takes longer."""


class BackgroundWalker:
    """Verifies in the background while the preview is read; the newest state of the pages wins.

    Args:
        told: called with the course and the result of each page as soon as it is there.
        log: hears of verdicts.
    """

    def __init__(self, told: Callable[[Course, PageResult], None], log: logging.Logger) -> None:
        self._told, self._log = told, log
        self._project: Project | None = None
        self._wanted = threading.Condition()
        self._again = False
        self._known: dict[str, tuple[Problem, ...]] = {}
        self._seen: object = None
        self._stopped = threading.Event()
        self.at_work = False
        self.signal: Path = state_folder() / "serve" / "verdict"
        """A file that is touched when all verdicts are in, for the preview's server to watch."""
        self.signal.parent.mkdir(parents=True, exist_ok=True)
        self.signal.touch()
        self._thread = threading.Thread(target=self._work, name="background walker", daemon=True)
        self._thread.start()
        atexit.register(self.stop)

    def stop(self) -> None:
        """Walk no more: end the pages under way, and wait until they have cleaned up after themselves."""
        with self._wanted:
            self._stopped.set()
            self._wanted.notify()
        self._thread.join(_STOP_LIMIT)

    def look(self, course: Course) -> None:
        """Walk anew if anything executable, or what is wrong with the pages, changed since the last look."""
        digests = {path: content_digest(itinerary) for path, itinerary in course.itineraries.items()}
        seen = (digests, course.problems)
        if seen == self._seen:
            return
        self._seen = seen
        with self._wanted:
            self._project = course.project
            self._again = self.at_work = True
            self._wanted.notify()

    def problems(self, course: Course) -> dict[str, tuple[Problem, ...]]:
        """Return the problems by page: those of reading it, else those of its last walk."""
        paths = {problem.where.path for problem in course.problems} | self._known.keys()
        return {path: tuple(course.broken(path)) or self._known.get(path, ()) for path in paths}

    def _work(self) -> None:
        while True:
            with self._wanted:
                self._wanted.wait_for(lambda: self._again or self._stopped.is_set())
                self._again, project = False, self._project
            if self._stopped.is_set():
                return
            assert project is not None
            try:
                course = read_course(project)
                teller = _Teller(lambda result, course=course: self._tell(course, result))  # type: ignore[misc]
                run = verify(course, [], teller, Options(stopped=self._stopped))
                self._log.info("verdict: %s", summary(run))
                for problem in run.problems:
                    self._log.info("%s", problem)
            except WalkthroughError as error:
                self._known = {}
                self._log.info("nothing is walked: %s", error)
            except Exception as error:
                self._log.error("nothing is walked: %s", reason(error, None, state_folder()))
            with self._wanted:
                self.at_work = self._again
            self.signal.write_text("a verdict is in\n")
            self.signal.touch()

    def _tell(self, course: Course, result: PageResult) -> None:
        kept = {page: problems for page, problems in self._known.items() if page != result.page}
        self._known = {**kept, result.page: result.problems} if result.problems else kept
        self._told(course, result)


class _Teller(Progress):
    """Reports progress, and passes each result on."""

    def __init__(self, told: Callable[[PageResult], None]) -> None:
        super().__init__()
        self._pass_on = told

    def done(self, result: PageResult) -> None:
        """Tell that a page is through."""
        super().done(result)
        self._pass_on(result)
