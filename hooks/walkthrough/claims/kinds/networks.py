"""The claim ``networks``: whom a container could meet."""

from __future__ import annotations

from collections.abc import Iterator

from walkthrough.claims.claim import Claim, Lie, other_lists
from walkthrough.claims.finding import Finding
from walkthrough.claims.standing import Containers, each

Names = list[str]


class NetworksClaim(Claim[Names]):
    """The networks that it is on, all of them."""

    name, place, of = "networks", 380, "container"
    schema = Names
    title = "networks"
    guide = "the networks that it is on, all of them: `[front, back]`; `[]` for none"
    lie = Lie("networks: [back]", "claimed: is on back alone; measured: bridge")

    def measure(self, value: Names, subject: Containers, key: str) -> Finding:
        """Compare the names."""
        wanted = _joined(value)
        claim = f"is on {wanted} alone" if value else "is on no network"
        hint = "docker run --network, or 'networks:' in the Compose file"
        return each(subject, key, claim, lambda one: _joined(one.networks), wanted.__eq__, hint)

    def mutants(self, value: Names, finding: Finding, subject: Containers) -> Iterator[tuple[str, Names]]:
        """Yield one network more, and each network less."""
        return other_lists(value, "one network more", "mutant")


def _joined(names: Names | tuple[str, ...]) -> str:
    return ", ".join(sorted(names)) or "none"
