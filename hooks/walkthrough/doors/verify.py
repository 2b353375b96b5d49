"""Verify pages: remember what need not run again, walk the rest in a pool, keep the records."""

from __future__ import annotations

import contextlib
import fcntl
import os
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Literal, Protocol

from walkthrough.doors.order import Order
from walkthrough.doors.pool import side_by_side
from walkthrough.errors import Location, NoSuchImageError, Problem
from walkthrough.machine.bases import RELEASES, Base, of_the_machine
from walkthrough.machine.cleanup import lock_of
from walkthrough.machine.engine import Engine
from walkthrough.machine.find import find_engine
from walkthrough.machine.provision import provided
from walkthrough.machine.reader import Machines, remove_left
from walkthrough.page.course import Course, choose
from walkthrough.page.itinerary import Itinerary, needs_downloads
from walkthrough.project import state_folder
from walkthrough.publish.acceptance import accept, accept_other, unreadable
from walkthrough.publish.archive import archives
from walkthrough.publish.labfolder import TODO, write_lab
from walkthrough.record.evidence import Record, read_record, record_path
from walkthrough.record.making import make_record
from walkthrough.record.memory import Cache, cache_key
from walkthrough.walk.abort import reason
from walkthrough.walk.needs import bases_of, images_of
from walkthrough.walk.outcome import Walked
from walkthrough.walk.request import Visitor
from walkthrough.walk.walk import abandon, kind_of, walk

Verdict = Literal["verified", "unchanged", "failed", "timed out", "aborted", "broken", "recorded"]
"""*Broken*: the page cannot be walked as it is written. *Aborted*: something else than the page is wrong."""


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


@dataclass
class Options:
    """How to verify: ``check_drift`` reports committed lab files that disagree instead of rewriting them."""

    check_drift: bool = False
    fresh: bool = False
    keep_going: bool = False
    stopped: threading.Event = field(default_factory=threading.Event)
    """Set by who wants no more pages: those under way are ended, and the others have no result."""
    visitor: Callable[[str], Visitor] | None = None
    """Returns, for a page's path, who looks at each of its steps that passed."""
    release: str = field(default_factory=lambda: os.environ.get("LABS_DOCKER") or RELEASES[0])
    """The release of Docker that the machines have."""
    workers: int = field(default_factory=lambda: min(4, 1 + (os.cpu_count() or 1)))
    """Pages at a time: one more than there are processors, as each waits a good part of its time."""


def verify(course: Course, pages: Iterable[str], reporter: Reporter, options: Options | None = None) -> Run:
    """Verify the named pages (all where none are named), walking what is not remembered.

    Raises:
        EngineMissingError: where something must be walked and there is no engine.
        WalkthroughError: for an unknown page name.
    """
    options = options or Options()
    started = time.monotonic()
    chosen = choose(course, pages)
    results = {
        path: PageResult(path, "broken", problems=tuple(course.broken(path)))
        for path in chosen
        if path not in course.itineraries or course.broken(path)
    }
    for result in results.values():
        reporter.done(result)
    to_walk = [path for path in chosen if path not in results]
    walked = 0
    if to_walk:
        engine = find_engine(reporter.say)
        with _alone(engine, reporter), _bases(engine, course, to_walk, reporter, options) as (bases, faults):
            runner = _Runner(course, engine, bases, reporter, options)
            runner.run(to_walk, faults)
            results |= runner.results
            walked = runner.walked
    told = tuple(results[path] for path in chosen if path in results)
    return Run(told, time.monotonic() - started, walked)


@contextlib.contextmanager
def _alone(engine: Engine, reporter: Reporter) -> Iterator[None]:
    """Hold the engine against other runs on it, in this checkout or another; clean up what dead ones left."""
    path = lock_of(engine.identity)
    with contextlib.suppress(OSError):
        path.touch(mode=0o666)
    with path.open("r+" if os.access(path, os.W_OK) else "r") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            reporter.say("waiting: another run is using this Docker engine")
            fcntl.flock(lock, fcntl.LOCK_EX)
        for name in remove_left(engine):
            reporter.say(f"cleaned up after a run that was killed: {name}")
        yield


@contextlib.contextmanager
def _bases(
    engine: Engine, course: Course, pages: list[str], reporter: Reporter, options: Options
) -> Iterator[tuple[dict[str, Base], dict[str, Exception]]]:
    """Provide the base images of the pages; yield those that could be had, and per page why not.

    All are asked for at once, so that they are made side by side; page by page only to tell which lacks one.
    """
    itineraries, visitor = course.itineraries, options.visitor
    wanted = {
        path: bases_of(itineraries[path])
        | _of_machine(itineraries[path], options)
        | (visitor(path).needs if visitor else set())
        for path in pages
    }
    bases: dict[str, Base] = {}
    faults: dict[str, Exception] = {}
    with contextlib.ExitStack() as stack:
        with contextlib.suppress(Exception):
            every = set[str]().union(*wanted.values())
            bases |= stack.enter_context(provided(engine, every, state_folder(), reporter.say))
        for path, names in wanted.items():
            named = images_of(itineraries[path]) - bases.keys()
            try:
                bases |= stack.enter_context(
                    provided(engine, names - bases.keys(), state_folder(), reporter.say, named)
                )
            except Exception as error:
                faults[path] = error
        yield bases, faults


def _of_machine(itinerary: Itinerary, options: Options) -> set[str]:
    return of_the_machine(kind_of(itinerary), options.release)


class _Runner:
    """Verifies pages: those that are remembered at once, the others in a pool."""

    def __init__(
        self, course: Course, engine: Engine, bases: dict[str, Base], reporter: Reporter, options: Options
    ) -> None:
        self._course, self._engine, self._bases = course, engine, bases
        self._reporter, self._options = reporter, options
        self._machines = Machines(engine, bases, options.release, reporter.say)
        self._cache = Cache(state_folder())
        self._lock = threading.Lock()
        self._keys: dict[str, str] = {}
        self.results: dict[str, PageResult] = {}
        self.walked = 0

    def run(self, pages: list[str], faults: dict[str, Exception]) -> None:
        """Fill ``results``; ``faults`` are errors that keep pages from being walked."""
        for path in pages:
            self._page(path, lambda path=path: self._remembered(path, faults.get(path)))  # type: ignore[misc]
        to_walk = [path for path in pages if path not in self.results]
        order = Order({path: self._course.itineraries[path] for path in to_walk}, self._seconds())
        side_by_side(
            order.sort(to_walk),
            lambda path, worker: self._page(path, lambda: self._walked(path, worker)),
            self._options.workers,
            abandon,
            self._options.stopped,
            order.choose,
        )

    def _seconds(self) -> dict[str, float]:
        """Return the seconds that each page took when it was recorded."""
        course = self._course
        known = {path: read_record(course.project, one.page) for path, one in course.itineraries.items()}
        return {path: record.seconds for path, record in known.items() if record}

    def _page(self, path: str, how: Callable[[], PageResult | None]) -> None:
        """Take the result of ``how`` for a page; an error costs that page its verdict, and no other."""
        try:
            result = how()
        except NoSuchImageError as error:
            result = PageResult(path, "failed", problems=(Problem(Location(path, 1), str(error)),))
        except Exception as error:
            why = reason(error, self._engine, state_folder())
            problem = Problem(Location(path, 1), why.what, why.todo, aborted=True)
            result = PageResult(path, "aborted", problems=(problem,))
        if result is None:
            return
        with self._lock:
            self.results[path] = result
        try:
            self._reporter.done(result)
        except Exception as error:
            why = reason(error, self._engine, state_folder())
            told = Problem(Location(path, 1), why.what, why.todo, aborted=True)
            with self._lock:
                self.results[path] = replace(result, verdict="aborted", problems=(*result.problems, told))

    def _remembered(self, path: str, fault: Exception | None) -> PageResult | None:
        """Return the result of a page that need not, or cannot, be walked."""
        if fault:
            raise fault
        itinerary = self._course.itineraries[path]
        machine = self._machines.image(kind_of(itinerary))
        self._keys[path] = cache_key(itinerary, self._used(itinerary), machine, self._downloads(itinerary))
        remembered = None if self._options.fresh else self._cache.get(self._keys[path], path)
        return self._accepted(itinerary, PageResult(path, "unchanged", remembered)) if remembered else None

    def _downloads(self, itinerary: Itinerary) -> dict[str, bytes]:
        """Return the downloads of a page's lab by name, where the page takes them."""
        if not needs_downloads(itinerary):
            return {}
        every = self._course.itineraries
        of_lab = {path: one for path, one in every.items() if one.page.lab == itinerary.page.lab}
        return {path.rpartition("/")[2]: content for path, content in archives(of_lab).items()}

    def _used(self, itinerary: Itinerary) -> list[Base]:
        names = bases_of(itinerary) | images_of(itinerary) | _of_machine(itinerary, self._options)
        return [self._bases[name] for name in sorted(names) if name in self._bases]

    def _walked(self, path: str, worker: int) -> PageResult:
        itinerary = self._course.itineraries[path]
        options = self._options
        visitor = options.visitor(path) if options.visitor else None
        walked = walk(
            itinerary,
            self._machines,
            worker,
            state_folder(),
            self._reporter.step,
            keep_going=options.keep_going,
            fresh=options.fresh,
            visitor=visitor,
            keep=frozenset(self._bases),
            downloads=self._downloads(itinerary),
        )
        record = make_record(itinerary, walked, self._used(itinerary))
        with self._lock:
            self.walked += 1
        if walked.status in ("failed", "timed out", "aborted"):
            return PageResult(path, walked.status, record, walked, tuple(walked.problems))
        self._cache.put(self._keys[path], record)
        return self._accepted(itinerary, PageResult(path, "verified", record, walked))

    def _accepted(self, itinerary: Itinerary, result: PageResult) -> PageResult:
        """Bring the committed lab files and the record up to date with a page that holds, or compare them."""
        project, page = self._course.project, itinerary.page
        assert result.record is not None
        with self._lock:
            drift = write_lab(project, itinerary, write=not self._options.check_drift)
            if self._options.check_drift:
                problems = [Problem(page.at(d.line), f"{d.path} {d.how}", TODO) for d in drift]
                problems += unreadable(project, page)
                return replace(result, verdict="failed" if problems else result.verdict, problems=tuple(problems))
            rewritten = [entry.path for entry in drift]
            main = self._options.release == RELEASES[0]
            if (accept if main else accept_other)(project, page, result.record):
                rewritten.append(project.relative(record_path(project, page)))
        return replace(result, rewritten=tuple(rewritten))
