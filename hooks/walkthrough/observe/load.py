"""Load on an address: requests at a steady rate, whatever becomes of those before, and a command in the middle."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import tempfile
import time
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import requests

from walkthrough.claims.standing import Loaded
from walkthrough.errors import StepError

_ANSWER_LIMIT = 10.0
"""Seconds after which a request without an answer is lost."""
_COMMAND_LIMIT = 120.0
_AT_ONCE = 500
"""Requests under way at once: as many as the highest rate sends while the first of them may still be answered."""
_BEHIND = 2.0
"""Seconds by which a request may be sent late before it is no load of that rate any more."""
_PART = 1 << 16
_OWN = ("PYTHON", "LABS_")
"""How the variables begin that are this tool's, and of which a reader's shell has none."""


class LoadedAddress:
    """An address of a server."""

    def __init__(self, url: str) -> None:
        self._url = url

    def load(self, rate: int, seconds: int, meanwhile: str) -> Loaded:
        """Ask at a steady rate, each time by a connection of its own.

        Requests begin when they are due, not when earlier ones are answered: a server that stands still for a while is
        asked all the same (an open model, as in Schroeder, Wierman and Harchol-Balter, "Open Versus Closed", 2006).
        """
        command = _Command(meanwhile) if meanwhile else None
        asked: list[Future[str]] = []
        began = time.monotonic()
        with ThreadPoolExecutor(_AT_ONCE, "load") as pool:
            while len(asked) < rate * seconds or (command and command.running):
                due = began + len(asked) / rate
                time.sleep(max(0.0, due - time.monotonic()))
                if command and len(asked) >= rate * seconds // 3:
                    command.begin()
                asked.append(pool.submit(_ask, self._url, due))
        if command:
            command.hold()
        why = [told for told in (future.result() for future in asked) if told]
        return Loaded(len(asked), len(why), why[0] if why else "")


def _ask(url: str, due: float) -> str:
    """Ask once, at its time; return why there was no good answer, or an empty text.

    Raises:
        StepError: where it is too late to ask.
    """
    if (late := time.monotonic() - due) > _BEHIND:
        what = f"the machine is too busy to ask so often: a request was sent {late:.1f} s late"
        raise StepError(what, "run again, or ask less often")
    deadline = time.monotonic() + _ANSWER_LIMIT
    try:
        with requests.Session() as session:
            session.trust_env = False  # neither a proxy nor a password file
            with session.get(url, timeout=_ANSWER_LIMIT, allow_redirects=False, stream=True) as response:
                for _ in response.iter_content(_PART):
                    if time.monotonic() > deadline:
                        return f"no whole answer in {_ANSWER_LIMIT:.0f} s"
                return "" if 200 <= response.status_code < 300 else f"status {response.status_code}"
    except (requests.RequestException, ValueError) as error:  # the second, of an address to go to that is none
        return str(error).rpartition(": ")[2].strip("'\")") or type(error).__name__


class _Command:
    """A command that is run in the middle, as the machine's user in a new shell."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._said = tempfile.TemporaryFile()  # noqa: SIM115 - it goes with this; a pipe would wait for who inherits it
        self._process: subprocess.Popen[bytes] | None = None
        self._limit = 0.0

    def begin(self) -> None:
        """Begin it, the first time."""
        if self._process is None:
            self._limit = time.monotonic() + _COMMAND_LIMIT
            self._process = subprocess.Popen(
                ["bash", "-c", self._text],
                cwd=Path.home(),
                env={name: value for name, value in os.environ.items() if not name.startswith(_OWN)},
                stdin=subprocess.DEVNULL,
                stdout=self._said,
                stderr=self._said,
                start_new_session=True,
            )

    @property
    def running(self) -> bool:
        """Whether it has not ended, and may still."""
        return self._process is None or (self._process.poll() is None and time.monotonic() < self._limit)

    def hold(self) -> None:
        """Demand that it has succeeded.

        Raises:
            StepError: where it has not.
        """
        assert self._process is not None
        with self._said:
            if self._process.poll() is None:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(self._process.pid, signal.SIGKILL)
                self._process.wait()
                raise StepError(f"'{self._text}' does not end in {_COMMAND_LIMIT:.0f} s", "correct the command")
            if self._process.returncode:
                self._said.seek(0)
                what = f"'{self._text}' ends with exit status {self._process.returncode}"
                raise StepError(what, "correct the command", self._said.read().decode(errors="replace")[-2000:])
