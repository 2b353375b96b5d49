"""Do things side by side: what claims the same resource waits for each other, and an interrupt ends all of it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Mapping

_PATIENCE = 0.5
"""Seconds between two attempts to end what is under way: it may begin something new in between."""


def side_by_side(
    claims: Mapping[str, Collection[str]],
    work: Callable[[str], None],
    workers: int,
    abandon: Callable[[], None],
    stopped: threading.Event,
) -> None:
    """Call ``work`` with each name of ``claims``, in up to ``workers`` threads at once.

    The threads are daemons: nobody waits at the program's end for what has not begun. When the caller is interrupted,
    or ``stopped`` is set, nothing more begins; ``abandon`` is called until what is under way has ended.

    Args:
        claims: names in the order in which to begin, each with what it claims for itself.
        work: must not raise.
    """
    waiting, claimed, changed = list(claims), set[str](), threading.Condition()

    def take() -> str | None:
        with changed:
            while waiting and not stopped.is_set():
                name = next((name for name in waiting if claimed.isdisjoint(claims[name])), None)
                if name is not None:
                    waiting.remove(name)
                    claimed.update(claims[name])
                    return name
                changed.wait(_PATIENCE)
            return None

    def labour() -> None:
        try:
            while (name := take()) is not None:
                try:
                    work(name)
                finally:
                    with changed:
                        claimed.difference_update(claims[name])
                        changed.notify_all()
        finally:
            with changed:
                at_work.discard(threading.current_thread())
                changed.notify_all()

    def over() -> bool:
        # Not by Thread.join: one that is interrupted takes a living thread for dead (Python 3.11).
        with changed:
            return bool(changed.wait_for(lambda: not at_work, _PATIENCE))

    at_work = set[threading.Thread]()
    try:
        for number in range(workers):
            thread = threading.Thread(target=labour, name=f"pages {number}", daemon=True)
            at_work.add(thread)
            thread.start()
        while not over():
            if stopped.is_set():
                abandon()
    except BaseException:  # an interrupt, most likely: leave at once, but leave nothing behind
        stopped.set()
        while not over():
            abandon()
        raise
