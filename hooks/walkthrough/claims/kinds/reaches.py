"""The claim ``reaches``: to whom a container can connect."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

from pydantic import Field

from walkthrough.claims.claim import Claim, Lie
from walkthrough.claims.finding import Finding
from walkthrough.claims.standing import Containers, each

Place = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*:[1-9]\d{0,4}$")]
"""A name or an IPv4 address, and a TCP port."""


class ReachesClaim(Claim[str]):
    """A TCP connection is taken, by the container's own names, from where it is."""

    name, place, of = "reaches", 400, "container"
    schema = list[Place]
    title = "reaches"
    guide = "where a TCP connection is taken, by the names that it knows: `[db:5432]`"
    many = True
    lie = Lie("reaches: [localhost:4242]", "claimed: reaches localhost:4242; measured:")

    def measure(self, value: str, subject: Containers, key: str) -> Finding:
        """Connect from each."""
        host, _, port = value.rpartition(":")
        hint = "are both on one network, and does it listen there?"
        look = lambda one: subject.reach(one.name, host, int(port)) or "reached"  # noqa: E731
        return each(subject, key, f"reaches {value}", look, "reached".__eq__, hint)

    def mutants(self, value: str, finding: Finding, subject: Containers) -> Iterator[tuple[str, str]]:
        """Yield a name that nobody has."""
        yield "a name that nobody has", f"nobody-{value}"
