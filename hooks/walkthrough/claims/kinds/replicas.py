"""The claim ``replicas``: how many containers a service has."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

from pydantic import Field

from walkthrough.claims.claim import Claim, Lie
from walkthrough.claims.finding import Finding
from walkthrough.claims.standing import Containers


class ReplicasClaim(Claim[int]):
    """The containers of the service that run."""

    name, place, of = "replicas", 420, "service"
    schema = Annotated[int, Field(gt=0)]
    title = "replicas"
    guide = "how many containers of it run"
    lie = Lie("replicas: 3", "claimed: runs in 3 containers; measured: 1")

    def measure(self, value: int, subject: Containers, key: str) -> Finding:
        """Count them."""
        running = sum(one.state == "running" for one in subject.seen)
        hint = "" if running == value else "'scale:' in the Compose file, or docker compose up --scale"
        return Finding(
            key, f"runs in {value} container{'s' if value != 1 else ''}", running, "count", running == value, hint
        )

    def mutants(self, value: int, finding: Finding, subject: Containers) -> Iterator[tuple[str, int]]:
        """Yield one more and one less."""
        yield "one more", value + 1
        if value > 1:
            yield "one less", value - 1
