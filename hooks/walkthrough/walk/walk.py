"""Walk one page: do each step as its reader would, stop at the first that fails, say what was seen."""

from __future__ import annotations

import contextlib
import threading
import time
import uuid
from collections.abc import Callable
from pathlib import Path

import docker.errors
import requests

from walkthrough.errors import Location, Problem, WalkthroughError
from walkthrough.machine import reader
from walkthrough.machine.cleanup import accounted, end_containers
from walkthrough.machine.engine import Engine
from walkthrough.machine.marks import end_marked
from walkthrough.page.itinerary import Itinerary
from walkthrough.page.pages import Page
from walkthrough.page.steps import Step
from walkthrough.walk.abort import reason
from walkthrough.walk.guide import Guide
from walkthrough.walk.needs import bases_of, images_of, ports_of
from walkthrough.walk.outcome import Outcome, Status, Walked
from walkthrough.walk.place import Here, Place, There
from walkthrough.walk.ports import Ports
from walkthrough.walk.workspace import Workspace

Listener = Callable[[str, int, int, str], None]
"""Called at the beginning of each step with page path, step number from 1, number of steps, title."""

Visitor = Callable[[Guide, Page, Step, Outcome], None]
"""Called after each step of the page that passed, while all that the walk made so far is there."""

_under_way: dict[str, Engine] = {}


def abandon() -> None:
    """End every walk under way in this process: its processes and containers, so that it fails soon and cleans up."""
    for identity, engine in list(_under_way.items()):
        end_marked(identity)
        with contextlib.suppress(docker.errors.DockerException, requests.RequestException, OSError):
            end_containers(engine, identity)


def walk(
    itinerary: Itinerary,
    engine: Engine,
    state: Path,
    listener: Listener = lambda *_: None,
    keep_going: bool = False,
    visitor: Visitor | None = None,
) -> Walked:
    """Walk a page on an engine, in a thread of its own that has moved to the engine's network.

    Whatever goes wrong is an outcome of a step; what is no fault of the page's *aborts* it, with the reason.

    Args:
        state: the state folder; the walk's workspace and account lie below it while it runs.
        keep_going: after a wrong output, go on (used to record all outputs of a page in one run).
        visitor: what it raises aborts the step that was to come.
    """
    begun = _Walk(itinerary, engine, state, listener, keep_going, visitor)
    thread = threading.Thread(target=begun.run, name=f"walk {itinerary.page.path}", daemon=True)
    thread.start()
    thread.join()
    return begun.walked


class _Walk:
    """One walk of a page: its outcomes are there also where it ends in the middle."""

    def __init__(
        self,
        itinerary: Itinerary,
        engine: Engine,
        state: Path,
        listener: Listener,
        keep_going: bool,
        visitor: Visitor | None,
    ) -> None:
        self._itinerary, self._engine, self._state = itinerary, engine, state
        self._listener, self._keep_going, self._visitor = listener, keep_going, visitor
        self._outcomes: list[Outcome] = []
        self._left: list[str] = []
        self._over = False
        self._started = time.monotonic()

    def run(self) -> None:
        """Walk the page; an error that no step caused aborts the step that was to come."""
        try:
            self._engine.enter_network()
            self._walk()
        except Exception as error:
            why = reason(error, self._engine, self._state)
            if self._over:
                self._left.append(f"the workspace: {why}")
            else:
                self._stop_with("aborted", Problem(self._next_line(), why.what, why.todo, aborted=True))

    @property
    def walked(self) -> Walked:
        """What came of it: steps that it did not come to are *not reached*."""
        lost = [Outcome(s.fence.line, s.title, "not reached") for s in self._itinerary.steps[len(self._outcomes) :]]
        seconds = time.monotonic() - self._started
        return Walked(self._itinerary.page.path, (*self._outcomes, *lost), seconds, tuple(self._left))

    def _next(self) -> Step:
        """Return the step that was to come; after the last one, that one."""
        steps = self._itinerary.steps
        return steps[min(len(self._outcomes), len(steps) - 1)]

    def _next_line(self) -> Location:
        return self._itinerary.page.at(self._next().fence.line)

    def _stop_with(self, status: Status, problem: Problem) -> None:
        step = self._next()
        del self._outcomes[len(self._itinerary.steps) - 1 :]
        self._outcomes.append(Outcome(step.fence.line, step.title, status, problems=(problem,)))

    def _walk(self) -> None:
        page = self._itinerary.page
        identity = uuid.uuid4().hex[:12]
        if page.lab is None:
            raise WalkthroughError(f"{page.path} is not a lab page")
        with (
            contextlib.ExitStack() as given_back,  # last of all, when the walk's containers are gone
            contextlib.ExitStack() as stack,
            Workspace(self._state / "walks", page.lab) as workspace,
            accounted(self._engine, self._state / "walks", identity, workspace.root, self._left.append),
        ):
            _under_way[identity] = self._engine
            stack.callback(_under_way.pop, identity)
            ports = Ports(ports_of(self._itinerary), self._engine, identity)
            given_back.callback(ports.give_back)
            place: Place = Here(self._engine, identity, workspace)
            if page.front.machine:
                machine = stack.enter_context(reader.started(self._engine, identity, page.front.machine))
                if page.front.machine == "docker":
                    machine.load(bases_of(self._itinerary) | images_of(self._itinerary))
                place = There(machine, page.lab)
            self._take_steps(Guide(self._engine, place, self._state), ports)
            self._over = True

    def _take_steps(self, guide: Guide, ports: Ports) -> None:
        page, steps = self._itinerary.page, self._itinerary.steps
        for earlier, earlier_steps in self._itinerary.before:
            with guide.session():
                for step in earlier_steps:
                    with ports.used_by(step):
                        outcome = guide.take(earlier, step, self._keep_going)
                    if outcome.problems:
                        self._stop_with(outcome.status, _of_foundation(page, earlier, outcome))
                        return
        with guide.session():
            for number, step in enumerate(steps, 1):
                self._listener(page.path, number, len(steps), step.title)
                with ports.used_by(step):
                    outcome = guide.take(page, step, self._keep_going)
                    self._outcomes.append(outcome)
                    if outcome.status == "aborted" or (outcome.problems and not self._keep_going):
                        return
                    if self._visitor and outcome.status == "passed":
                        self._visitor(guide, page, step, outcome)


def _of_foundation(page: Page, earlier: Page, outcome: Outcome) -> Problem:
    """Return the problem of a page whose foundation ``earlier`` does not get through."""
    first = outcome.problems[0]
    if outcome.status == "aborted":
        return Problem(Location(page.path, 1), first.what, first.todo, aborted=True)
    what = f"this page builds on {earlier.path}, which fails at {first.where}: {first.what}"
    return Problem(Location(page.path, 1), what, "mend that page first")
