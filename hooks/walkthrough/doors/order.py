"""Which page a machine walks next: what its Docker has, or has built, need not be had or built again."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType

from walkthrough.page.course import foundation_steps
from walkthrough.page.itinerary import Itinerary
from walkthrough.walk.needs import bases_of

_LIGHT = 10.0
"""Seconds in which a page is done again sooner than another machine is waited for."""
_LONG = 150.0
"""Seconds from which a page of the course is one that compiles most of the time; shorter ones wait for much else."""


class Order:
    """The order in which machines walk pages.

    A page is walked where the longest of those was that it has something of: that machine has what they built in its
    build cache. All others are walked by who is free. Builds gain little from another beside them, but what else a page
    does leaves a third of two processors idle (measured on Lab 03): so short pages go beside long ones.

    Args:
        itineraries: every page that is walked, by its path.
        seconds: what each took when it was recorded; one that is not there may take any time.
        long: how many long pages are walked at a time while there are others.
        trails: by the last page of each, those that are walked with it: nobody chooses them.
    """

    def __init__(
        self,
        itineraries: Mapping[str, Itinerary],
        seconds: Mapping[str, float],
        long: int = 99,
        trails: Mapping[str, Sequence[str]] = MappingProxyType({}),
    ) -> None:
        self._seconds, self._most, self._trails = seconds, long, trails
        self._at: dict[int, str] = {}
        self._bases = {path: bases_of(itinerary) for path, itinerary in itineraries.items()}
        self._below = _foundations(itineraries, seconds)
        built_on = {earlier for below in self._below.values() for earlier in below}
        # What others build on is begun soon, and a trail has its machine: neither waits for pages that it has files of.
        bound = built_on | {path for path, trail in trails.items() if len(trail) > 1}
        self._known = {
            path: self._below[path] if path in bound else _before(one, seconds) for path, one in itineraries.items()
        }
        self._had: dict[int, set[str]] = defaultdict(set)
        self._walker: dict[str, int] = {}

    def sort(self, pages: Iterable[str]) -> list[str]:
        """Return pages in order: what others have something of first, then what takes longest."""
        pages = list(pages)
        below = {earlier for path in pages for earlier in self._known[path].difference(self._trail(path))}

        def place(path: str) -> tuple[bool, float]:
            return below.isdisjoint(self._trail(path)), -self._takes(path) if path in self._seconds else 0.0

        return sorted(pages, key=place)

    def choose(self, waiting: list[str], worker: int) -> str | None:
        """Return the page that a worker's machine walks next, or None where all that wait are better left to others.

        It is what nobody else may walk, so that this is not left for the end; else, for the same reason, a long one, if
        what it builds on is done; else one whose base images the machine has, as to hand it one takes as long as to
        walk a small page; else the first. What is another's is taken from whoever has so much before him that it is
        done sooner here, with all that it builds on.
        """
        self._at.pop(worker, None)
        long = [path for path in self._at.values() if self._takes(path) >= _LONG]
        short = [path for path in waiting if self._takes(path) < _LONG] if len(long) >= self._most else []
        path = self._chosen(short, worker) or self._chosen(waiting, worker)
        if path is not None:
            self._had[worker] |= self._bases[path]
            self._at[worker] = path
            self._walker |= dict.fromkeys(self._trail(path), worker)
        return path

    def _chosen(self, waiting: list[str], worker: int) -> str | None:
        allowed = [path for path in waiting if self._owner(path) in (None, worker)]
        own = [path for path in allowed if self._owner(path) == worker]
        long = [path for path in allowed if self._takes(path) >= _LONG and self._known[path].isdisjoint(waiting)]
        ready = [path for path in allowed if self._bases[path] <= self._had[worker]]
        return next(iter(own or long or ready or allowed or self._lent(waiting, worker)), None)

    def leave(self, worker: int) -> None:
        """Let others walk what was for a worker who will walk nothing any more."""
        self._walker = {path: walker for path, walker in self._walker.items() if walker != worker}
        self._at.pop(worker, None)

    def _owner(self, path: str) -> int | None:
        """Return the worker who has walked, or walks, the longest of the pages that a page has something of."""
        walked = [earlier for earlier in self._known[path] if earlier in self._walker]
        return self._walker[max(walked, key=lambda earlier: (self._takes(earlier), earlier))] if walked else None

    def _lent(self, waiting: list[str], worker: int) -> list[str]:
        """Return those of others' pages that are done sooner by this worker, in order."""
        before_him: dict[int | None, float] = defaultdict(float)
        for path in waiting:
            before_him[self._owner(path)] += self._takes(path)
        return [path for path in waiting if self._here(path, worker) < before_him[self._owner(path)]]

    def _here(self, path: str, worker: int) -> float:
        """Return the seconds of a page on a machine where those that it builds on may have to be done first."""
        below = self._below[path].difference(self._trail(path))
        again = (earlier for earlier in below if self._walker.get(earlier) != worker)
        return self._takes(path) + sum(map(self._takes, again))

    def _trail(self, path: str) -> Sequence[str]:
        return self._trails.get(path, (path,))

    def _takes(self, path: str) -> float:
        return sum(self._seconds.get(one, _LIGHT) for one in self._trail(path))


def trails(itineraries: Mapping[str, Itinerary], seconds: Mapping[str, float]) -> dict[str, tuple[str, ...]]:
    """Return, by the last page of each, the pages that are walked in one go: together they are all pages.

    A page that builds on a long one, and on nothing else before that, goes on where that one ends: what its reader has
    done by then is done once. Of several that could, the longest goes on.
    """
    kept = {
        path: [p.path for p, _ in one.before if _begins_with(p.path, one, itineraries, seconds)]
        for path, one in itineraries.items()
    }
    found, taken = dict[str, tuple[str, ...]](), set[str]()
    for path in sorted(itineraries, key=lambda path: (-len(kept[path]), -seconds.get(path, _LIGHT), path)):
        if path not in taken:
            found[path] = (*(one for one in kept[path] if one not in taken), path)
            taken.update(found[path])
    return found


def _begins_with(
    earlier: str, itinerary: Itinerary, itineraries: Mapping[str, Itinerary], seconds: Mapping[str, float]
) -> bool:
    """Return whether what comes before a page begins with a long page's whole walk, its claims aside."""
    whole = itineraries.get(earlier)
    if whole is None or seconds.get(earlier, _LIGHT) <= _LIGHT:
        return False
    walk = (*whole.before, (whole.page, foundation_steps(whole.steps, whole=True)))
    return itinerary.before[: len(walk)] == walk


def shard_of(
    number: int, of: int, pages: Iterable[str], itineraries: Mapping[str, Itinerary], seconds: Mapping[str, float]
) -> list[str]:
    """Return the pages of one of several shards, which take about the same time; each page is in exactly one.

    It is the same for all who have the same pages and records. Pages of one group are in one shard.

    Args:
        number: which shard, from 1.
        seconds: what each page took when it was recorded.
    """
    pages = sorted(pages)
    below = _foundations(itineraries, seconds)
    group = _groups({path: {path, *earlier} for path, earlier in below.items()})
    groups: dict[str, list[str]] = defaultdict(list)
    for path in pages:
        groups[group.get(path, path)].append(path)
    weights = {name: sum(seconds.get(path, _LIGHT) for path in paths) for name, paths in groups.items()}
    shards: list[list[str]] = [[] for _ in range(of)]
    loads = [0.0] * of
    for name in sorted(groups, key=lambda name: (-weights[name], name)):
        least = loads.index(min(loads))
        loads[least] += weights[name]
        shards[least] += groups[name]
    return sorted(shards[number - 1])


def _foundations(itineraries: Mapping[str, Itinerary], seconds: Mapping[str, float]) -> dict[str, set[str]]:
    """Return the paths of the pages that are done before each page, but for those that are soon done again."""
    return {
        path: {earlier for earlier in _done_before(one) if seconds.get(earlier, _LIGHT) >= _LIGHT}
        for path, one in itineraries.items()
    }


def _before(itinerary: Itinerary, seconds: Mapping[str, float]) -> set[str]:
    """Return the paths of the pages that a page builds on or has files of, but for those that are soon done."""
    return {page.path for page, _ in itinerary.before if seconds.get(page.path, _LIGHT) >= _LIGHT}


def _done_before(itinerary: Itinerary) -> set[str]:
    """Return the paths of the pages that a page builds on; not of those that it has the files of."""
    pages = {page.path: page for page, _ in itinerary.before}
    found, todo = set[str](), list(itinerary.page.builds_on)
    while todo:
        path = todo.pop()
        if path in pages and path not in found:
            found.add(path)
            todo += pages[path].builds_on
    return found


def _groups(linked: Mapping[str, set[str]]) -> dict[str, str]:
    """Return the group of each page, named after one of its pages: pages that are linked, by whatever way, have one."""
    group: dict[str, str] = {}
    for path, others in linked.items():
        name = group.setdefault(path, path)
        joined = {group.setdefault(other, name) for other in others}
        group |= {member: name for member, of in group.items() if of in joined}
    return group
