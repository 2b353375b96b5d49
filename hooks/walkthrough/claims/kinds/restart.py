"""The claim ``restart``: when the engine starts a container again."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal, get_args

from walkthrough.claims.claim import Claim, Lie, other_choices
from walkthrough.claims.finding import Finding
from walkthrough.claims.standing import Containers, each

Policy = Literal["no", "always", "unless-stopped", "on-failure"]


class RestartClaim(Claim[Policy]):
    """The restart policy, as it was asked for."""

    name, place, of = "restart", 340, "container"
    schema = Policy
    title = "restart policy"
    guide = '`"no"`, `always`, `unless-stopped` or `on-failure`'
    lie = Lie("restart: always", "claimed: restart policy always; measured: no")

    def measure(self, value: Policy, subject: Containers, key: str) -> Finding:
        """Compare it."""
        hint = "docker run --restart, or 'restart:' in the Compose file"
        return each(subject, key, f"restart policy {value}", lambda one: one.restart, value.__eq__, hint)

    def mutants(self, value: Policy, finding: Finding, subject: Containers) -> Iterator[tuple[str, Policy]]:
        """Yield the other policies."""
        return other_choices(self.name, get_args(Policy), value)
