"""The claim ``compressed``: what a pull downloads."""

from __future__ import annotations

from collections.abc import Iterator

from walkthrough.claims.claim import Claim, Lie, Size, bound, call
from walkthrough.claims.finding import Finding, judged
from walkthrough.claims.seen import Subject
from walkthrough.units import Limit


class CompressedClaim(Claim[Limit]):
    """The layers, gzip level 6 each, in bytes."""

    name, place = "compressed", 20
    schema = Size
    title = "size, compressed"
    guide = "what a pull downloads: the layers, gzip level 6 each"
    how = "what a pull downloads: the layers, gzip level 6 each"
    weighs = True
    lie = Lie("compressed: 1 MB", "claimed: size, compressed")
    shell = r"""
compressed() {
    measured=0
    for layer in $(layers); do
        measured=$((measured + $(unpacked "$layer" | gzip -6 | wc -c)))
    done
    if [ "$measured" "-$1" "$2" ]; then
        good "download: about $(bytes "$measured") (limit $(bytes "$2"))"
    else
        bad "download: about $(bytes "$measured"), the limit is $(bytes "$2")" "see what its largest files are: docker export"
    fi
}
"""

    def measure(self, value: Limit, subject: Subject, key: str) -> Finding:
        """Add up the compressed layers."""
        return judged(key, self.title, value, subject.image.compressed)

    def calls(self, value: Limit) -> Iterator[str]:
        """Yield the script's call."""
        yield call("compressed", *bound(value))
