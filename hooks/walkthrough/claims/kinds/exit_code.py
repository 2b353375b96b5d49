"""The claim ``exit_code``: how a container ended."""

from __future__ import annotations

from collections.abc import Iterator

from walkthrough.claims.claim import Claim, Lie
from walkthrough.claims.finding import Finding
from walkthrough.claims.standing import Containers, each


class ExitCodeClaim(Claim[int]):
    """The exit code of a container that has ended."""

    name, place, of = "exit_code", 320, "container"
    schema = int
    title = "ended"
    guide = "the exit code of one that has ended"
    lie = Lie("exit_code: 3", "claimed: ended with 3; measured: running")

    def measure(self, value: int, subject: Containers, key: str) -> Finding:
        """Compare it; of one that has not ended, its state is told."""
        return each(
            subject,
            key,
            f"ended with {value}",
            lambda one: str(one.exit_code) if one.state in ("exited", "dead") else one.state,
            str(value).__eq__,
            "see its log: docker logs",
        )

    def mutants(self, value: int, finding: Finding, subject: Containers) -> Iterator[tuple[str, int]]:
        """Yield another code, and the one that every success has, or a failure."""
        yield "another exit code", value + 1
        yield "the opposite", 0 if value else 1
