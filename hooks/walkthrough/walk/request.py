"""What is asked of a machine: pages to walk, and how."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from walkthrough.page.itinerary import Itinerary
from walkthrough.page.pages import Page
from walkthrough.page.steps import Step
from walkthrough.walk.guide import Guide
from walkthrough.walk.outcome import Outcome

FILE = "walk.pickle"
"""The file beside the program that holds the request."""


class Visitor(Protocol):
    """Who looks at each step that passed, while all that the walk made is there. It goes along to the machine."""

    needs: frozenset[str]
    """Names of images that it needs there."""

    def visit(self, guide: Guide, page: Page, step: Step, outcome: Outcome) -> Any:
        """Look at a step, in the machine; what it raises aborts the step that was to come."""

    def receive(self, told: Any) -> None:
        """Take what ``visit`` returned, as JSON has it, where the run is."""


@dataclass(frozen=True)
class Request:
    """Pages to walk one after the other: each after the first builds on those before it, which are done already then.

    ``needed`` are the images that the machine must have, and ``kept`` those that may stay for later pages, each with
    what it is (``same_everywhere``).
    """

    trail: tuple[Itinerary, ...]
    keep_going: bool
    visitor: Visitor | None
    needed: Mapping[str, str]
    kept: Mapping[str, str]
    fresh: bool = False
    """Whether nothing is taken from the build cache that was there before."""
    downloads: Mapping[str, bytes] = field(default_factory=dict)
    """The lab's downloads by name, where a step takes them."""
