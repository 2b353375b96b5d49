"""The claim ``layers``: how many layers the image has."""

from __future__ import annotations

from walkthrough.claims.claim import Claim, Count, Lie
from walkthrough.claims.finding import Finding, judged
from walkthrough.claims.seen import Subject
from walkthrough.units import Limit


class LayersClaim(Claim[Limit]):
    """The layers of the image, those of its base image included; settings make none."""

    name, place = "layers", 25
    schema = Count
    title = "layers"
    guide = "how many layers it has, those of its base image included"
    how = "layers, those of the base image included"
    lie = Lie("layers: 1", "claimed: layers ≤ 1; measured: 3")

    def measure(self, value: Limit, subject: Subject, key: str) -> Finding:
        """Count them."""
        layers = subject.image.layers
        hint = "each RUN, COPY and ADD of the final stage makes one" if layers else ""
        return judged(key, self.title, value, len(layers), hint)
