"""The claim ``env``: variables that the image sets."""

from __future__ import annotations

from collections.abc import Iterator

from walkthrough.claims.claim import Claim, Lie, other_pairs
from walkthrough.claims.finding import Finding, told
from walkthrough.claims.seen import Subject

Named = tuple[str, str]


class EnvClaim(Claim[Named]):
    """Each named variable has that value in every container of the image, as configured."""

    name, place = "env", 60
    schema = dict[str, str]
    title = "sets a variable"
    guide = "variables that the image sets: `{PATH: /usr/bin}`"
    many = True
    lie = Lie("env: {LANG: C.UTF-8}", "claimed: sets LANG=C.UTF-8; measured: LANG is not set")

    def measure(self, value: Named, subject: Subject, key: str) -> Finding:
        """Look it up in the configuration."""
        name, wanted = value
        found = dict(entry.partition("=")[::2] for entry in subject.image.setting("Env") or [])
        measured = f"{name}={found[name]}" if name in found else f"{name} is not set"
        return told(key, f"sets {name}={wanted}", measured, found.get(name) == wanted, "correct ENV in the final stage")

    def mutants(self, value: Named, finding: Finding, subject: Subject) -> Iterator[tuple[str, Named]]:
        """Return another value, the beginning of the value, and another name."""
        return other_pairs(value)
