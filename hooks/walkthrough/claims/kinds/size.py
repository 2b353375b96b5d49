"""The claim ``size``: what the files of all layers add up to."""

from __future__ import annotations

from collections.abc import Iterator

from walkthrough.claims.claim import Claim, Lie, Size, bound, call
from walkthrough.claims.finding import Finding, judged
from walkthrough.claims.seen import Subject
from walkthrough.units import Limit, size_text


class SizeClaim(Claim[Limit]):
    """The sum of the files of all layers, those that a later layer hides included, in bytes."""

    name, place = "size", 10
    schema = Size
    title = "size, uncompressed"
    guide = 'the sum of the files of all layers, in exact bytes; a limit, or `">= 100 MB"`'
    how = "uncompressed: the sum of the files of all layers"
    weighs = True
    lie = Lie("size: 1 MB", "claimed: size, uncompressed")
    shell = r"""
size() {
    measured=$(awk '{ sum += $1 } END { printf "%d", sum }' "$work/sizes")
    if [ "$measured" "-$1" "$2" ]; then
        good "size: $(bytes "$measured") (limit $(bytes "$2"))"
    else
        bad "size: $(bytes "$measured"), the limit is $(bytes "$2")" \
            "its largest file is $(sed -n '1s/^[0-9]* //p' "$work/sizes"), $(bytes "$(sed -n '1s/ .*//p' "$work/sizes")")"
    fi
}
"""

    def measure(self, value: Limit, subject: Subject, key: str) -> Finding:
        """Add up the layers as they were read."""
        image = subject.image
        largest = max(image.layers, key=lambda layer: layer.size, default=None)
        hint = f"its largest layer is {size_text(largest.size)}: {largest.created_by[:100]}" if largest else ""
        return judged(key, self.title, value, image.size, hint)

    def calls(self, value: Limit) -> Iterator[str]:
        """Yield the script's call."""
        yield call("size", *bound(value))
