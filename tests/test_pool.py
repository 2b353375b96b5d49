"""Pages side by side: each by one worker, the next as it is chosen, none after a stop."""

from __future__ import annotations

import signal
import threading

import pytest

from walkthrough.doors.pool import side_by_side


def test_two_workers_are_at_work_at_the_same_time() -> None:
    """Both are there before either ends, each with a number of its own."""
    meeting, workers = threading.Barrier(2), set[int]()

    def work(_name: str, worker: int) -> None:
        workers.add(worker)
        meeting.wait(30)

    side_by_side(["a", "b"], work, 2, pytest.fail, threading.Event())

    assert workers == {0, 1}


def test_each_worker_does_next_what_is_chosen_for_it() -> None:
    """Of those that wait, in the order in which they were given; nobody is asked for when none wait."""
    chosen: list[tuple[list[str], int]] = []
    done: list[str] = []

    def choose(waiting: list[str], worker: int) -> str:
        chosen.append((list(waiting), worker))
        return waiting[-1]

    side_by_side(["a", "b", "c"], lambda name, _: done.append(name), 1, pytest.fail, threading.Event(), choose)

    assert done == ["c", "b", "a"]
    assert chosen == [(["a", "b", "c"], 0), (["a", "b"], 0), (["a"], 0)]


def test_nothing_begins_after_a_stop() -> None:
    """What is under way is abandoned; what waits is left."""
    stopped, abandoned, begun = threading.Event(), threading.Event(), list[str]()

    def work(name: str, _worker: int) -> None:
        begun.append(name)
        stopped.set()
        assert abandoned.wait(30)

    side_by_side(["a", "b", "c"], work, 1, abandoned.set, stopped)

    assert begun == ["a"]


def test_an_interrupt_ends_what_is_under_way_and_begins_nothing() -> None:
    """Ctrl-C: as soon as what is under way has ended, the interrupt goes on its way."""
    abandoned, begun, ended = threading.Event(), list[str](), list[str]()

    def work(name: str, _worker: int) -> None:
        begun.append(name)
        signal.raise_signal(signal.SIGINT)
        assert abandoned.wait(30)
        ended.append(name)

    with pytest.raises(KeyboardInterrupt):
        side_by_side(["a", "b"], work, 1, abandoned.set, threading.Event())

    assert begun == ended == ["a"]


def test_what_a_worker_cannot_do_is_done_by_another_that_has_waited() -> None:
    """One puts back what only it could have when it began; the other had nothing to do and has not gone home."""
    begun, given_up = list[tuple[str, int]](), threading.Event()

    def choose(waiting: list[str], worker: int) -> str | None:
        return waiting[0] if given_up.is_set() == (worker == 1) else None

    def work(name: str, worker: int) -> bool:
        begun.append((name, worker))
        given_up.set()
        return worker == 1

    side_by_side(["a"], work, 2, pytest.fail, threading.Event(), choose)

    assert begun == [("a", 0), ("a", 1)]
