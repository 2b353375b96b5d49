"""The claim ``digests``: what a tag in a registry leads to."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

from pydantic import AfterValidator, Field

from walkthrough.claims.claim import Claim, Lie
from walkthrough.claims.finding import Finding, told
from walkthrough.claims.standing import Repository

Named = tuple[str, str]
_SUM = "sha256:"
Tag = Annotated[str, Field(pattern=r"^\w[\w.-]{0,127}$")]
Reference = Annotated[str, Field(pattern=rf"^(\w[\w.-]{{0,127}}|{_SUM}[0-9a-f]{{64}})$")]
"""A tag or a digest (distribution/reference)."""


def _of_others(value: dict[str, str]) -> dict[str, str]:
    for tag, wanted in value.items():
        if tag == wanted:
            raise ValueError(f"'{tag}' has its own digest, whatever that is; name another tag")
    return value


class DigestsClaim(Claim[Named]):
    """Each named tag has that digest, or that of another tag."""

    name, place, of = "digests", 480, "repository"
    schema = Annotated[dict[Tag, Reference], AfterValidator(_of_others)]
    title = "its digests"
    guide = 'by tag, the tag that has the same digest, or the digest itself: `{stable: "1.0"}`'
    many = True
    lie = Lie("digests: {one: two}", "claimed: one has the digest of two; measured: one: sha256:")

    def measure(self, value: Named, subject: Repository, key: str) -> Finding:
        """Compare the sums of the two manifests."""
        tag, wanted = value
        found = subject.digest(tag)
        if wanted.startswith(_SUM):
            return told(key, f"{tag} has the digest {wanted}", found, found == wanted, "docker push")
        other = subject.digest(wanted)
        claim = f"{tag} has the digest of {wanted}"
        measured = f"{tag}: {found}" if found == other else f"{tag}: {found}, {wanted}: {other}"
        return told(key, claim, measured, found == other, "docker tag, then docker push")

    def mutants(self, value: Named, finding: Finding, subject: Repository) -> Iterator[tuple[str, Named]]:
        """Yield the digest of nothing, a tag that there is not, and each tag with another digest."""
        tag, wanted = value
        yield "a digest that nothing has", (tag, _SUM + "0" * 64)
        yield "a tag that there is not", (f"{tag}-mutant", wanted)
        for other in subject.tags:
            if subject.digest(other) != subject.digest(tag):
                yield f"the digest of {other}", (tag, other)
