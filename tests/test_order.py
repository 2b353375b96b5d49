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


FILES = {"third": ["second"]}
"""What has the files of another page alone is bound to nothing."""


def itineraries() -> dict[str, Itinerary]:
    """Return the pages above."""
    pages = {
        name: Page(name, "", 1, FrontMatter(builds_on=below, files_of=FILES.get(name, [])), ())
        for name, below in BELOW.items()
    }
    return {
        name: Itinerary(pages[name], (), tuple((pages[one], ()) for one in [*below, *FILES.get(name, [])]))
        for name, below in BELOW.items()
    }


def order() -> Order:
    """Return the order of the pages above."""
    return Order(itineraries(), SECONDS)


def walked(workers: int) -> list[list[str]]:
    """Return what each of the workers walks, who take turns."""
    chosen, waiting = order(), order().sort(BELOW)
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
    assert order().sort(BELOW) == ["second", "first", "third", "after", "both", "alone", "light"]


@pytest.mark.parametrize("workers", [1, 2, 3, 9])
def test_a_page_is_walked_where_one_was_that_it_builds_on(workers: int) -> None:
    """What that one built is in the machine's cache; a light foundation binds nobody, and no page is left."""
    walks = walked(workers)

    (after,), (both,) = ([walk for walk in walks if name in walk] for name in ("after", "both"))
    assert "third" in after
    assert {"first", "second"} & {*both}
    assert sum(bool(walk) for walk in walks) == min(workers, 5)


def test_what_nobody_else_may_walk_comes_first() -> None:
    """Left for the end, it would be walked while all others have nothing to do."""
    chosen = order()
    assert chosen.choose(["third", "alone"], 0) == "third"

    assert chosen.choose(["alone", "after"], 0) == "after"


def test_what_was_for_a_worker_who_has_gone_is_walked_by_another() -> None:
    """Its machine's cache has gone with it."""
    chosen = order()
    assert chosen.choose(["third", "after"], 0) == "third"
    assert chosen.choose(["after"], 1) is None

    chosen.leave(0)

    assert chosen.choose(["after"], 1) == "after"


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
