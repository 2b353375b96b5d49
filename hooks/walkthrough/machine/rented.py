"""A reader's machine that runs: lines go in, lines come out, and it ends where its input does."""

from __future__ import annotations

import contextlib
import os
import select
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from walkthrough.errors import AbortedError
from walkthrough.machine.engine import Engine

_LOAD_LIMIT = 300.0
_END_LIMIT = 20.0
_PATIENCE = 60.0
"""Seconds after which a machine that says nothing is given up; one that lives says so every few seconds."""


class Machine:
    """A machine that runs. To be entered, and left."""

    def __init__(self, engine: Engine, name: str) -> None:
        self.engine, self.name = engine, name
        self._said = tempfile.TemporaryFile()  # noqa: SIM115 - closed on leaving
        self._process = subprocess.Popen(
            [str(engine.docker), "start", "--attach", "--interactive", name],
            env=engine.whole_environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._said,
            start_new_session=True,  # Ctrl-C is for this program, which then ends the machine itself
        )
        self._unread = b""

    def __enter__(self) -> Machine:
        return self

    def __exit__(self, *_: object) -> None:
        with self._said, self._process as process:
            assert process.stdin
            with contextlib.suppress(OSError):
                process.stdin.close()
            try:
                process.wait(_END_LIMIT)
            except subprocess.TimeoutExpired:
                process.kill()

    def send(self, line: str) -> None:
        """Write a line to it; one that has gone is told of by ``lines``."""
        assert self._process.stdin
        with contextlib.suppress(OSError):
            self._process.stdin.write(line.encode() + b"\n")
            self._process.stdin.flush()

    def lines(self) -> Iterator[str]:
        """Yield each line that it writes, until it ends.

        Raises:
            AbortedError: where it says nothing for a minute.
        """
        assert self._process.stdout
        descriptor = self._process.stdout.fileno()
        heard = time.monotonic()
        while True:
            line, newline, rest = self._unread.partition(b"\n")
            if newline:
                self._unread = rest
                yield line.decode(errors="replace")
                continue
            if not select.select([descriptor], [], [], max(0.0, heard + _PATIENCE - time.monotonic()))[0]:
                raise AbortedError("the reader's machine does not answer any more", "run again")
            part = os.read(descriptor, 1 << 16)
            if not part:
                return
            heard = time.monotonic()
            self._unread += part

    def last_words(self) -> str:
        """Return the end of what it said beside its lines."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(_END_LIMIT)
        self._said.seek(0)
        return self._said.read().decode(errors="replace").strip()[-500:]

    def end(self) -> None:
        """End it at once, whatever it does."""
        self.engine.command("rm", "--force", "--volumes", self.name)

    def load(self, archive: Path) -> None:
        """Hand an archive with an image to the machine's own engine.

        Raises:
            AbortedError: where it does not take it.
        """
        loading = [str(self.engine.docker), "exec", "--interactive", self.name, "docker", "load", "--quiet"]
        with archive.open("rb") as stream:
            try:
                loaded = subprocess.run(
                    loading,
                    env=self.engine.whole_environment,
                    stdin=stream,
                    capture_output=True,
                    timeout=_LOAD_LIMIT,
                    check=False,
                )
            except subprocess.TimeoutExpired:
                raise AbortedError(f"a base image is not taken by the machine in {_LOAD_LIMIT:.0f} s") from None
        if loaded.returncode:
            raise AbortedError(
                f"the machine does not take a base image: {loaded.stderr.decode(errors='replace')[-500:]}"
            )
