"""The claim ``memory``: what the processes have taken for themselves."""

from __future__ import annotations

from walkthrough.claims.claim import Claim, Lie, Size
from walkthrough.claims.finding import Finding, judged
from walkthrough.claims.seen import Subject
from walkthrough.units import Limit


class MemoryClaim(Claim[Limit]):
    """Memory that no file is behind, after the first answers, in bytes."""

    name, place = "memory", 120
    schema = Size
    title = "memory of its own"
    guide = "what the processes have taken for themselves after the answers; no file is behind it"
    how = "memory that no file is behind, after the first answers"
    needs = ("http", "is measured after the first answers")
    of_run = True
    lie = Lie("memory: 1 kB", "claimed: memory of its own ≤ 1.00 kB; measured:")

    def measure(self, value: Limit, subject: Subject, key: str) -> Finding:
        """Ask the engine for the shared container's, once it has answered."""
        subject.ready(subject.server)
        return judged(key, self.title, value, subject.server.memory())
