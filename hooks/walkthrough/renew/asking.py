"""Asking the clients that know which releases there are, within a time limit; each question once."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path

from walkthrough.renew.running import run

_LIMIT = 300
"""Seconds that a client may take to answer."""
_ADDRESS = re.compile(r"\w+://\S+")
"""Which host a client asks is this machine's matter: it is not told to others."""


class UnaskedError(Exception):
    """A kind of pin cannot be asked for here. Says why, and what to do."""


def ask(*command: str, folder: Path | None = None) -> str:
    """Return what a client printed.

    Raises:
        UnaskedError: where it is not on this machine, failed, or took too long.
    """
    try:
        done = run(command, folder or Path(tempfile.gettempdir()), _LIMIT)
    except FileNotFoundError:
        raise UnaskedError(f"{command[0]} is not on this machine; install it") from None
    except subprocess.TimeoutExpired:
        raise UnaskedError(f"'{' '.join(command)[:80]}' took more than {_LIMIT} s; try again") from None
    if done.returncode:
        said = [line.strip() for line in (done.stderr + done.stdout).splitlines() if line.strip()]
        told = _ADDRESS.sub("…", " ".join(said[-3:]))[:300]
        raise UnaskedError(f"'{' '.join(command)[:80]}' failed: {told or 'it said nothing'}")
    return done.stdout


def known(*command: str) -> str:
    """Return what a client printed, from memory where the same was asked before in this run; so is that it failed.

    Raises:
        UnaskedError: as ``ask``.
    """
    answer = _answer(command)
    if isinstance(answer, UnaskedError):
        raise answer
    return answer


@cache
def _answer(command: tuple[str, ...]) -> str | UnaskedError:
    try:
        return ask(*command)
    except UnaskedError as error:
        return error


def forget() -> None:
    """Forget what was answered: the next question is asked."""
    _answer.cache_clear()


@cache
def uv() -> str:
    """Return the path of uv: that of this machine, else one that pip gets for this run.

    Raises:
        UnaskedError: where pip cannot get it.
    """
    if found := shutil.which("uv"):
        return found
    _KEPT.append(tempfile.TemporaryDirectory(prefix="uv-"))
    ask(
        sys.executable,
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
        "--target",
        _KEPT[-1].name,
        "uv",
    )
    return f"{_KEPT[-1].name}/bin/uv"


_KEPT: list[tempfile.TemporaryDirectory[str]] = []
"""Folders that are removed when this process ends."""
