"""The claim ``tags``: what a registry offers of a repository."""

from __future__ import annotations

from collections.abc import Iterator

from walkthrough.claims.claim import Claim, Lie, other_lists
from walkthrough.claims.finding import Finding, told
from walkthrough.claims.standing import Repository

Names = list[str]


class TagsClaim(Claim[Names]):
    """The tags of the repository, all of them."""

    name, place, of = "tags", 470, "repository"
    schema = Names
    title = "its tags"
    guide = 'its tags, all of them: `["1.0", stable]`; `[]` where the registry has no such repository'
    lie = Lie("tags: [another]", "claimed: has the tags another; measured: one, two")

    def measure(self, value: Names, subject: Repository, key: str) -> Finding:
        """Compare the names."""
        found, wanted = sorted(subject.tags), sorted(value)
        claim = f"has the tags {', '.join(wanted)}" if wanted else "has no tags"
        return told(key, claim, ", ".join(found) or "none", found == wanted, "docker push")

    def mutants(self, value: Names, finding: Finding, subject: Repository) -> Iterator[tuple[str, Names]]:
        """Yield one more, and each less."""
        return other_lists(value, "one more", "mutant")
