"""Running another program, which is gone with all that it began when its time is up or this program ends."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

_GRACE = 30
"""Seconds that a program gets to put away what it began, before it is killed."""


def run(
    command: Sequence[str],
    folder: Path,
    limit: float,
    environment: Mapping[str, str] | None = None,
    show_errors: bool = False,
) -> subprocess.CompletedProcess[str]:
    """Return what a program came to, its output as text; ``limit`` is in seconds.

    With ``show_errors`` its standard error is this program's own, and not in what is returned.

    Raises:
        FileNotFoundError: where there is no such program.
        subprocess.TimeoutExpired: where it took too long.
    """
    with subprocess.Popen(
        command,
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=None if show_errors else subprocess.PIPE,
        text=True,
        errors="replace",
        start_new_session=True,  # so that all of it can be ended, and Ctrl-C is for this program alone
    ) as process:
        try:
            output, errors = process.communicate(timeout=limit)
        except BaseException:
            _end(process)
            raise
    return subprocess.CompletedProcess(process.args, process.returncode, output, errors or "")


def _end(process: subprocess.Popen[str]) -> None:
    for number in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(process.pid, number)
            process.wait(_GRACE)
        except ProcessLookupError:
            return
        except subprocess.TimeoutExpired:
            continue
