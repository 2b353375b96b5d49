"""The claim ``internal``: whether a network has a way out."""

from __future__ import annotations

from walkthrough.claims.claim import Claim, Lie
from walkthrough.claims.finding import Finding, told
from walkthrough.claims.standing import Network


class InternalClaim(Claim[bool]):
    """Whether the network was made as an internal one (docker network create, --internal)."""

    name, place, of = "internal", 430, "network"
    schema = bool
    title = "internal"
    guide = "`true`: who is on it alone reaches nobody outside, and is reached by nobody there"
    lie = Lie("internal: true", "claimed: is internal; measured: it has a way out")

    def measure(self, value: bool, subject: Network, key: str) -> Finding:
        """Compare it."""
        measured = "internal" if subject.internal else "it has a way out"
        hint = "docker network create --internal, or 'internal: true' in the Compose file"
        return told(key, "is internal" if value else "has a way out", measured, subject.internal == value, hint)
