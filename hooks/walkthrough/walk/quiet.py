"""Let a measurement have the processors to itself: all share them until a time is late, and is measured again."""

from __future__ import annotations

import contextlib
import fcntl
from collections.abc import Iterator
from pathlib import Path


class Quiet:
    """A lock that many may share or one may hold alone, kept in a folder that machines of one host share.

    Who waits for quiet comes before new sharers: he stands at the gate, through which they go one after the other. What
    a machine holds that is gone, the kernel gives back (flock(2)).
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._gate, self._hall = folder / "gate", folder / "hall"

    @contextlib.contextmanager
    def shared(self) -> Iterator[None]:
        """Work beside others, but not while somebody measures or waits to."""
        with self._hall.open("a") as hall:
            with self._gate.open("a") as gate:
                fcntl.flock(gate, fcntl.LOCK_EX)
                fcntl.flock(hall, fcntl.LOCK_SH)
            yield

    @contextlib.contextmanager
    def alone(self) -> Iterator[None]:
        """Measure while nobody else works."""
        with self._gate.open("a") as gate, self._hall.open("a") as hall:
            fcntl.flock(gate, fcntl.LOCK_EX)
            fcntl.flock(hall, fcntl.LOCK_EX)
            yield
