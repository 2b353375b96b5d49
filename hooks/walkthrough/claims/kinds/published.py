"""The claim ``published``: what of a container is reached through the machine."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

from pydantic import Field

from walkthrough.claims.claim import Claim, Lie, other_lists
from walkthrough.claims.finding import Finding
from walkthrough.claims.standing import Containers, each

Published = list[Annotated[str, Field(pattern=r"^[\d.:a-f\[\]]+:\d+->\d+/(tcp|udp|sctp)$")]]


class PublishedClaim(Claim[list[str]]):
    """The ports that it opens on the machine, all of them, each with the address at which it listens."""

    name, place, of = "published", 390, "container"
    schema = Published
    title = "published ports"
    guide = "the ports of the machine that lead to it, all of them: `[127.0.0.1:8080->80/tcp]`; `[]` for none"
    lie = Lie(
        "published: [127.0.0.1:8080->80/tcp]", "claimed: publishes 127.0.0.1:8080->80/tcp alone; measured: nothing"
    )

    def measure(self, value: list[str], subject: Containers, key: str) -> Finding:
        """Compare them."""
        wanted = _joined(value)
        claim = f"publishes {wanted} alone" if value else "publishes nothing"
        hint = "docker run --publish, or 'ports:' in the Compose file"
        return each(subject, key, claim, lambda one: _joined(one.published), wanted.__eq__, hint)

    def mutants(self, value: list[str], finding: Finding, subject: Containers) -> Iterator[tuple[str, list[str]]]:
        """Yield one port more, and each port less."""
        return other_lists(value, "one port more", "127.0.0.1:4242->4242/tcp")


def _joined(ports: list[str] | tuple[str, ...]) -> str:
    return ", ".join(sorted(ports)) or "nothing"
