"""What one command prints: read as it comes, up to a limit, so that nothing of it lands on a disk."""

from __future__ import annotations

import array
import fcntl
import os
import termios
import threading
from pathlib import Path
from types import TracebackType

from walkthrough.walk.terminal import screen_lines

_PART = 65_536


class Printed:
    """A named pipe at ``path`` for a command to print to; at most ``limit`` bytes are kept.

    A background job may keep the pipe after the command has ended. What it prints then is no command's output: it is
    read and dropped, so that the job does not wait for a reader, and after ``limit`` bytes of it the pipe breaks.
    """

    def __init__(self, path: Path, limit: int) -> None:
        self._limit = limit
        self._kept = bytearray()
        os.mkfifo(path)
        self.descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        # Held until the command has ended, so that the pipe is not at its end before the command has opened it.
        self._held = os.open(path, os.O_WRONLY | os.O_CLOEXEC)

    def __enter__(self) -> Printed:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is None:
            self.read_rest()
        os.close(self._held)
        os.set_blocking(self.descriptor, True)
        try:
            threading.Thread(target=_drop, args=(self.descriptor, self._limit), name="output", daemon=True).start()
        except RuntimeError:  # no process can be started any more: the pipe breaks at once
            os.close(self.descriptor)

    @property
    def text(self) -> str:
        """What was printed."""
        return self._kept.decode(errors="replace")

    @property
    def tail(self) -> str:
        """The last 20 lines of what was printed."""
        return "\n".join(screen_lines(self._kept[-4000:].decode(errors="replace"))[-20:])

    def read(self) -> bool:
        """Read what there is; return whether more was printed than is kept."""
        part = os.read(self.descriptor, _PART)
        left = self._limit - len(self._kept)
        self._kept += part[:left]
        return len(part) > left

    def read_rest(self) -> None:
        """Read what is in the pipe now: all that was printed before, and no more of what a job goes on printing."""
        there = array.array("i", [0])
        fcntl.ioctl(self.descriptor, termios.FIONREAD, there)
        self._kept += os.read(self.descriptor, there[0])[: self._limit - len(self._kept)] if there[0] else b""


def _drop(descriptor: int, limit: int) -> None:
    """Read a pipe to its end, or to ``limit`` bytes, and close it."""
    try:
        while limit > 0:
            part = os.read(descriptor, _PART)
            if not part:
                return
            limit -= len(part)
    finally:
        os.close(descriptor)
