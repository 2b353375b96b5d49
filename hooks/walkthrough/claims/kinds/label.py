"""The claim ``label``: labels that the image carries."""

from __future__ import annotations

from collections.abc import Iterator

from walkthrough.claims.claim import Claim, Lie, other_pairs
from walkthrough.claims.finding import Finding, told
from walkthrough.claims.seen import Subject

Named = tuple[str, str]


class LabelClaim(Claim[Named]):
    """Each named label has that value, as configured."""

    name, place = "label", 61
    schema = dict[str, str]
    title = "carries a label"
    guide = "labels that it carries: `{org.opencontainers.image.title: web}`"
    many = True
    lie = Lie("label: {version: '1'}", "claimed: is labelled version=1; measured: there is no label version")

    def measure(self, value: Named, subject: Subject, key: str) -> Finding:
        """Look it up in the configuration."""
        name, wanted = value
        found = subject.image.setting("Labels") or {}
        measured = f"{name}={found[name]}" if name in found else f"there is no label {name}"
        claim = f"is labelled {name}={wanted}"
        return told(key, claim, measured, found.get(name) == wanted, "correct LABEL in the final stage")

    def mutants(self, value: Named, finding: Finding, subject: Subject) -> Iterator[tuple[str, Named]]:
        """Return another value, the beginning of the value, and another name."""
        return other_pairs(value)
