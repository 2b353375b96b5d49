"""The claim ``stored``: what a registry keeps for a repository."""

from __future__ import annotations

from walkthrough.claims.claim import Claim, Lie, Size
from walkthrough.claims.finding import Finding, judged
from walkthrough.claims.standing import Repository
from walkthrough.units import Limit


class StoredClaim(Claim[Limit]):
    """The layers of all its tags, as they were pushed, each once, in bytes."""

    name, place, of = "stored", 490, "repository"
    schema = Size
    title = "layers in the registry"
    guide = "what the registry keeps for it: the layers of all its tags, packed as they were pushed, each once"
    how = "the layers of all tags, packed as they were pushed, each once"
    lie = Lie("stored: 1 kB", "claimed: layers in the registry")

    def measure(self, value: Limit, subject: Repository, key: str) -> Finding:
        """Add them up."""
        return judged(key, self.title, value, subject.stored)
