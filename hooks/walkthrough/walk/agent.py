"""The guide's hands in the reader's machine: they do there what each line of standard input says, as JSON.

It is run there by the machine's own Python, from an archive of the few modules that it needs (``login.py``).
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any, TextIO

from walkthrough.errors import StepError, TimedOutError
from walkthrough.walk.labfiles import LabFiles
from walkthrough.walk.shell import Shell, ShellEndedError

_SCRATCH = "/dev/shm"  # noqa: S108
"""Where a page looks for nothing: a file system in memory."""
_KEPT = ("HOME", "PATH", "USER", "LOGNAME", "SHELL")
"""Variables of the login that the page's shell has; beside these it has a language and a terminal."""


def serve(lab: LabFiles, shell: Shell, asked: TextIO, told: TextIO) -> None:
    """Do what each line of ``asked`` says, until there is no more; tell what came of it in a line of ``told``."""
    ways: dict[str, Callable[..., Any]] = {
        "run": lambda text, timeout: asdict(shell.run(text, timeout)),
        "write": lab.write,
        "change": lab.change,
        "compare": lab.compare,
    }
    for line in asked:
        do, *words = json.loads(line)
        print(json.dumps(_answer(lambda do=do, words=words: ways[do](*words))), file=told, flush=True)  # type: ignore[misc]


def _answer(way: Callable[[], Any]) -> dict[str, Any]:
    try:
        return {"done": way()}
    except ShellEndedError as ended:
        return {"ended": asdict(ended.result)}
    except StepError as error:
        kind = "timed out" if isinstance(error, TimedOutError) else "failed"
        return {kind: [error.what, error.todo, error.detail, error.line]}
    except OSError as error:
        return {"aborted": f"the reader's machine refuses '{error.filename or 'a resource'}': {error.strerror}"}


def main() -> None:
    """Serve on standard input and output; the argument is the lab's name."""
    environment = {name: os.environ[name] for name in _KEPT if name in os.environ}
    environment |= {"LANG": "C.UTF-8", "TERM": "dumb"}
    home = Path.home()
    with tempfile.TemporaryDirectory(dir=_SCRATCH) as scratch, Shell(home, Path(scratch), environment) as shell:
        serve(LabFiles(home, sys.argv[1]), shell, sys.stdin, sys.stdout)
