"""Which page a machine walks next: what its Docker has, or has built, need not be had or built again."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterable, Mapping

from walkthrough.page.itinerary import Itinerary
from walkthrough.walk.needs import bases_of

_LIGHT = 10.0
"""Seconds in which a page is done again sooner than another machine is waited for."""
_PROCESSORS = 2
"""Processors that a build keeps busy. More builds than that at a time do not end any sooner (measured on Lab 03)."""


class Order:
    """The order in which machines walk pages.

    Pages that build on one another, or on the same pages, are of one group: a machine that has walked one of them has
    the layers of the others' foundation in its build cache. So a group is walked by few machines: as many as there are
    pairs of processors.

    Args:
        itineraries: every page that is walked, by its path.
        seconds: what each took when it was recorded; one that is not there may take any time.
        processors: those of all machines together; by default all that there are here.
    """

    def __init__(
        self, itineraries: Mapping[str, Itinerary], seconds: Mapping[str, float], processors: int | None = None
    ) -> None:
        self._seconds = seconds
        self._bases = {path: bases_of(itinerary) for path, itinerary in itineraries.items()}
        self._below = _foundations(itineraries)
        self._group = _by_foundation(self._below, seconds)
        self._most = max(1, (processors or os.cpu_count() or 1) // _PROCESSORS)
        self._had: dict[int, set[str]] = defaultdict(set)
        self._walkers: dict[str, set[int]] = defaultdict(set)

    def sort(self, pages: Iterable[str]) -> list[str]:
        """Return pages in order: what others build on first, then what takes longest."""
        pages = list(pages)
        below = {earlier for path in pages for earlier in self._below[path]}
        return sorted(pages, key=lambda path: (path not in below, -self._seconds.get(path, 0.0)))

    def choose(self, waiting: list[str], worker: int) -> str | None:
        """Return the page that a worker's machine walks next, or None where all that wait are better left to others.

        Of those that it may walk it is one whose base images the machine has, else the first: to hand a base image to
        a machine takes as long as to walk a small page.
        """
        allowed = [path for path in waiting if self._may(path, worker)]
        if not allowed:
            return None
        path = next((path for path in allowed if self._bases[path] <= self._had[worker]), allowed[0])
        self._had[worker] |= self._bases[path]
        self._walkers[self._group[path]].add(worker)
        return path

    def leave(self, worker: int) -> None:
        """Let others walk what was for a worker who will walk nothing any more."""
        for walkers in self._walkers.values():
            walkers.discard(worker)

    def _may(self, path: str, worker: int) -> bool:
        walkers = self._walkers[self._group[path]]
        return worker in walkers or len(walkers) < self._most


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
    group = _by_foundation(_foundations(itineraries), seconds)
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


def _foundations(itineraries: Mapping[str, Itinerary]) -> dict[str, set[str]]:
    """Return the paths of the pages that each page builds on."""
    return {path: {page.path for page, _ in one.before} for path, one in itineraries.items()}


def _by_foundation(below: Mapping[str, set[str]], seconds: Mapping[str, float]) -> dict[str, str]:
    """Return the group of each page: what builds on the same page is of one, if that takes long to do again."""

    def heavy(path: str) -> bool:
        return seconds.get(path, _LIGHT) >= _LIGHT

    return _groups({path: {path, *filter(heavy, foundations)} for path, foundations in below.items()})


def _groups(linked: Mapping[str, set[str]]) -> dict[str, str]:
    """Return the group of each page, named after one of its pages: pages that are linked, by whatever way, have one."""
    group: dict[str, str] = {}
    for path, others in linked.items():
        name = group.setdefault(path, path)
        joined = {group.setdefault(other, name) for other in others}
        group |= {member: name for member, of in group.items() if of in joined}
    return group
