"""The marks of a walk: the label of what it makes on the engine, the variable of its processes."""

from __future__ import annotations

import contextlib
import os
import signal
from pathlib import Path

WALK_LABEL = "docker-labs.walk"
"""Label of everything that a walk makes; its value is the walk's id."""

WALK_VARIABLE = "LABS_WALK"
"""Environment variable that marks every process of a walk, so that all can be found again, even after a kill."""


def end_marked(walk: str) -> list[int]:
    """Kill every process of this machine that carries the mark of ``walk``; return their ids.

    Reads ``/proc``; where there is none (macOS), there is nothing to find.
    """
    mark = f"{WALK_VARIABLE}={walk}".encode()
    ended = []
    for entry in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if mark in (entry / "environ").read_bytes().split(b"\0"):
                os.kill(int(entry.name), signal.SIGKILL)
                ended.append(int(entry.name))
    return ended
