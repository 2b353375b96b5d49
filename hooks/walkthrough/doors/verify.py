"""Verify pages: remember what need not run again, walk the rest in a pool, keep the records."""

from __future__ import annotations

import contextlib
import fcntl
import os
import tempfile
import threading
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal, Protocol

from walkthrough.errors import BaseImageError, Location, Problem, WalkthroughError
from walkthrough.machine.bases import Base
from walkthrough.machine.cleanup import clean_up_dead
from walkthrough.machine.engine import Engine
from walkthrough.machine.find import find_engine
from walkthrough.machine.provision import provided
from walkthrough.page.course import Course, choose
from walkthrough.page.itinerary import Itinerary, content_digest
from walkthrough.project import state_folder
from walkthrough.publish.labfolder import write_lab
from walkthrough.record.acceptance import accept
from walkthrough.record.evidence import Record, record_path
from walkthrough.record.making import make_record
from walkthrough.record.memory import Cache, cache_key
from walkthrough.walk.needs import bases_of, resources_of
from walkthrough.walk.outcome import Walked
from walkthrough.walk.walk import abandon, walk

Verdict = Literal["verified", "unchanged", "failed", "broken"]


class Reporter(Protocol):
    """Who is told of progress."""

    def say(self, line: str) -> None:
        """Tell of something that happens once."""

    def step(self, page: str, number: int, total: int, title: str) -> None:
        """Tell that a page is at a step."""

    def done(self, result: Result) -> None:
        """Tell that a page is through."""


@dataclass(frozen=True)
class Result:
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

    results: tuple[Result, ...]
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


@dataclass
class Options:
    """How to verify: ``check_drift`` reports committed lab files that disagree instead of rewriting them."""

    check_drift: bool = False
    fresh: bool = False
    keep_going: bool = False
    workers: int = field(default_factory=lambda: max(1, min(4, os.cpu_count() or 1)))


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
        path: Result(path, "broken", problems=tuple(course.broken(path)))
        for path in chosen
        if path not in course.itineraries or course.broken(path)
    }
    for result in results.values():
        reporter.done(result)
    to_walk = [path for path in chosen if path not in results]
    walked = 0
    if to_walk:
        engine = find_engine(reporter.say)
        with _alone(engine, reporter), _bases(engine, course, to_walk, reporter) as (bases, faults):
            for path in to_walk:
                if path in faults:
                    problem = Problem(Location(path, 1), faults[path])
                    results[path] = Result(path, "failed", problems=(problem,))
                    reporter.done(results[path])
            runner = _Runner(course, engine, bases, reporter, options)
            results |= runner.run([path for path in to_walk if path not in results])
            walked = runner.walked
    return Run(tuple(results[path] for path in chosen), time.monotonic() - started, walked)


@contextlib.contextmanager
def _alone(engine: Engine, reporter: Reporter) -> Iterator[None]:
    """Hold the engine against other runs on it, in this checkout or another; clean up what dead ones left."""
    path = Path(tempfile.gettempdir()) / f"docker-labs-{engine.identity}.lock"
    with contextlib.suppress(OSError):
        path.touch(mode=0o666)
    with path.open("r+" if os.access(path, os.W_OK) else "r") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            reporter.say("waiting: another run is using this Docker engine")
            fcntl.flock(lock, fcntl.LOCK_EX)
        for removed in clean_up_dead(engine, state_folder() / "walks"):
            reporter.say(f"cleaned up after a run that was killed: {removed}")
        yield


@contextlib.contextmanager
def _bases(
    engine: Engine, course: Course, pages: list[str], reporter: Reporter
) -> Iterator[tuple[dict[str, Base], dict[str, str]]]:
    """Provide the base images of the pages; yield those that could be had, and per page why not.

    All are asked for at once, so that they are made side by side; page by page only to tell which lacks one.
    """
    wanted = {path: bases_of(course.itineraries[path]) for path in pages}
    bases: dict[str, Base] = {}
    faults: dict[str, str] = {}
    with contextlib.ExitStack() as stack:
        with contextlib.suppress(BaseImageError):
            every = set().union(*wanted.values())
            bases |= stack.enter_context(provided(engine, every, state_folder(), reporter.say))
        for path, names in wanted.items():
            try:
                bases |= stack.enter_context(provided(engine, names - bases.keys(), state_folder(), reporter.say))
            except BaseImageError as error:
                faults[path] = str(error)
        yield bases, faults


class _Runner:
    """Walks pages in a pool; pages that claim the same port or name wait for each other."""

    def __init__(
        self, course: Course, engine: Engine, bases: dict[str, Base], reporter: Reporter, options: Options
    ) -> None:
        self._course, self._engine, self._bases = course, engine, bases
        self._reporter, self._options = reporter, options
        self._cache = Cache(state_folder())
        self._free = threading.Condition()
        self._claimed: set[str] = set()
        self._files = threading.Lock()
        self.walked = 0

    def run(self, pages: list[str]) -> dict[str, Result]:
        with ThreadPoolExecutor(self._options.workers, "pages") as pool:
            futures = [pool.submit(self._told, path) for path in pages]
            try:
                return {path: future.result() for path, future in zip(pages, futures, strict=True)}
            except BaseException:  # an interrupt, most likely: leave at once, but leave nothing behind
                pool.shutdown(wait=False, cancel_futures=True)
                abandon()
                raise

    def _told(self, path: str) -> Result:
        result = self._page(path)
        self._reporter.done(result)
        return result

    def _page(self, path: str) -> Result:
        itinerary = self._course.itineraries[path]
        bases = [self._bases[name] for name in sorted(bases_of(itinerary)) if name in self._bases]
        version = self._engine.version
        key = cache_key(content_digest(itinerary), bases, version)
        remembered = None if self._options.fresh else self._cache.get(key)
        if remembered:
            return self._accepted(itinerary, Result(path, "unchanged", remembered))
        with self._claim(resources_of(itinerary)):
            self.walked += 1
            try:
                walked = walk(itinerary, self._engine, state_folder(), self._reporter.step, self._options.keep_going)
            except WalkthroughError as error:
                return Result(path, "failed", problems=(Problem(Location(path, 1), str(error)),))
        record = make_record(itinerary, walked, bases, version)
        if not walked.passed:
            return Result(path, "failed", record, walked, tuple(walked.problems))
        self._cache.put(key, record)
        return self._accepted(itinerary, Result(path, "verified", record, walked))

    def _accepted(self, itinerary: Itinerary, result: Result) -> Result:
        """Bring the committed lab files and the record up to date with a page that holds, or compare them."""
        project, page = self._course.project, itinerary.page
        assert result.record is not None
        with self._files:
            drift = write_lab(project, itinerary, write=not self._options.check_drift)
            if self._options.check_drift:
                problems = [Problem(page.at(d.line), f"{d.path} {d.how}", "run 'make' and commit it") for d in drift]
                return replace(result, verdict="failed" if problems else result.verdict, problems=tuple(problems))
            rewritten = [entry.path for entry in drift]
            if accept(project, page, result.record):
                rewritten.append(project.relative(record_path(project, page)))
        return replace(result, rewritten=tuple(rewritten))

    @contextlib.contextmanager
    def _claim(self, wanted: set[str]) -> Iterator[None]:
        with self._free:
            self._free.wait_for(lambda: not self._claimed & wanted)
            self._claimed |= wanted
        try:
            yield
        finally:
            with self._free:
                self._claimed -= wanted
                self._free.notify_all()
