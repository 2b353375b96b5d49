"""The claim ``vulnerabilities``: known faults of what is in the image, by a scan that took place."""

from __future__ import annotations

from dataclasses import replace

from walkthrough.claims.claim import Claim, Count, Lie
from walkthrough.claims.finding import Finding, judged
from walkthrough.claims.seen import Scanned, Subject
from walkthrough.errors import StepError
from walkthrough.units import Limit


class VulnerabilitiesClaim(Claim[Limit]):
    """Reports of known faults in the packages of the image, each counted once; all of its packages must be scanned.

    An image without packages is refused: a scan that had nothing to look at has found nothing for that reason alone.
    """

    name, place = "vulnerabilities", 75
    schema = Count
    title = "known vulnerabilities"
    guide = (
        "known faults of its packages: Go's by govulncheck on a database whose day is told, Debian's by what its suites"
        " offer today. Fails where other packages are in it, or none at all, as nothing can scan those here: `none`"
    )
    how = "known faults of the packages in it, by the scans that the evidence names"
    images = ("debian:trixie", "golang:1.27-trixie")
    lie = Lie("vulnerabilities: none", "GO-2026-6809 in stdlib v1.26.8, mended in v1.26.10", image="behind")

    def measure(self, value: Limit, subject: Subject, key: str) -> Finding:
        """Scan, and count what is reported."""
        found = subject.scanned()
        if found.missing:
            why = "; ".join(f"{ecosystem}: {reason}" for ecosystem, reason in found.missing.items())
            raise StepError(f"not all of it was scanned: {why}", "claim 'packages' instead")
        if not found.scans:
            raise StepError("a scanner finds no package to look up, so nothing was scanned", "claim 'packages: none'")
        reports = [
            f"{one.name} in {one.package} {one.version}" + (f", mended in {one.mended}" if one.mended else "")
            for one in found.reports
        ]
        finding = judged(key, f"{self.title} {_scans(found)}", value, len(reports), "; ".join(reports))
        return replace(finding, claim=f"has no known vulnerability {_scans(found)}") if value.none else finding


def _scans(found: Scanned) -> str:
    """Return what was scanned, by what, of which day, in brackets."""
    words = [f"{one.packages} {one.ecosystem} packages by {one.by} of {one.day}" for one in found.scans]
    return f"({'; '.join(words)})"
