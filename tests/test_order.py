"""The order of pages: those that share a foundation on one machine, others beside them, none left."""

from __future__ import annotations

import pytest

from helpers import ROOT
from walkthrough.doors.order import Order, shard_of, trails
from walkthrough.doors.verify import recorded_seconds
from walkthrough.page.course import read_course
from walkthrough.page.itinerary import Itinerary
from walkthrough.page.pages import FrontMatter, Page, page_of
from walkthrough.page.reading import read_steps
from walkthrough.project import Project
from walkthrough.record.evidence import read_record

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
"""A page that others build on is not bound by the files that it has of another."""


def itineraries(below: dict[str, list[str]] = BELOW, files: dict[str, list[str]] = FILES) -> dict[str, Itinerary]:
    """Return pages, by default those above."""
    pages = {
        name: Page(name, "", 1, FrontMatter(builds_on=earlier, files_of=files.get(name, [])), ())
        for name, earlier in below.items()
    }
    return {
        name: Itinerary(pages[name], (), tuple((pages[one], ()) for one in [*earlier, *files.get(name, [])]))
        for name, earlier in below.items()
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


def test_a_long_page_is_not_left_for_the_end() -> None:
    """To hand its base image to a machine takes less than to wait for it alone, when all else is done."""
    pages = itineraries({name: [] for name in ("first", "short", "long")}, {})
    text = '```dockerfile title="x/Dockerfile"\nFROM debian:trixie-slim\n```\n'
    pages["long"] = Itinerary(pages["long"].page, read_steps(page_of(Project(ROOT), "docs/lab-01-small/long.md", text)))
    chosen = Order(pages, {"first": 300.0, "short": 20.0, "long": 200.0})

    assert chosen.choose(chosen.sort(pages), 0) == "first"
    assert chosen.choose(["long", "short"], 0) == "long"


def test_what_was_for_a_worker_who_has_gone_is_walked_by_another() -> None:
    """Its machine's cache has gone with it."""
    chosen = order()
    assert chosen.choose(["third", "after"], 0) == "third"
    assert chosen.choose(["after"], 1) is None

    chosen.leave(0)

    assert chosen.choose(["after"], 1) == "after"


def test_a_page_with_files_of_several_is_walked_where_the_longest_of_them_was() -> None:
    """Most of what it builds is in that machine's cache."""
    files = {"check": ["short", "long"]}
    pages = itineraries({name: [] for name in ("short", "long", "other", "check")}, files)
    chosen = Order(pages, {"short": 50.0, "long": 90.0, "other": 20.0, "check": 95.0})
    assert chosen.sort(pages) == ["long", "short", "check", "other"]
    assert chosen.choose(["long"], 0) == "long"
    assert chosen.choose(["short"], 1) == "short"

    assert chosen.choose(["check", "other"], 1) == "other"
    assert chosen.choose(["check"], 1) is None
    assert chosen.choose(["check"], 0) == "check"


def test_nobody_stands_by_while_one_has_more_to_do_than_what_he_began_takes_again() -> None:
    """The last of his pages is left to him: it is done sooner where its foundation was."""
    pages = itineraries({"start": [], **{name: ["start"] for name in "abcd"}}, {})
    chosen = Order(pages, {"start": 30.0, **dict.fromkeys("abcd", 100.0)})
    assert chosen.choose(chosen.sort(pages), 0) == "start"

    assert chosen.choose(list("abcd"), 1) == "a"
    assert chosen.choose(list("bcd"), 0) == "b"
    assert chosen.choose(list("cd"), 1) == "c"
    assert chosen.choose(list("d"), 1) is None
    assert chosen.choose(list("d"), 0) == "d"


def test_short_pages_are_walked_beside_long_ones() -> None:
    """Builds take the processors, and what waits costs them little; but nobody stands by for that."""
    pages = itineraries({name: [] for name in ("a", "b", "c", "x", "y")}, {})
    chosen = Order(pages, {**dict.fromkeys("abc", 300.0), **dict.fromkeys("xy", 20.0)}, long=2)
    assert chosen.choose(chosen.sort(pages), 0) == "a"
    assert chosen.choose(list("bcxy"), 1) == "b"

    assert chosen.choose(list("cxy"), 2) == "x"
    assert chosen.choose(list("cy"), 0) == "c"
    assert chosen.choose(list("y"), 2) == "y"


def test_a_long_page_is_walked_beside_long_ones_where_there_is_no_other() -> None:
    """Whoever has nothing else to do begins it."""
    chosen = Order(itineraries({"a": [], "b": []}, {}), {"a": 300.0, "b": 300.0}, long=1)

    assert chosen.choose(["a", "b"], 0) == "a"
    assert chosen.choose(["b"], 1) == "b"


def test_a_page_goes_on_where_the_long_one_ends_that_it_builds_on() -> None:
    """The longest of those that could; what they have before them besides is done in between, and none is left out."""
    pages = itineraries(
        {
            "light": [],
            "first": ["light"],
            "short": ["light", "first"],
            "long": ["light", "first"],
            "second": ["light", "first", "long"],
            "other": ["light"],
        },
        {"second": ["other"]},
    )
    seconds = {"light": 2.0, "first": 50.0, "short": 20.0, "long": 90.0, "second": 30.0, "other": 400.0}

    assert trails(pages, seconds) == {
        "second": ("first", "long", "second"),
        "short": ("short",),
        "other": ("other",),
        "light": ("light",),
    }
    # Without a record, nobody knows that it is long.
    assert trails(pages, {}) == {path: (path,) for path in pages}


def test_a_trail_is_chosen_by_its_end_and_takes_all_its_time() -> None:
    """It comes before what takes longer than its last page, and what builds on its first is walked where that was."""
    pages = itineraries({"start": [], "end": ["start"], "branch": ["start"], "long": []}, {})
    seconds = {"start": 60.0, "end": 50.0, "branch": 20.0, "long": 100.0}
    together = trails(pages, seconds)
    chosen = Order(pages, seconds, trails=together)

    assert chosen.sort(["long", "end"]) == ["end", "long"]
    assert chosen.sort(together) == ["end", "long", "branch"]
    assert chosen.choose(["end", "long", "branch"], 0) == "end"
    assert chosen.choose(["long", "branch"], 1) == "long"
    assert chosen.choose(["branch"], 2) is None
    assert chosen.choose(["branch"], 0) == "branch"


def test_a_trail_does_not_wait_for_pages_that_it_has_files_of() -> None:
    """It is done last if it begins last, and on its machine there is more than they would save it."""
    pages = itineraries({"start": [], "end": ["start"], "files": []}, {"end": ["files"]})
    seconds = {"start": 600.0, "end": 700.0, "files": 200.0}
    together = trails(pages, seconds)
    chosen = Order(pages, seconds, trails=together)

    assert chosen.sort(together) == ["end", "files"]
    assert chosen.choose(["files", "end"], 0) == "files"
    assert chosen.choose(["end"], 1) == "end"


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


def test_what_a_page_waited_for_its_machine_is_no_part_of_its_seconds() -> None:
    """The first pages of a run wait longest, and are often those that all others build on."""
    course = read_course(Project(ROOT))
    whole = {path: read_record(course.project, one.page) for path, one in course.itineraries.items()}

    seconds = recorded_seconds(course)

    assert seconds.keys() == whole.keys()
    assert all(record and seconds[path] < record.seconds for path, record in whole.items())
