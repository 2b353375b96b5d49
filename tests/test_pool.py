"""Pages side by side: at once where they may, one after the other where they claim the same, none after a stop."""

from __future__ import annotations

import signal
import threading

import pytest

from walkthrough.doors.pool import side_by_side


def test_what_claims_nothing_in_common_is_done_at_the_same_time() -> None:
    """Both are there before either ends."""
    meeting = threading.Barrier(2)

    def work(_name: str) -> None:
        meeting.wait(30)

    side_by_side({"a": {"port 1"}, "b": {"port 2"}}, work, 2, pytest.fail, threading.Event())

    assert not meeting.broken


def test_what_claims_the_same_waits_and_lets_others_pass() -> None:
    """The third begins before the second, which waits for the first."""
    begun: list[str] = []
    others_turn = threading.Event()

    def work(name: str) -> None:
        begun.append(name)
        if name == "a":
            assert others_turn.wait(30)
        if name == "c":
            others_turn.set()

    side_by_side({"a": {"port 1"}, "b": {"port 1"}, "c": set()}, work, 2, pytest.fail, threading.Event())

    assert begun == ["a", "c", "b"]


def test_nothing_begins_after_a_stop() -> None:
    """What is under way is abandoned; what waits is left."""
    stopped, abandoned, begun = threading.Event(), threading.Event(), list[str]()

    def work(name: str) -> None:
        begun.append(name)
        stopped.set()
        assert abandoned.wait(30)

    side_by_side({"a": (), "b": (), "c": ()}, work, 1, abandoned.set, stopped)

    assert begun == ["a"]


def test_an_interrupt_ends_what_is_under_way_and_begins_nothing() -> None:
    """Ctrl-C: as soon as what is under way has ended, the interrupt goes on its way."""
    abandoned, begun, ended = threading.Event(), list[str](), list[str]()

    def work(name: str) -> None:
        begun.append(name)
        signal.raise_signal(signal.SIGINT)
        assert abandoned.wait(30)
        ended.append(name)

    with pytest.raises(KeyboardInterrupt):
        side_by_side({"a": (), "b": ()}, work, 1, abandoned.set, threading.Event())

    assert begun == ended == ["a"]
