"""The claim ``packages``: what a scanner could find in the image."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from walkthrough.claims.claim import Claim, Count, Lie, call
from walkthrough.claims.finding import Finding, judged
from walkthrough.claims.seen import Subject
from walkthrough.images.packages import TRACES
from walkthrough.units import Limit


class PackagesClaim(Claim[Limit]):
    """Packages of a distribution or of a language, those that are noted in programs and archives among them."""

    name, place = "packages", 70
    schema = Count
    title = "packages that a scanner could find"
    guide = (
        "packages that a scanner could find: of Debian, Alpine or Red Hat, of npm, Python or Java (jars inside jars too),"
        ' modules in Go programs, crates in auditable Rust programs, runtimes such as busybox: `none`, or `">= 100"`'
    )
    how = "packages that a scanner could find, of a distribution or of a language"
    lie = Lie("packages: none", "has no package that a scanner could find; measured:")
    shell = r"""
no_packages() {
    found=$(cut -f 2 "$work/files" | grep -E '@TRACES@' | head -n 1)
    if [ -z "$found" ]; then
        good "has no package of a distribution, of npm, Python or Java"
    else
        bad "has packages: $found" "each can have known vulnerabilities: begin the last stage with FROM scratch"
    fi
}
""".replace("@TRACES@", TRACES)

    def measure(self, value: Limit, subject: Subject, key: str) -> Finding:
        """Count them."""
        found = subject.image.packages
        named = [f"{one.name} {one.version} ({one.ecosystem}) in {one.path}" for one in found[:3]]
        hint = f"a scanner finds {', '.join(named)}" if found else "a scanner finds none"
        finding = judged(key, self.title, value, len(found), hint)
        return replace(finding, claim="has no package that a scanner could find") if value.none else finding

    def calls(self, value: Limit) -> Iterator[str]:
        """Yield the script's call, where none is claimed."""
        if value.none:
            yield call("no_packages")
