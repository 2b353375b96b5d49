"""Walk pages: rent a machine, have it take each step as its reader would, hear what came of it."""

from __future__ import annotations

import contextlib
import json
import pickle
import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TypedDict, Unpack

from pydantic import TypeAdapter

from walkthrough.errors import AbortedError, Problem
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


def walk(itinerary: Itinerary, machines: Machines, slot: int, state: Path, **how: Unpack[How]) -> Walked:
    """Walk a page on a machine of its own: the trail of one page."""
    (walked,) = walk_on((itinerary,), machines, slot, state, **how)
    return walked


class How(TypedDict, total=False):
    """How to walk.

    ``keep_going``: after a wrong output, go on (used to record all outputs of a page in one run). ``fresh``: take
    nothing from the build cache that was there before. ``visitor``: what it raises aborts the step that was to come.
    ``keep``: names of images that may stay on the machine's engine for later pages, beside those that have a recipe.
    ``downloads``: those of the lab by name, where a step takes them.
    """

    listener: Listener
    keep_going: bool
    fresh: bool
    visitor: Visitor | None
    keep: frozenset[str]
    downloads: Mapping[str, bytes]


def walk_on(
    trail: Sequence[Itinerary], machines: Machines, slot: int, state: Path, **how: Unpack[How]
) -> Iterator[Walked]:
    """Walk pages on one machine, each of which builds on those before it; yield what comes of each as soon as it is so.

    Whatever goes wrong is an outcome of a step; what is no fault of the page's *aborts* it, with the reason. The pages
    after one that does not hold are not walked, and nothing is yielded of them.

    Args:
        slot: the number of the machine, from 0; no two walks of a run have the same on a host at the same time.
        state: the state folder, where this tool's own faults are kept.
    """
    visitor = how.get("visitor")
    hearing = Hearing(trail, state, how.get("listener", lambda *_: None), visitor)
    try:
        with contextlib.closing(machines.engine.api()) as api:
            images = {name for one in trail for name in bases_of(one) | images_of(one)}
            needed = same_everywhere(api, images | (visitor.needs if visitor else set()))
            kept = same_everywhere(api, how.get("keep", frozenset()) | recipes().keys()) | needed
        request = Request(
            tuple(trail),
            how.get("keep_going", False),
            visitor,
            needed,
            kept,
            how.get("fresh", False),
            dict(how.get("downloads", {})),
        )
        with machines.rented(kind_of(trail[0]), slot, {FILE: pickle.dumps(request)}) as machine:
            yield from hearing.follow(machine)
    except Exception as error:
        hearing.abort(reason(error, machines.engine, state))
    yield hearing.walked


def kind_of(itinerary: Itinerary) -> Kind:
    """Return the kind of machine that a page is walked on."""
    return itinerary.page.front.machine or "docker"


class Account:
    """What came of the walk of a page: it is there also where the walk ends in the middle."""

    def __init__(self, itinerary: Itinerary) -> None:
        self._itinerary, self._started = itinerary, time.monotonic()
        self._outcomes: list[Outcome] = []

    def walked(self, engine: Mapping[str, str]) -> Walked:
        """Return what came of it: steps that it did not come to are *not reached*."""
        lost = [Outcome(s.fence.line, s.title, "not reached") for s in self._itinerary.steps[len(self._outcomes) :]]
        seconds = time.monotonic() - self._started
        return Walked(self._itinerary.page.path, (*self._outcomes, *lost), seconds, engine)

    def add(self, outcome: Outcome) -> None:
        """Take what came of the step that was to come."""
        self._outcomes.append(outcome)

    def stop(self, status: Status, problem: Problem) -> None:
        """End it at the step that was to come."""
        step = self._next()
        del self._outcomes[len(self._itinerary.steps) - 1 :]
        self._outcomes.append(Outcome(step.fence.line, step.title, status, problems=(problem,)))

    def abort(self, why: AbortedError) -> None:
        """Abort the step that was to come."""
        where = self._itinerary.page.at(self._next().fence.line)
        self.stop("aborted", Problem(where, why.what, why.todo, aborted=True))

    def _next(self) -> Step:
        """Return the step that was to come; after the last one, that one."""
        steps = self._itinerary.steps
        return steps[min(len(self._outcomes), len(steps) - 1)]


class Hearing:
    """What a machine tells of the pages of a trail."""

    def __init__(
        self,
        trail: Sequence[Itinerary],
        state: Path,
        listener: Listener = lambda *_: None,
        visitor: Visitor | None = None,
    ) -> None:
        self._trail, self._state, self._listener, self._visitor = trail, state, listener, visitor
        self._at = 0
        self._account = Account(trail[0])
        self._engine: Mapping[str, str] = {}

    @property
    def walked(self) -> Walked:
        """What came of the page that the machine is at."""
        return self._account.walked(self._engine)

    def abort(self, why: AbortedError) -> None:
        """Abort the page that the machine is at."""
        self._account.abort(why)

    def follow(self, machine: Machine) -> Iterator[Walked]:
        """Hear what the machine says until the walk is over; one that goes away before aborts it.

        Yields what came of each page that the machine goes on from. What is last, ``walked`` tells.
        """
        try:
            yield from self._follow(machine)
        except AbortedError as error:
            self.abort(disturbance(machine.engine, self._state) or error)

    def _follow(self, machine: Machine) -> Iterator[Walked]:
        identity = uuid.uuid4().hex
        _under_way[identity] = machine
        crashes = self._state / CRASHES
        try:
            for line in machine.lines():
                before = self._account
                try:
                    told: dict[str, Any] = json.loads(line.replace(f"{HERE}/{CRASHES}", str(crashes)))
                    over = self._heard(told, machine)
                except (ValueError, TypeError, AttributeError, IndexError) as error:
                    raise AbortedError(
                        f"the reader's machine says what nobody understands: {error}", "run again"
                    ) from None
                if before is not self._account:
                    yield before.walked(self._engine)
                if over:
                    return
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
        elif what == "page" and value == self._at + 1:
            self._account, self._at = Account(self._trail[value]), value
        elif what == "step":
            self._listener(self._trail[self._at].page.path, *value)
        elif what == "outcome":
            self._account.add(_OUTCOME.validate_python(value))
        elif what == "visited" and self._visitor:
            self._visitor.receive(value)
        elif what == "stopped":
            status, problem = value
            self._account.stop(status, _PROBLEM.validate_python(problem))
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
