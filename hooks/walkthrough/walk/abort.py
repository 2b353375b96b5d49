"""Why a walk was aborted: what is no fault of the page, in one sentence, with what to do about it."""

from __future__ import annotations

import errno
import os
import shutil
import traceback
import uuid
from datetime import datetime
from pathlib import Path

import docker.errors
import requests

from walkthrough.errors import AbortedError, WalkthroughError
from walkthrough.machine.engine import Engine

CRASHES = "crashes"
"""Folder of the state folder that keeps the tracebacks of this tool's own faults."""
_LEAST_FREE = 32 * 2**20
"""Bytes of free disk below which nothing that failed is held against a page."""
_FULL = {errno.ENOSPC, errno.EDQUOT}
_OF_THE_MACHINE = {errno.EACCES, errno.EPERM, errno.EROFS, errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.EIO}
_AGAIN = {
    "own": "start it, and run again",
    "embedded": "run again: it is started anew",
    "machine's": "it was that of the reader's machine; run again, on a new one",
}
_ANSWER_LIMIT = 10.0
"""Seconds that a busy engine may take to say that it is there."""


def disturbance(engine: Engine | None, state: Path) -> AbortedError | None:
    """Return what keeps every page from being walked just now: an engine that is gone, a disk that is full."""
    if engine and not engine.answers(_ANSWER_LIMIT):
        return AbortedError(f"the Docker engine at {engine.host} does not answer any more", _AGAIN[engine.kind])
    if state.exists() and shutil.disk_usage(state).free < _LEAST_FREE:
        return _full(str(state))
    return None


def reason(error: BaseException, engine: Engine | None, state: Path) -> AbortedError:
    """Return in words what an error means that is no fault of a page.

    A fault of this tool is told as one, and its traceback is kept in a file that the words name.
    """
    if isinstance(error, AbortedError):
        return error
    if isinstance(error, OSError) and error.errno in _FULL:
        return _full(str(error.filename or state))
    disturbed = disturbance(engine, state)
    if disturbed:
        return disturbed
    if isinstance(error, WalkthroughError):
        return AbortedError(str(error))
    if isinstance(error, docker.errors.APIError):
        return AbortedError(f"the Docker engine reports: {words_of(error)}", "look at the engine's log, and run again")
    if isinstance(error, docker.errors.DockerException | requests.RequestException):
        return AbortedError(f"the Docker engine did not answer a request: {_first_line(error)}", "run again")
    if isinstance(error, OSError) and error.errno in _OF_THE_MACHINE:
        return AbortedError(f"this machine refuses '{error.filename or 'a resource'}': {error.strerror}", "see why")
    return _own_fault(error, state)


def words_of(error: docker.errors.APIError) -> str:
    """Return the engine's own words on a request that it refused."""
    return str(error.explanation or error).strip()


def _full(place: str) -> AbortedError:
    return AbortedError(f"the disk of {place} is full", "free some, 'docker system df' says what Docker holds")


def _own_fault(error: BaseException, state: Path) -> AbortedError:
    told = f"this is a fault of the tool, not of the page: {_first_line(error) or type(error).__name__}"
    text = "".join(traceback.format_exception(error))
    place = state / CRASHES / f"{datetime.now():%Y-%m-%d-%H%M%S}-{os.getpid()}-{uuid.uuid4().hex[:6]}.txt"
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text, encoding="utf-8")
    except OSError as problem:
        where = traceback.extract_tb(error.__traceback__)[-1:]
        at = f"{where[0].filename}:{where[0].lineno}" if where else "an unknown place"
        return AbortedError(f"{told} (at {at}; its traceback cannot be kept: {problem.strerror})", "report it")
    return AbortedError(told, f"report it with {place}")


def _first_line(error: BaseException) -> str:
    name, words = type(error).__name__, str(error).strip().split("\n")[0]
    return f"{name}: {words}" if words else name
