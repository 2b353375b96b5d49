"""A reader's login on a machine: a shell and the lab's files there, used from here through one process."""

from __future__ import annotations

import contextlib
import io
import json
import os
import select
import subprocess
import time
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

from walkthrough.errors import AbortedError, StepError, TimedOutError
from walkthrough.walk.shell import Completed, ShellEndedError

_PACKAGE = Path(__file__).parent.parent
_NEEDED = {
    ".": ("__init__.py", "errors.py"),
    "page": ("__init__.py", "expected.py", "patch.py"),
    "walk": ("__init__.py", "agent.py", "labfiles.py", "printed.py", "shell.py", "terminal.py"),
}
"""The modules that the agent is made of, by folder: they import each other and Python's own library only."""
_PATIENCE = 60.0
"""Seconds beyond a command's own limit after which a machine that has not answered is given up."""
_END_LIMIT = 10.0


def agent_archive() -> bytes:
    """Return the agent as a zip archive that Python runs."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for folder, names in _NEEDED.items():
            for name in names:
                place = Path(folder, name)
                archive.writestr(f"walkthrough/{place.as_posix()}", (_PACKAGE / place).read_bytes())
        archive.writestr("__main__.py", "from walkthrough.walk.agent import main\nmain()\n")
    return content.getvalue()


class Login:
    """A login on a machine. A command that ends its shell ends the login; the next is a new one, as a reader would do.

    Args:
        command: what runs the agent there, its input and output connected to that of the process here.
        environment: the variables of that process.
    """

    def __init__(self, command: Sequence[str], environment: Mapping[str, str]) -> None:
        self._command, self._environment = command, environment
        self._open()

    def _open(self) -> None:
        self._process = subprocess.Popen(
            self._command,
            env=dict(self._environment),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,  # Ctrl-C is for this program, which then ends the login itself
        )
        self._unread = b""

    def __enter__(self) -> Login:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Log out: the shell and what it started end. To close it again does nothing."""
        with self._process as process:
            assert process.stdin
            with contextlib.suppress(OSError):
                process.stdin.close()
            try:
                process.wait(_END_LIMIT)
            except subprocess.TimeoutExpired:
                process.kill()

    def run(self, text: str, timeout: float) -> Completed:
        """Run a command (or a script) in the shell.

        Raises:
            TimedOutError: when it does not end within ``timeout`` seconds.
            ShellEndedError: when it ends the shell itself; the login is a new one then.
            StepError: when it prints or starts too much.
            AbortedError: when the machine does not answer.
        """
        return Completed(**self._ask(timeout, "run", text, timeout))

    def write(self, path: str, text: str) -> None:
        """Write ``text`` to the lab file ``path``; raises as ``LabFiles`` does."""
        self._ask(0, "write", path, text)

    def change(self, path: str, patch: str, first_line: int) -> None:
        """Apply a unified diff to the lab file ``path``; raises as ``LabFiles`` does."""
        self._ask(0, "change", path, patch, first_line)

    def compare(self, path: str, fragment: str) -> None:
        """Compare a part of the lab file ``path`` with it as it stands; raises as ``LabFiles`` does."""
        self._ask(0, "compare", path, fragment)

    def _ask(self, limit: float, *words: Any) -> Any:
        """Have something done that takes up to ``limit`` seconds, and return what came of it."""
        assert self._process.stdin
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.write(json.dumps(words).encode() + b"\n")
            self._process.stdin.flush()
        [(kind, told)] = json.loads(self._line(time.monotonic() + limit + _PATIENCE)).items()
        if kind == "done":
            return told
        if kind == "ended":
            self.close()
            self._open()
            raise ShellEndedError(Completed(**told))
        if kind == "aborted":
            raise AbortedError(told, "see why")
        raise (TimedOutError if kind == "timed out" else StepError)(*told)

    def _line(self, deadline: float) -> bytes:
        """Return the next line that the agent prints.

        Raises:
            AbortedError: where none comes.
        """
        assert self._process.stdout
        descriptor = self._process.stdout.fileno()
        while b"\n" not in self._unread:
            left = deadline - time.monotonic()
            ready = select.select([descriptor], [], [], max(0, left))[0]
            if not ready:
                self._process.kill()
                raise AbortedError("the reader's machine does not answer any more", "run again")
            part = os.read(descriptor, 1 << 16)
            if not part:
                self._process.wait()
                assert self._process.stderr
                said = self._process.stderr.read().decode(errors="replace").strip()
                raise AbortedError(f"the reader's machine has gone: {said or 'it says nothing'}", "run again")
            self._unread += part
        line, _, self._unread = self._unread.partition(b"\n")
        return line
