"""The claim ``members``: who is on a network."""

from __future__ import annotations

from collections.abc import Iterator

from walkthrough.claims.claim import Claim, Lie, other_lists
from walkthrough.claims.finding import Finding, told
from walkthrough.claims.standing import Network

Names = list[str]


class MembersClaim(Claim[Names]):
    """The containers that run on it, all of them, by name."""

    name, place, of = "members", 440, "network"
    schema = Names
    title = "members"
    guide = "the containers that run on it, all of them: `[web, db]`; `[]` for none"
    lie = Lie("members: [db]", "claimed: has db on it; measured: nobody")

    def measure(self, value: Names, subject: Network, key: str) -> Finding:
        """Compare the names."""
        found, wanted = sorted(subject.members), sorted(value)
        claim = f"has {', '.join(wanted) or 'nobody'} on it"
        return told(key, claim, ", ".join(found) or "nobody", found == wanted, "docker network connect, or disconnect")

    def mutants(self, value: Names, finding: Finding, subject: Network) -> Iterator[tuple[str, Names]]:
        """Yield one more, and each less."""
        return other_lists(value, "one more", "mutant")
