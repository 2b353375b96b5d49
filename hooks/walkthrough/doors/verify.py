"""Verify pages: remember what need not run again, walk the rest in a pool, keep the records."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from walkthrough.doors.hosts import Host, Wanted, hosts_of
from walkthrough.doors.order import Order, trails
from walkthrough.doors.pool import side_by_side
from walkthrough.doors.results import PageResult, Reporter, Run
from walkthrough.errors import AbortedError, Location, NoSuchImageError, Problem
from walkthrough.machine.bases import RELEASES, Base, of_the_machine
from walkthrough.page.course import Course, choose
from walkthrough.page.itinerary import Itinerary, needs_downloads
from walkthrough.project import state_folder
from walkthrough.publish.acceptance import accept, accept_other, unreadable
from walkthrough.publish.archive import archives
from walkthrough.publish.labfolder import TODO, write_lab
from walkthrough.record.evidence import read_record, record_path
from walkthrough.record.making import make_record
from walkthrough.record.memory import Cache, cache_key
from walkthrough.walk.abort import reason
from walkthrough.walk.needs import bases_of, images_of
from walkthrough.walk.outcome import Walked
from walkthrough.walk.request import Visitor
from walkthrough.walk.walk import abandon, kind_of, walk_on


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
    """Pages at a time on a host: one more than there are processors, as each waits a good part of its time."""


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
        wanted = {path: _wanted(course.itineraries[path], options) for path in to_walk}
        with hosts_of(wanted, options.release, reporter.say) as hosts:
            runner = _Runner(course, hosts, reporter, options)
            runner.run(to_walk)
            results |= runner.results
            walked = runner.walked
    told = tuple(results[path] for path in chosen if path in results)
    return Run(told, time.monotonic() - started, walked)


def recorded_seconds(course: Course) -> dict[str, float]:
    """Return the seconds that each page's steps took when it was recorded; the machine's start is no part of them."""
    known = {path: read_record(course.project, one.page) for path, one in course.itineraries.items()}
    return {path: sum(step.seconds for step in record.steps) for path, record in known.items() if record}


def _wanted(itinerary: Itinerary, options: Options) -> Wanted:
    seen = options.visitor(itinerary.page.path).needs if options.visitor else set[str]()
    needed = bases_of(itinerary) | of_the_machine(kind_of(itinerary), options.release) | seen
    return Wanted(frozenset(needed), frozenset(images_of(itinerary)))


class _Runner:
    """Verifies pages: those that are remembered at once, the others in a pool of workers, each on a host of its own."""

    def __init__(self, course: Course, hosts: Sequence[Host], reporter: Reporter, options: Options) -> None:
        self._course, self._hosts, self._reporter, self._options = course, hosts, reporter, options
        self._cache = Cache(state_folder())
        self._lock = threading.Lock()
        self.results: dict[str, PageResult] = {}
        self.walked = 0

    def run(self, pages: list[str]) -> None:
        """Fill ``results``."""
        for path in pages:
            if result := self._tried(path, self._hosts[0], lambda path=path: self._remembered(path)):  # type: ignore[misc]
                self._tell(result, self._hosts[0])
        to_walk = [path for path in pages if path not in self.results]
        itineraries = {path: self._course.itineraries[path] for path in to_walk}
        processors = max(1, self._options.workers - 1) * len(self._hosts)
        seconds = recorded_seconds(self._course)
        # A visitor has something to say of one page, and who records goes on where a page does not hold.
        alone = self._options.visitor is not None or self._options.keep_going
        together = {path: (path,) for path in to_walk} if alone else trails(itineraries, seconds)
        order = Order(itineraries, seconds, processors, together)

        def work(path: str, worker: int) -> bool:
            host, slot = self._seat(worker)
            trail = [one for one in together[path] if one not in self.results]
            if host.faults.keys() & trail:  # what one lacks costs none before it its verdict
                trail = trail[:1]
            for result in self._walked(trail, host, slot):
                if result.verdict == "aborted" and self._left_to_others(result.page, host):
                    return False
                self._tell(result, host)
            # What comes after one that does not hold is walked by itself.
            return path in self.results

        def choose(waiting: list[str], worker: int) -> str | None:
            host, _ = self._seat(worker)
            if host.gone:
                order.leave(worker)
            return order.choose([path for path in waiting if self._may(path, host)], worker)

        workers = self._options.workers * len(self._hosts)
        side_by_side(order.sort(together), work, workers, abandon, self._options.stopped, choose)

    def _seat(self, worker: int) -> tuple[Host, int]:
        """Return the host of a worker and the number of its machine there: first one on each host."""
        slot, host = divmod(worker, len(self._hosts))
        return self._hosts[host], slot

    def _may(self, path: str, host: Host) -> bool:
        """Return whether a page is walked on a host: not on a dead one, nor on one that lacks what another has."""
        alive = [other for other in self._hosts if not other.gone]
        able = [other for other in alive if self._holds_on(path, other) and path not in other.faults]
        return host in (able or alive or self._hosts)

    def _holds_on(self, path: str, host: Host) -> bool:
        platform = self._course.itineraries[path].page.front.platform
        return not platform or host.engine.architecture in platform

    def _left_to_others(self, path: str, host: Host) -> bool:
        """Return whether a page that was aborted is walked on another host, as its own is gone."""
        if self._options.stopped.is_set() or all(other.gone for other in self._hosts if other is not host):
            return False
        if not host.lost():
            return False
        self._reporter.say(f"{path}: aborted on {host.engine.host}, which does not answer any more; it waits again")
        return True

    def _tried(self, path: str, host: Host, how: Callable[[], PageResult | None]) -> PageResult | None:
        """Return the result of ``how`` for a page; an error costs that page its verdict, and no other."""
        try:
            return how()
        except NoSuchImageError as error:
            return PageResult(path, "failed", problems=(Problem(Location(path, 1), str(error)),))
        except Exception as error:
            return PageResult(path, "aborted", problems=(self._aborted(path, host, error),))

    def _aborted(self, path: str, host: Host, error: Exception) -> Problem:
        why = reason(error, host.engine, state_folder())
        return Problem(Location(path, 1), why.what, why.todo, aborted=True)

    def _tell(self, result: PageResult, host: Host) -> None:
        """Keep the result of a page, and tell of it."""
        with self._lock:
            self.results[result.page] = result
            self.walked += result.walked is not None
        try:
            self._reporter.done(result)
        except Exception as error:
            told = (*result.problems, self._aborted(result.page, host, error))
            with self._lock:
                self.results[result.page] = replace(result, verdict="aborted", problems=told)

    def _remembered(self, path: str) -> PageResult | None:
        """Return the result of a page that need not, or cannot, be walked."""
        itinerary = self._course.itineraries[path]
        fit = [host for host in self._hosts if self._holds_on(path, host)]
        if not fit:
            there = ", ".join(sorted({host.engine.architecture for host in self._hosts}))
            why = f"the page holds on {', '.join(itinerary.page.front.platform)} only, and machines are {there} here"
            self._reporter.say(f"{path}: {why}")
            return PageResult(path, "skipped", why=why)
        able = [host for host in fit if path not in host.faults]
        if not able:
            raise fit[0].faults[path]
        for host in [] if self._options.fresh else able:
            if remembered := self._cache.get(self._key(itinerary, host), path):
                return self._accepted(itinerary, PageResult(path, "unchanged", remembered))
        return None

    def _key(self, itinerary: Itinerary, host: Host) -> str:
        machine = host.machines.image(kind_of(itinerary))
        return cache_key(itinerary, self._used(itinerary, host), machine, self._downloads(itinerary))

    def _downloads(self, itinerary: Itinerary) -> dict[str, bytes]:
        """Return the downloads of a page's lab by name, where the page takes them."""
        if not needs_downloads(itinerary):
            return {}
        every = self._course.itineraries
        of_lab = {path: one for path, one in every.items() if one.page.lab == itinerary.page.lab}
        return {path.rpartition("/")[2]: content for path, content in archives(of_lab).items()}

    def _used(self, itinerary: Itinerary, host: Host) -> list[Base]:
        wanted = _wanted(itinerary, replace(self._options, visitor=None))
        return [host.bases[name] for name in sorted(wanted.needed | wanted.named) if name in host.bases]

    def _walked(self, trail: Sequence[str], host: Host, slot: int) -> Iterator[PageResult]:
        """Yield the results of pages that are walked in one go, until one does not hold."""
        walks = self._walks(trail, host, slot)
        for path in trail:
            if result := self._tried(path, host, lambda path=path: self._judged(path, host, next(walks))):  # type: ignore[misc]
                yield result
                if result.verdict != "verified":
                    break
        walks.close()

    def _walks(self, trail: Sequence[str], host: Host, slot: int) -> Generator[Walked]:
        for path in trail:
            if path in host.faults:
                raise host.faults[path]
            if not self._holds_on(path, host):
                raise AbortedError(
                    "the hosts of the architecture that the page holds on do not answer any more", "run again"
                )
        options = self._options
        yield from walk_on(
            [self._course.itineraries[path] for path in trail],
            host.machines,
            slot,
            state_folder(),
            listener=self._reporter.step,
            keep_going=options.keep_going,
            fresh=options.fresh,
            visitor=options.visitor(trail[0]) if options.visitor else None,
            keep=frozenset(host.bases),
            # What the last one needs, of those that it builds on too.
            downloads=self._downloads(self._course.itineraries[trail[-1]]),
        )

    def _judged(self, path: str, host: Host, walked: Walked) -> PageResult:
        itinerary = self._course.itineraries[path]
        record = make_record(itinerary, walked, self._used(itinerary, host))
        if walked.status in ("failed", "timed out", "aborted"):
            return PageResult(path, walked.status, record, walked, tuple(walked.problems))
        self._cache.put(self._key(itinerary, host), record)
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
