"""The order of pages: those that share a foundation on one machine, others beside them, none left."""

from __future__ import annotations

import pytest

from walkthrough.doors.order import Order, shard_of
from walkthrough.page.itinerary import Itinerary
from walkthrough.page.pages import FrontMatter, Page

BELOW = {
    "light": [],
    "alone": ["light"],
    "first": ["light"],
    "second": ["light"],
    "third": ["light"],
    "both": ["light", "first", "second"],
    "after": ["light", "third"],
}
SECONDS = {"light": 2.0, "alone": 5.0, "first": 50.0, "second": 90.0, "third": 30.0, "both": 20.0, "after": 400.0}


def itineraries() -> dict[str, Itinerary]:
    """Return the pages above."""
    pages = {name: Page(name, "", 1, FrontMatter(), ()) for name in BELOW}
    return {name: Itinerary(pages[name], (), tuple((pages[one], ()) for one in below)) for name, below in BELOW.items()}


def order(processors: int) -> Order:
    """Return the order of the pages above on machines with so many processors."""
    return Order(itineraries(), SECONDS, processors)


def walked(processors: int, workers: int) -> list[list[str]]:
    """Return what each of the workers walks, who take turns."""
    chosen, waiting = order(processors), order(processors).sort(BELOW)
    walks: list[list[str]] = [[] for _ in range(workers)]
    home: set[int] = set()
    while waiting and len(home) < workers:
        for worker in range(workers):
            name = chosen.choose(waiting, worker)
            if name is None:
                home.add(worker)
                continue
            waiting.remove(name)
            walks[worker].append(name)
    assert waiting == [], "a page that nobody walks"
    return walks


def test_what_others_build_on_comes_first_then_what_takes_longest() -> None:
    """So nobody waits in the end for one long page."""
    assert order(2).sort(BELOW) == ["second", "first", "third", "light", "after", "both", "alone"]


@pytest.mark.parametrize("workers", [1, 2, 3, 9])
def test_pages_of_one_foundation_are_walked_on_one_machine(workers: int) -> None:
    """What one builds is in that machine's cache for the next; a light foundation binds nobody."""
    walks = walked(2, workers)

    for group in ({"first", "second", "both"}, {"third", "after"}):
        assert sum(not group.isdisjoint(walk) for walk in walks) == 1


def test_more_processors_let_more_machines_share_a_group() -> None:
    """Building again costs what is idle there."""
    walks = walked(4, 2)

    assert all(not {"first", "second", "both"}.isdisjoint(walk) for walk in walks)


def test_what_was_for_a_worker_who_has_gone_is_walked_by_another() -> None:
    """Its machine's cache has gone with it."""
    chosen = order(2)
    assert chosen.choose(["first", "second"], 0) == "first"
    assert chosen.choose(["second"], 1) is None

    chosen.leave(0)

    assert chosen.choose(["second"], 1) == "second"


@pytest.mark.parametrize("of", [1, 2, 3, 9])
def test_each_page_is_in_exactly_one_shard(of: int) -> None:
    """Pages that cannot be walked too; what shares a heavy foundation is together, whatever the order of asking."""
    pages = [*BELOW, "broken"]

    shards = [shard_of(number, of, pages, itineraries(), SECONDS) for number in range(1, of + 1)]

    assert sorted(page for shard in shards for page in shard) == sorted(pages)
    assert shards == [shard_of(number, of, pages[::-1], itineraries(), SECONDS) for number in range(1, of + 1)]
    for group in ({"first", "second", "both"}, {"third", "after"}):
        assert sum(not group.isdisjoint(shard) for shard in shards) == 1


def test_shards_take_about_the_same_time() -> None:
    """The heaviest group is alone; what is left goes to whoever has least."""
    shards = [shard_of(number, 2, BELOW, itineraries(), SECONDS) for number in (1, 2)]

    assert shards == [["after", "third"], ["alone", "both", "first", "light", "second"]]
