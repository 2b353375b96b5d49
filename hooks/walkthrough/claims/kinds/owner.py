"""The claim ``owner``: to whom paths of the image belong."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

from pydantic import StringConstraints

from walkthrough.claims.claim import Claim, ImagePath, Lie
from walkthrough.claims.finding import Finding, told
from walkthrough.claims.seen import Subject

Owned = tuple[str, str]
Owner = Annotated[str, StringConstraints(pattern=r"^\d+:\d+$")]
"""User and group by number: names mean what the image's own ``/etc/passwd`` says, and a lean image has none."""


class OwnerClaim(Claim[Owned]):
    """Each path belongs to that user and group, by number."""

    name, place = "owner", 105
    schema = dict[ImagePath, Owner]
    title = "belongs to"
    guide = "user and group of a path, by number: `{/data: '65532:65532'}`"
    many = True
    lie = Lie("owner: {/server: '65532:65532'}", "claimed: /server belongs to 65532:65532; measured: 0:0")

    def measure(self, value: Owned, subject: Subject, key: str) -> Finding:
        """Look at the path's entry in the image."""
        path, wanted = value
        owner = subject.file(path).owner
        return told(key, f"{path} belongs to {wanted}", owner, owner == wanted, "say it with COPY --chown")

    def mutants(self, value: Owned, finding: Finding, subject: Subject) -> Iterator[tuple[str, Owned]]:
        """Yield another user, another group, and a path that is not there."""
        path, wanted = value
        user, _, group = wanted.partition(":")
        yield "another user", (path, f"{int(user) + 1}:{group}")
        yield "another group", (path, f"{user}:{int(group) + 1}")
        yield "a path that is not there", (f"{path}-too", wanted)
