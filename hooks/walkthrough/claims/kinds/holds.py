"""The claim ``holds``: what is in a volume."""

from __future__ import annotations

from collections.abc import Iterator

from walkthrough.claims.claim import Claim, ImagePath, Lie
from walkthrough.claims.finding import Finding, told
from walkthrough.claims.standing import Volume


class HoldsClaim(Claim[str]):
    """Each path, from the volume's own root, is there."""

    name, place, of = "holds", 450, "volume"
    schema = list[ImagePath]
    title = "holds a path"
    guide = "paths that are in it, from its own root: `[/number]`"
    many = True
    lie = Lie("holds: [/nothing]", "claimed: holds /nothing; measured: absent")

    def measure(self, value: str, subject: Volume, key: str) -> Finding:
        """Look whether it is there."""
        there = subject.has(value)
        return told(key, f"holds {value}", "present" if there else "absent", there, "does the program write there?")

    def mutants(self, value: str, finding: Finding, subject: Volume) -> Iterator[tuple[str, str]]:
        """Yield a path beside it that is not there."""
        yield "another name", f"{value}-too"
        yield "a file below it", f"{value}/mutant"
