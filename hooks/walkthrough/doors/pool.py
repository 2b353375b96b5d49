"""Do things side by side, and end all of it at an interrupt."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable

_PATIENCE = 0.5
"""Seconds between two attempts to end what is under way: it may begin something new in between."""


def side_by_side(
    names: Iterable[str],
    work: Callable[[str, int], bool | None],
    workers: int,
    abandon: Callable[[], None],
    stopped: threading.Event,
    choose: Callable[[list[str], int], str | None] = lambda waiting, _: waiting[0],
) -> None:
    """Call ``work`` with each name and the number of the worker who does it, in up to ``workers`` threads at once.

    The threads are daemons: nobody waits at the program's end for what has not begun. When the caller is interrupted,
    or ``stopped`` is set, nothing more begins; ``abandon`` is called until what is under way has ended.

    Args:
        work: must not raise. It returns False where the name waits again, for whom ``choose`` lets have it then.
        choose: returns which of those that wait, in order, a worker of that number does next; where it returns None,
            another worker must be chosen for them.
    """
    waiting, busy, changed = list(names), set[int](), threading.Condition()

    def take(worker: int) -> str | None:
        with changed:
            while not stopped.is_set():
                name = choose(waiting, worker) if waiting else None
                if name is not None:
                    waiting.remove(name)
                    busy.add(worker)
                    return name
                if not waiting and not busy:
                    break
                changed.wait(_PATIENCE)  # who is at work may leave something to others
            return None

    def labour(worker: int) -> None:
        try:
            while (name := take(worker)) is not None:
                done = work(name, worker) is not False
                with changed:
                    busy.discard(worker)
                    waiting[:0] = [] if done else [name]
                    changed.notify_all()
        finally:
            with changed:
                busy.discard(worker)
                at_work.discard(threading.current_thread())
                changed.notify_all()

    def over() -> bool:
        # Not by Thread.join: one that is interrupted takes a living thread for dead (Python 3.11).
        with changed:
            return bool(changed.wait_for(lambda: not at_work, _PATIENCE))

    at_work = set[threading.Thread]()
    try:
        for number in range(workers):
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
