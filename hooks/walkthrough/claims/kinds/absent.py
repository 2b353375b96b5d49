"""The claim ``absent``: paths that the image has not."""

from __future__ import annotations

from collections.abc import Iterator

from walkthrough.claims.claim import Claim, ImagePath, Lie, call
from walkthrough.claims.finding import Finding, told
from walkthrough.claims.seen import Subject


class AbsentClaim(Claim[str]):
    """Nothing is at or below each path; links among its folders are followed."""

    name, place = "absent", 100
    schema = list[ImagePath]
    title = "has no path"
    guide = "paths that are not there, nor anything below them; a pattern or a relative path is an error"
    many = True
    lie = Lie("absent: [/bin/sh]", "claimed: has no /bin/sh; measured: present (/usr/bin/sh)")
    shell = r"""
absent() {
    if has "$1"; then
        bad "has $1" "it came with the base image or with a COPY of a whole folder: copy only what the program needs"
    else
        good "has no $1"
    fi
}
"""

    def measure(self, value: str, subject: Subject, key: str) -> Finding:
        """Look it up as the kernel would."""
        below = subject.image.under(value)
        hint = "it came with the base image, or with a COPY of a whole folder"
        return told(key, f"has no {value}", f"present ({below[0]})" if below else "absent", not below, hint)

    def mutants(self, value: str, finding: Finding, subject: Subject) -> Iterator[tuple[str, str]]:
        """Yield a path that is there, and one that is a folder of what is there."""
        file = next((path for path, entry in subject.image.entries.items() if entry.kind == "file"), None)
        if file:
            yield f"absent: [{file}], which is there", file
            folder = file.rpartition("/")[0]
            if folder:
                yield f"absent: [{folder}], in which there is something", folder

    def calls(self, value: str) -> Iterator[str]:
        """Yield the script's call."""
        yield call("absent", value)
