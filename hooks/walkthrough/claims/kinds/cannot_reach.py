"""The claim ``cannot_reach``: from whom a container is kept away."""

from __future__ import annotations

from collections.abc import Iterator

from walkthrough.claims.claim import Claim, Lie
from walkthrough.claims.finding import Finding, told
from walkthrough.claims.kinds.reaches import Place
from walkthrough.claims.standing import Containers, each


class CannotReachClaim(Claim[str]):
    """A container of that name listens there, and no connection comes about. Without the first, it would say nothing."""

    name, place, of = "cannot_reach", 410, "container"
    schema = list[Place]
    title = "cannot reach"
    guide = "where it gets no TCP connection, although a container of that name listens there: `[db:5432]`"
    many = True
    lie = Lie("cannot_reach: [nobody:80]", "claimed: cannot reach nobody:80; measured: no container is called nobody")

    def measure(self, value: str, subject: Containers, key: str) -> Finding:
        """Connect from each, after seeing that there is somebody to be kept from."""
        host, _, port = value.rpartition(":")
        claim = f"cannot reach {value}"
        listens = subject.listens(host, int(port))
        if not listens:
            measured = f"no container is called {host}" if listens is None else f"{host} does not listen at {port}"
            return told(key, claim, measured, False, "name one that listens: nobody is ever reached where nobody is")
        hint = "take one of them off the network that both are on"
        look = lambda one: "not reached" if subject.reach(one.name, host, int(port)) else "reached"  # noqa: E731
        return each(subject, key, claim, look, "not reached".__eq__, hint)

    def mutants(self, value: str, finding: Finding, subject: Containers) -> Iterator[tuple[str, str]]:
        """Yield a name that nobody has, and a port at which nobody listens."""
        host, _, port = value.rpartition(":")
        yield "a name that nobody has", f"nobody-{value}"
        yield "a port at which nobody listens", f"{host}:{4242 if port != '4242' else 4243}"
