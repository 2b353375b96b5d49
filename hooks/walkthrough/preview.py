"""The live preview: pages are walked in the background, and a verdict is put on the pages that are open at once.

To build the site anew takes the generator seconds. So each page of a preview has slots, and a script that asks this
room for what is to stand in them; what is built later says the same.
"""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from markupsafe import Markup

from walkthrough.course import Course, read_course
from walkthrough.errors import Problem, WalkthroughError
from walkthrough.project import Project, state_folder
from walkthrough.record import content_digest
from walkthrough.report import Progress, summary
from walkthrough.verify import Result, verify

_ADDRESS = "/walk-verdict/"
_PATIENCE = 20.0
"""Seconds that a question for the next verdict stays open; browsers and proxies give up after a minute or so."""
_SCRIPT = """<script>
(async () => {
  for (let seen = %(seen)d;;) {
    try {
      const answer = await fetch("%(address)s" + seen);
      if (answer.status !== 200) continue;
      const told = await answer.json();
      seen = told.number;
      const parts = told.pages[%(page)s] ?? {};
      for (const slot of document.querySelectorAll("walk-slot")) {
        if (slot.id in parts) slot.innerHTML = parts[slot.id];
      }
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 1000));
    }
  }
})();
</script>"""

Parts = dict[str, str]
"""What is to stand in the slots of a page: HTML by the slot's name."""


def slot(name: str, html: str) -> str:
    """Return a place in a previewed page whose content a verdict may change."""
    return str(Markup('<walk-slot id="slot-{}">{}</walk-slot>').format(name, Markup(html)))


class Verdicts:
    """The verdicts of a preview, each with a number; whoever asks for a newer one waits for it."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._number = 0
        self._pages: dict[str, Parts] = {}

    def tell(self, page: str, parts: Parts) -> None:
        """Give the slots of ``page`` a new content."""
        with self._changed:
            self._number += 1
            self._pages[page] = {f"slot-{name}": html for name, html in parts.items()}
            self._changed.notify_all()

    @property
    def number(self) -> int:
        """The number of the newest verdict."""
        with self._changed:
            return self._number

    def script(self, page: str, seen: int) -> str:
        """Return the script by which the built page ``page`` hears of verdicts that are newer than number ``seen``."""
        return _SCRIPT % {"seen": seen, "address": _ADDRESS, "page": json.dumps(page)}

    def answering(self, site: Callable[..., Iterable[bytes]]) -> Callable[..., Iterable[bytes]]:
        """Return a WSGI application that answers questions for verdicts, and leaves all others to ``site``."""

        def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
            path = str(environ.get("PATH_INFO", ""))
            if not path.startswith(_ADDRESS):
                return site(environ, start_response)
            seen = path.removeprefix(_ADDRESS)
            with self._changed:
                newer = seen.isdecimal() and self._changed.wait_for(lambda: self._number > int(seen), _PATIENCE)
                told = json.dumps({"number": self._number, "pages": self._pages}).encode()
            start_response("200 OK" if newer else "204 No Content", [("Content-Type", "application/json")])
            return [told] if newer else []

        return application


class BackgroundWalker:
    """Verifies in the background while the preview is read; the newest state of the pages wins.

    Args:
        told: called with the course and the result of each page as soon as it is there.
        log: hears of verdicts.
    """

    def __init__(self, told: Callable[[Course, Result], None], log: logging.Logger) -> None:
        self._told, self._log = told, log
        self._project: Project | None = None
        self._wanted = threading.Condition()
        self._again = False
        self._known: dict[str, tuple[Problem, ...]] = {}
        self._seen: object = None
        self.at_work = False
        self.signal: Path = state_folder() / "serve" / "verdict"
        """A file that is touched when all verdicts are in, for the preview's server to watch."""
        self.signal.parent.mkdir(parents=True, exist_ok=True)
        self.signal.touch()
        threading.Thread(target=self._work, name="background walker", daemon=True).start()

    def look(self, course: Course) -> None:
        """Walk anew if anything executable, or what is wrong with the pages, changed since the last look."""
        seen = {path: content_digest(itinerary) for path, itinerary in course.itineraries.items()}
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
                self._wanted.wait_for(lambda: self._again)
                self._again, project = False, self._project
            assert project is not None
            try:
                course = read_course(project)
                run = verify(course, [], _Teller(lambda result, course=course: self._tell(course, result)))  # type: ignore[misc]
                self._log.info("verdict: %s", summary(run))
                for problem in run.problems:
                    self._log.info("%s", problem)
            except WalkthroughError as error:
                self._known = {}
                self._log.info("nothing is walked: %s", error)
            except Exception:
                self._log.exception("the background walk broke")
            with self._wanted:
                self.at_work = self._again
            self.signal.write_text("a verdict is in\n")
            self.signal.touch()

    def _tell(self, course: Course, result: Result) -> None:
        kept = {page: problems for page, problems in self._known.items() if page != result.page}
        self._known = {**kept, result.page: result.problems} if result.problems else kept
        self._told(course, result)


class _Teller(Progress):
    """Reports progress, and passes each result on."""

    def __init__(self, told: Callable[[Result], None]) -> None:
        super().__init__()
        self._pass_on = told

    def done(self, result: Result) -> None:
        """Tell that a page is through."""
        super().done(result)
        self._pass_on(result)
