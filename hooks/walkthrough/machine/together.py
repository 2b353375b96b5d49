"""Runs that share an engine: who is alone on it, who leaves last, and what only one does at a time.

Locks are those of flock(2): of a run that is killed nothing is left, and who waits goes on.
"""

from __future__ import annotations

import contextlib
import fcntl
import itertools
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO

_PATIENCE = 0.2
"""Seconds between two attempts of who must be able to give up."""


def lock_of(engine: str, what: str = "") -> Path:
    """Return a file that runs on the engine with this identity lock, for all users of this computer."""
    return Path(tempfile.gettempdir()) / f"docker-labs-{engine}{what}.lock"


@contextlib.contextmanager
def shared(
    path: Path,
    first: Callable[[], None] = lambda: None,
    last: Callable[[], None] = lambda: None,
    waits: Callable[[], None] = lambda: None,
) -> Iterator[bool]:
    """Share a lock with whoever else does; yield whether nobody else did in the beginning.

    Args:
        first: is done in the beginning where nobody else shares it; who comes meanwhile waits.
        last: is done in the end where nobody else shares it any more; of several who leave together, one does it.
        waits: is told where somebody does one of these, or has the lock for himself.
    """
    with opened(path) as lock:
        alone = _taken(lock, fcntl.LOCK_EX)
        if alone:
            first()
        elif not _taken(lock, fcntl.LOCK_SH):
            waits()
        fcntl.flock(lock, fcntl.LOCK_SH)
        try:
            yield alone
        finally:
            # The share is given up before it is asked whether it was the last: so one of several finds that it was.
            if _taken(lock, fcntl.LOCK_EX):
                last()


@contextlib.contextmanager
def one_at_a_time(path: Path, given_up: Callable[[], bool], waits: Callable[[], None]) -> Iterator[bool]:
    """Hold a lock alone, after waiting for it; yield whether it is held: it is not where ``given_up`` came first.

    Args:
        waits: is told once where somebody else holds it.
    """
    with opened(path) as lock:
        if not (held := _taken(lock, fcntl.LOCK_EX)):
            waits()
        while not held and not given_up():
            time.sleep(_PATIENCE)
            held = _taken(lock, fcntl.LOCK_EX)
        yield held


@contextlib.contextmanager
def numbered(engine: str) -> Iterator[int]:
    """Yield the lowest number, from 0, that no other run of this computer on the engine has."""
    for number in itertools.count():
        with opened(lock_of(engine, f"-{number}")) as lock:
            if _taken(lock, fcntl.LOCK_EX):
                yield number
                return


@contextlib.contextmanager
def opened(path: Path) -> Iterator[IO[str]]:
    """Yield a file to lock, for all users of this computer; it is made where it is not there."""
    with contextlib.suppress(OSError):  # somebody else's, which may still be locked
        path.touch()
        path.chmod(0o666)
    with path.open("r+" if os.access(path, os.W_OK) else "r") as lock:
        yield lock


def _taken(lock: IO[str], how: int) -> bool:
    try:
        fcntl.flock(lock, how | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
