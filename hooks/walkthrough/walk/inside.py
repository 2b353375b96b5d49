"""In the reader's machine: walk the pages asked for, and tell what comes of each step, a line of JSON each."""

from __future__ import annotations

import contextlib
import json
import os
import pickle
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Set
from pathlib import Path
from typing import Any

from pydantic_core import to_jsonable_python

from walkthrough.errors import AbortedError, Location, Problem, WalkthroughError
from walkthrough.machine.cleanup import reset, same_everywhere
from walkthrough.machine.engine import Engine, reachable
from walkthrough.machine.reader import PROGRAM
from walkthrough.page.itinerary import Itinerary
from walkthrough.page.pages import Page
from walkthrough.project import state_folder
from walkthrough.walk.abort import CRASHES, reason
from walkthrough.walk.guide import Guide
from walkthrough.walk.labfiles import COURSE_FOLDER
from walkthrough.walk.outcome import Outcome, Status
from walkthrough.walk.place import Home
from walkthrough.walk.quiet import Quiet
from walkthrough.walk.request import FILE, Request

GO = "go"
"""The line that is sent to the machine when it has what it needs."""
HERE = Path("/run/docker-labs")
"""The folder of this walk's own files in the machine."""
_JOURNAL = HERE / "journal"
_SOCKET = "unix:///var/run/docker.sock"
_CLIENTS = (Path("/usr/local/bin/docker"), Path("/usr/bin/docker"))
_START_LIMIT = 60.0
_BEAT = 5.0
"""Seconds between two signs of life."""


class Told:
    """The lines that go out; whoever else prints something does not print it there."""

    def __init__(self) -> None:
        self._out = os.fdopen(os.dup(1), "w", encoding="utf-8")
        os.dup2(2, 1)
        self._one = threading.Lock()

    def __call__(self, **told: Any) -> None:
        """Tell one thing, by its name."""
        with self._one, contextlib.suppress(BrokenPipeError):
            print(json.dumps(to_jsonable_python(told)), file=self._out, flush=True)


def main() -> None:
    """Walk the pages of the request; end at once when nobody listens any more."""
    tell, go = Told(), threading.Event()
    threading.Thread(target=_listen, args=(go,), daemon=True).start()
    threading.Thread(target=_live, args=(tell,), daemon=True).start()
    engine: Engine | None = None
    try:
        request: Request = pickle.loads((Path(PROGRAM) / FILE).read_bytes())  # noqa: S301 - the run's own, put there by it
        if request.trail[0].page.front.machine != "fresh":
            client = next(path for path in _CLIENTS if path.exists())
            engine = _started(Engine(_SOCKET, client, "machine's"))
            tell(missing=_prepared(engine, request))
            go.wait()
            tell(engine=engine.version)
        walk_here(request, engine, tell)
    except Exception as error:
        why = reason(error, engine, HERE)
        _tell_faults(tell)
        tell(aborted=[why.what, why.todo])
    tell(over=True)


def _listen(go: threading.Event) -> None:
    """Set ``go`` when that is said; end all that runs here when the other end is closed."""
    for line in sys.stdin:
        if line.strip() == GO:
            go.set()
    os._exit(1)


def _live(tell: Told) -> None:
    while True:
        tell(alive=True)
        time.sleep(_BEAT)


def _tell_faults(tell: Callable[..., None]) -> None:
    """Tell of each fault of this tool that was kept in a file here."""
    for file in sorted((HERE / CRASHES).glob("*")):
        tell(fault=[file.name, file.read_text(encoding="utf-8")])
        file.unlink()


def _started(engine: Engine) -> Engine:
    """Return the machine's engine as soon as it answers.

    Raises:
        AbortedError: where it does not in a minute.
    """
    deadline = time.monotonic() + _START_LIMIT
    while not reachable(engine.host, 2):
        if time.monotonic() > deadline:
            log = Path("/var/log/docker.log")
            said = log.read_text(errors="replace")[-500:] if log.exists() else ""
            raise AbortedError(f"the Docker in the machine does not answer in {_START_LIMIT:.0f} s", f"see why: {said}")
        time.sleep(0.05)
    return engine


def _prepared(engine: Engine, request: Request) -> list[str]:
    """Make the engine as new, and return the images that it lacks."""
    with contextlib.closing(engine.api()) as api:
        reset(api, request.kept)
        _clear(Path.home() / COURSE_FOLDER)
        if request.fresh:
            api.api.prune_builds(all=True)
        known = same_everywhere(api, request.needed)
    return sorted(name for name, what in request.needed.items() if known.get(name) != what)


def _clear(folder: Path) -> None:
    """Remove what is there before the page begins.

    An engine that starts again starts containers with a restart policy again, before anybody can take them away, and
    makes the folders that they mount: as root, so that the page could not write there.

    Raises:
        subprocess.SubprocessError: where it cannot be removed.
    """
    subprocess.run(["sudo", "--non-interactive", "rm", "-rf", "--", str(folder)], check=True, timeout=_START_LIMIT)


def walk_here(request: Request, engine: Engine | None, tell: Callable[..., None]) -> None:
    """Take the steps of the request, in the home of whoever runs this, until one fails.

    Raises:
        WalkthroughError: where a page is of no lab.
    """
    first = request.trail[0].page
    if first.lab is None:
        raise WalkthroughError(f"{first.path} is not a lab page")
    guide = Guide(engine, Home(first.lab, engine, _JOURNAL), HERE, Quiet(state_folder() / "quiet"), request.downloads)
    done = set[str]()
    for number, itinerary in enumerate(request.trail):
        tell(page=number)
        if not (_laid(itinerary, done, guide, request, tell) and _walked(itinerary, guide, request, tell)):
            return
        done |= {itinerary.page.path, *(page.path for page, _ in itinerary.before)}


def _laid(itinerary: Itinerary, done: Set[str], guide: Guide, request: Request, tell: Callable[..., None]) -> bool:
    """Do what comes before a page and is not done yet; return whether it is."""
    for earlier, steps in itinerary.before:
        if earlier.path in done:
            continue
        with guide.session():
            for step in steps:
                outcome = guide.take(earlier, step, request.keep_going)
                if outcome.problems:
                    tell(stopped=_of_foundation(itinerary.page, earlier, outcome))
                    return False
    return True


def _walked(itinerary: Itinerary, guide: Guide, request: Request, tell: Callable[..., None]) -> bool:
    """Walk a page; return whether all its steps did what the page says."""
    page, steps, holds = itinerary.page, itinerary.steps, True
    with guide.session():
        for number, step in enumerate(steps, 1):
            tell(step=[number, len(steps), step.title])
            outcome = guide.take(page, step, request.keep_going)
            _tell_faults(tell)
            tell(outcome=outcome)
            holds = holds and not outcome.problems
            if outcome.status == "aborted" or not (holds or request.keep_going):
                break
            if request.visitor and outcome.status == "passed":
                tell(visited=request.visitor.visit(guide, page, step, outcome))
    return holds


def _of_foundation(page: Page, earlier: Page, outcome: Outcome) -> tuple[Status, Problem]:
    """Return the status and the problem of a page whose foundation ``earlier`` does not get through."""
    first = outcome.problems[0]
    if outcome.status == "aborted":
        return outcome.status, Problem(Location(page.path, 1), first.what, first.todo, aborted=True)
    what = f"this page builds on {earlier.path}, which fails at {first.where}: {first.what}"
    return outcome.status, Problem(Location(page.path, 1), what, "mend that page first")


if __name__ == "__main__":
    main()
    os._exit(0)  # whatever the page has left running ends with the machine
