"""The changes that a page shows of its files, each with the file before and after it."""

from __future__ import annotations

from dataclasses import dataclass

from walkthrough.page.itinerary import Itinerary
from walkthrough.page.lab import versions
from walkthrough.page.steps import ApplyDiff, WriteFile


@dataclass(frozen=True)
class Change:
    """A change to a file: its path, the language that the file was last shown in, and its text before and after."""

    path: str
    language: str
    before: str
    after: str


def changes(itinerary: Itinerary) -> dict[int, Change]:
    """Return the changes that a page shows, by the number of their fence.

    Raises:
        StepError: where a change does not apply; ``faults`` has told it when the page was read.
    """
    every = [(page, step) for page, steps in (*itinerary.before, (itinerary.page, itinerary.steps)) for step in steps]
    writing = [(page, step) for page, step in every if isinstance(step, WriteFile | ApplyDiff)]
    texts: dict[str, str] = {}
    languages: dict[str, str] = {}
    found: dict[int, Change] = {}
    for (page, step), version in zip(writing, versions(itinerary), strict=True):
        if isinstance(step, WriteFile):
            languages[step.path] = step.fence.language
        elif page is itinerary.page:
            found[step.fence.number] = Change(step.path, languages[step.path], texts[step.path], version.text)
        texts[step.path] = version.text
    return found
