"""Do things side by side, and end all of it at an interrupt."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable

_PATIENCE = 0.5
"""Seconds between two attempts to end what is under way: it may begin something new in between."""


def side_by_side(
    names: Iterable[str],
    work: Callable[[str, int], None],
    workers: int,
    abandon: Callable[[], None],
    stopped: threading.Event,
    choose: Callable[[list[str], int], str | None] = lambda waiting, _: waiting[0],
) -> None:
    """Call ``work`` with each name and the number of the worker who does it, in up to ``workers`` threads at once.

    The threads are daemons: nobody waits at the program's end for what has not begun. When the caller is interrupted,
    or ``stopped`` is set, nothing more begins; ``abandon`` is called until what is under way has ended.

    Args:
        work: must not raise.
        choose: returns which of those that wait, in order, a worker of that number does next; None sends it home.
    """
    waiting, changed = list(names), threading.Condition()

    def take(worker: int) -> str | None:
        with changed:
            if not waiting or stopped.is_set():
                return None
            name = choose(waiting, worker)
            if name is not None:
                waiting.remove(name)
            return name

    def labour(worker: int) -> None:
        try:
            while (name := take(worker)) is not None:
                work(name, worker)
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
        for number in range(min(workers, len(waiting))):
            thread = threading.Thread(target=labour, args=(number,), name=f"pages {number}", daemon=True)
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
