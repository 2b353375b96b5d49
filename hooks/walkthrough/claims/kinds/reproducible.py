"""The claim ``reproducible``: the same sources give the same image."""

from __future__ import annotations

from walkthrough.claims.claim import Claim, Lie
from walkthrough.claims.finding import Finding, told
from walkthrough.claims.seen import Subject


class ReproducibleClaim(Claim[bool]):
    """Two builds without cache, with SOURCE_DATE_EPOCH, give the same configuration and the same files.

    Times of files count as far as they lie before SOURCE_DATE_EPOCH; later ones are set to it, as BuildKit's
    ``rewrite-timestamp`` does.
    """

    name, place = "reproducible", 210
    schema = bool
    title = "is reproducible"
    guide = (
        "`true`: two builds without cache, with `SOURCE_DATE_EPOCH`, give the same image, times later than that aside"
    )
    of_build = True
    lie = Lie(
        "reproducible: true", "claimed: two builds give the same image; measured: they differ in /built", image="sick"
    )

    def measure(self, value: bool, subject: Subject, key: str) -> Finding:
        """Build twice and compare."""
        differing = subject.built_twice()
        claim = "two builds give the same image" if value else "two builds give different images"
        measured = f"they differ in {', '.join(differing[:3])}" if differing else "the same"
        hint = "what depends on the time, on chance or on the order of things in it?"
        return told(key, claim, measured, bool(differing) is not value, hint)
