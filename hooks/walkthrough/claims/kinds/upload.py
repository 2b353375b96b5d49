"""The claim ``upload``: what a push uploads after an edit of the app."""

from __future__ import annotations

from walkthrough.claims.claim import Claim, Lie, Size
from walkthrough.claims.finding import Finding, judged
from walkthrough.claims.seen import Subject
from walkthrough.units import Limit


class UploadClaim(Claim[Limit]):
    """The layers that are new after the edit that ``reuses`` makes, compressed, in bytes."""

    name, place = "upload", 190
    schema = Size
    title = "a push after an edit uploads"
    guide = "what a push uploads after that edit: the layers that are new, gzip level 6 each"
    how = "what a push uploads after an edit of the app: the layers that are new, gzip level 6 each"
    needs = ("reuses", "is measured after the edit that 'reuses' makes")
    weighs = True
    lie = Lie('upload: ">= 1 MB"', "claimed: a push after an edit of app/server.c uploads ≥ 1.00 MB; measured:")

    def measure(self, value: Limit, subject: Subject, key: str) -> Finding:
        """Compare the layers after the last edit with the image's."""
        file, uploaded = subject.uploaded()
        return judged(key, f"a push after an edit of {file} uploads", value, uploaded)
