"""Who goes along on a walk only to say which images its machine needs beside those that the steps name."""

from __future__ import annotations

from dataclasses import dataclass

from walkthrough.page.pages import Page
from walkthrough.page.steps import Step
from walkthrough.walk.guide import Guide
from walkthrough.walk.outcome import Outcome


@dataclass
class Onlooker:
    """A visitor who looks at nothing; it goes to the machine, so it is apart from what asks for walks."""

    needs: frozenset[str]

    def visit(self, guide: Guide, page: Page, step: Step, outcome: Outcome) -> None:
        """Look at nothing."""

    def receive(self, told: object) -> None:
        """Take nothing."""
