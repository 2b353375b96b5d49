"""The claim ``present``: paths that the image has."""

from __future__ import annotations

from collections.abc import Iterator

from walkthrough.claims.claim import Claim, ImagePath, Lie, call
from walkthrough.claims.finding import Finding, told
from walkthrough.claims.seen import Subject


class PresentClaim(Claim[str]):
    """Each path is in the final file system; links among its folders are followed."""

    name, place = "present", 90
    schema = list[ImagePath]
    title = "has a path"
    guide = "paths in the final file system; links among their folders are followed"
    many = True
    lie = Lie("present: [/nothing]", "claimed: has /nothing; measured: absent")
    shell = r"""
present() {
    if has "$1"; then
        good "has $1"
    else
        bad "has no $1" "copy it in the last stage"
    fi
}
"""

    def measure(self, value: str, subject: Subject, key: str) -> Finding:
        """Look it up as the kernel would."""
        there = bool(subject.image.under(value))
        return told(key, f"has {value}", "present" if there else "absent", there, "copy it in the final stage")

    def mutants(self, value: str, finding: Finding, subject: Subject) -> Iterator[tuple[str, str]]:
        """Yield a path beside it that is not there."""
        yield "another name", f"{value}-too"
        yield "a file below it", f"{value}/mutant"

    def calls(self, value: str) -> Iterator[str]:
        """Yield the script's call."""
        yield call("present", value)
