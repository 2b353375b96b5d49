"""The claim ``state``: whether a container runs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal, get_args

from walkthrough.claims.claim import Claim, Lie, other_choices
from walkthrough.claims.finding import Finding
from walkthrough.claims.standing import Containers, each

State = Literal["created", "running", "paused", "restarting", "exited", "dead"]


class StateClaim(Claim[State]):
    """The state that the engine tells of (``docker ps --all``)."""

    name, place, of = "state", 310, "container"
    schema = State
    title = "state"
    guide = "`running`, `exited`, `created`, `paused`, `restarting` or `dead`"
    lie = Lie("state: exited", "claimed: is exited; measured: running")

    def measure(self, value: State, subject: Containers, key: str) -> Finding:
        """Compare it."""
        return each(subject, key, f"is {value}", lambda one: one.state, value.__eq__, "see its log: docker logs")

    def mutants(self, value: State, finding: Finding, subject: Containers) -> Iterator[tuple[str, State]]:
        """Yield the other states."""
        return other_choices(self.name, get_args(State), value)
