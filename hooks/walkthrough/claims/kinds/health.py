"""The claim ``health``: what a container's health check says."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal, get_args

from walkthrough.claims.claim import Claim, Lie, other_choices
from walkthrough.claims.finding import Finding
from walkthrough.claims.standing import Containers, each

Health = Literal["healthy", "unhealthy", "none"]


class HealthClaim(Claim[Health]):
    """The verdict of the health check, once it is no more starting; ``none`` where there is no check."""

    name, place, of = "health", 330, "container"
    schema = Health
    title = "health"
    guide = "`healthy`, `unhealthy`, or `none` where it has no health check; while it is starting, that is waited for"
    lie = Lie("health: healthy", "claimed: is healthy; measured: none")

    def measure(self, value: Health, subject: Containers, key: str) -> Finding:
        """Compare it, after the start."""
        told = subject.healths()
        hint = "docker inspect shows what the check said, in State.Health.Log"
        claim = f"is {value}" if value != "none" else "has no health check"
        return each(subject, key, claim, lambda one: told[one.name], value.__eq__, hint)

    def mutants(self, value: Health, finding: Finding, subject: Containers) -> Iterator[tuple[str, Health]]:
        """Yield the other verdicts."""
        return other_choices(self.name, get_args(Health), value)
