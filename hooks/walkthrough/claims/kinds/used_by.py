"""The claim ``used_by``: who mounts a volume."""

from __future__ import annotations

from collections.abc import Iterator

from walkthrough.claims.claim import Claim, Lie, other_lists
from walkthrough.claims.finding import Finding, told
from walkthrough.claims.standing import Volume

Names = list[str]


class UsedByClaim(Claim[Names]):
    """The containers that mount it, running or not, all of them, by name."""

    name, place, of = "used_by", 460, "volume"
    schema = Names
    title = "used by"
    guide = "the containers that mount it, running or not, all of them: `[db]`; `[]` for a volume that nobody uses"
    lie = Lie("used_by: [db]", "claimed: is used by db; measured: nobody")

    def measure(self, value: Names, subject: Volume, key: str) -> Finding:
        """Compare the names."""
        found, wanted = sorted(subject.users), sorted(value)
        claim = f"is used by {', '.join(wanted) or 'nobody'}"
        return told(key, claim, ", ".join(found) or "nobody", found == wanted, "docker run --volume")

    def mutants(self, value: Names, finding: Finding, subject: Volume) -> Iterator[tuple[str, Names]]:
        """Yield one more, and each less."""
        return other_lists(value, "one more", "mutant")
