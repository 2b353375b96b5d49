"""Load on an address: requests at a steady rate, whatever becomes of those before, and a command in the middle."""

from __future__ import annotations

import subprocess
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor

import requests

from walkthrough.claims.standing import Loaded
from walkthrough.errors import StepError
from walkthrough.observe.http import fetch

_ANSWER_LIMIT = 10.0
"""Seconds after which a request without an answer is lost."""
_COMMAND_LIMIT = 120.0
_AT_ONCE = 100
"""Requests under way at once: a server that is gone for a second leaves as many as the rate without an answer."""
_BEHIND = 2.0
"""Seconds by which requests may be late before it is no load of that rate any more."""
_BAD = 400


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
        why: list[str] = []
        asked = 0
        began = time.monotonic()
        with ThreadPoolExecutor(_AT_ONCE, "load") as pool:

            def ask(due: float) -> None:
                if (late := time.monotonic() - due) > _BEHIND:
                    why.append(f"asked {late:.1f} s late: too many wait for an answer")
                elif told := _lost(self._url):
                    why.append(told)

            while asked < rate * seconds or (command and command.running):
                due = began + asked / rate
                time.sleep(max(0.0, due - time.monotonic()))
                if command and asked >= rate * seconds // 3:
                    command.begin()
                pool.submit(ask, due)
                asked += 1
        if command:
            command.hold()
        return Loaded(asked, len(why), why[0] if why else "")


def _lost(url: str) -> str:
    """Ask once; return why it got no good answer, or an empty text."""
    try:
        answer = fetch(url, _ANSWER_LIMIT)
    except requests.RequestException as error:
        reason = str(error).rpartition(": ")[2].strip("'\")")
        return reason or type(error).__name__
    if not answer.whole:
        return "half an answer"
    return f"status {answer.status}" if answer.status >= _BAD else ""


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
            command, said = ["bash", "-c", self._text], self._said
            self._process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=said, stderr=said)

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
                self._process.kill()
                self._process.wait()
                raise StepError(f"'{self._text}' does not end in {_COMMAND_LIMIT:.0f} s", "correct the command")
            if self._process.returncode:
                self._said.seek(0)
                what = f"'{self._text}' ends with exit status {self._process.returncode}"
                raise StepError(what, "correct the command", self._said.read().decode(errors="replace")[-2000:])
