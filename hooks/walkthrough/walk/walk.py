"""Walk one page: rent a machine, have it take each step as its reader would, hear what came of it."""

from __future__ import annotations

import contextlib
import json
import pickle
import time
import uuid
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

from pydantic import TypeAdapter

from walkthrough.errors import AbortedError, Location, Problem
from walkthrough.machine.bases import Kind, recipes
from walkthrough.machine.cleanup import same_everywhere
from walkthrough.machine.handing import packed, packed_folder
from walkthrough.machine.reader import Machines
from walkthrough.machine.rented import Machine
from walkthrough.page.itinerary import Itinerary
from walkthrough.page.steps import Step
from walkthrough.walk.abort import CRASHES, disturbance, reason
from walkthrough.walk.inside import GO, HERE
from walkthrough.walk.needs import bases_of, images_of
from walkthrough.walk.outcome import Outcome, Status, Walked
from walkthrough.walk.request import FILE, Request, Visitor

Listener = Callable[[str, int, int, str], None]
"""Called at the beginning of each step with page path, step number from 1, number of steps, title."""

_OUTCOME = TypeAdapter(Outcome)
_PROBLEM = TypeAdapter(Problem)
_under_way: dict[str, Machine] = {}


def abandon() -> None:
    """End the machine of every walk under way in this process, so that it fails soon."""
    for machine in list(_under_way.values()):
        machine.end()


def walk(
    itinerary: Itinerary,
    machines: Machines,
    slot: int,
    state: Path,
    listener: Listener = lambda *_: None,
    *,
    keep_going: bool = False,
    fresh: bool = False,
    visitor: Visitor | None = None,
    keep: frozenset[str] = frozenset(),
    downloads: Mapping[str, bytes] = MappingProxyType({}),
) -> Walked:
    """Walk a page on a machine.

    Whatever goes wrong is an outcome of a step; what is no fault of the page's *aborts* it, with the reason.

    Args:
        slot: the number of the machine, from 0; no two walks of a run have the same on a host at the same time.
        state: the state folder, where this tool's own faults are kept.
        keep_going: after a wrong output, go on (used to record all outputs of a page in one run).
        fresh: take nothing from the build cache that was there before.
        visitor: what it raises aborts the step that was to come.
        keep: names of images that may stay on the machine's engine for later pages, beside those that have a recipe.
        downloads: those of the lab by name, where a step takes them.
    """
    account = Account(itinerary, state, listener, visitor)
    try:
        with contextlib.closing(machines.engine.api()) as api:
            needed = same_everywhere(
                api, bases_of(itinerary) | images_of(itinerary) | (visitor.needs if visitor else set())
            )
            kept = same_everywhere(api, keep | recipes().keys()) | needed
        request = Request(itinerary, keep_going, visitor, needed, kept, fresh, dict(downloads))
        with machines.rented(kind_of(itinerary), slot, {FILE: pickle.dumps(request)}) as machine:
            account.follow(machine)
    except Exception as error:
        account.abort(reason(error, machines.engine, state))
    return account.walked


def kind_of(itinerary: Itinerary) -> Kind:
    """Return the kind of machine that a page is walked on."""
    return itinerary.page.front.machine or "docker"


class Account:
    """What a machine tells of the walk of a page: what came of it is there also where it ends in the middle."""

    def __init__(self, itinerary: Itinerary, state: Path, listener: Listener, visitor: Visitor | None) -> None:
        self._itinerary, self._state, self._listener, self._visitor = itinerary, state, listener, visitor
        self._outcomes: list[Outcome] = []
        self._engine: Mapping[str, str] = {}
        self._started = time.monotonic()

    @property
    def walked(self) -> Walked:
        """What came of it: steps that it did not come to are *not reached*."""
        lost = [Outcome(s.fence.line, s.title, "not reached") for s in self._itinerary.steps[len(self._outcomes) :]]
        seconds = time.monotonic() - self._started
        return Walked(self._itinerary.page.path, (*self._outcomes, *lost), seconds, self._engine)

    def abort(self, why: AbortedError) -> None:
        """Abort the step that was to come."""
        self._stop_with("aborted", Problem(self._next_line(), why.what, why.todo, aborted=True))

    def follow(self, machine: Machine) -> None:
        """Hear what the machine says until the walk is over; one that goes away before aborts it."""
        try:
            self._follow(machine)
        except AbortedError as error:
            self.abort(disturbance(machine.engine, self._state) or error)

    def _follow(self, machine: Machine) -> None:
        identity = uuid.uuid4().hex
        _under_way[identity] = machine
        crashes = self._state / CRASHES
        try:
            for line in machine.lines():
                try:
                    told: dict[str, Any] = json.loads(line.replace(f"{HERE}/{CRASHES}", str(crashes)))
                    if self._heard(told, machine):
                        return
                except (ValueError, TypeError, AttributeError) as error:
                    raise AbortedError(
                        f"the reader's machine says what nobody understands: {error}", "run again"
                    ) from None
        finally:
            del _under_way[identity]
        raise AbortedError(f"the reader's machine has gone: {machine.last_words() or 'it says nothing'}", "run again")

    def _heard(self, told: dict[str, Any], machine: Machine) -> bool:
        """Take one thing that the machine tells; return whether the walk is over."""
        [(what, value)] = told.items()
        if what == "missing":
            for name in value:
                self._hand(name, machine)
            machine.send(GO)
        elif what == "engine":
            self._engine = {str(key): str(one) for key, one in value.items()}
        elif what == "step":
            self._listener(self._itinerary.page.path, *value)
        elif what == "outcome":
            self._outcomes.append(_OUTCOME.validate_python(value))
        elif what == "visited" and self._visitor:
            self._visitor.receive(value)
        elif what == "stopped":
            status, problem = value
            self._stop_with(status, _PROBLEM.validate_python(problem))
        elif what == "fault":
            self._keep(*value)
        elif what == "aborted":
            self.abort(AbortedError(*value))
        return what == "over"

    def _hand(self, name: str, machine: Machine) -> None:
        """Hand an image of the host engine to the machine's own."""
        with contextlib.closing(machine.engine.api()) as api:
            what = same_everywhere(api, [name])[name]
            machine.load(packed(api, name, what, packed_folder(self._state)))

    def _keep(self, name: str, text: str) -> None:
        """Keep the traceback of a fault of this tool where its author finds it."""
        with contextlib.suppress(OSError):
            (self._state / CRASHES).mkdir(parents=True, exist_ok=True)
            (self._state / CRASHES / Path(name).name).write_text(text, encoding="utf-8")

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
