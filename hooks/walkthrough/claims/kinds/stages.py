"""The claim ``stages``: no stage of the Dockerfile is there for nothing."""

from __future__ import annotations

from typing import Literal

from walkthrough.claims.claim import Claim, Lie
from walkthrough.claims.finding import Finding, told
from walkthrough.claims.seen import Subject


class StagesClaim(Claim[str]):
    """Every stage is one that BuildKit needed for the image, or that a build of the page asked for."""

    name, place = "stages", 160
    schema = Literal["reached"]
    title = "every stage is used"
    guide = "`reached`: every stage of the Dockerfile is one that BuildKit needed, or that you built"
    lie = Lie("stages: reached", "BuildKit skips unused")

    def measure(self, value: str, subject: Subject, key: str) -> Finding:
        """Ask the builder which stages it needed."""
        stages = subject.stages()
        skipped = [name for name, needed in stages.items() if not needed]
        names = ", ".join(name if needed else f"{name} (skipped)" for name, needed in stages.items())
        measured = f"{len(stages) - len(skipped)} of {len(stages)} stages: {names}"
        hint = f"BuildKit skips {', '.join(skipped)}: nothing that the final stage needs is copied from there"
        return told(key, self.title, measured, not skipped, hint)
