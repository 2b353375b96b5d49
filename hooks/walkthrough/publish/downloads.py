"""Each file that a page shows as a download of its own: the bytes of its block, at an address of its own."""

from __future__ import annotations

from pathlib import PurePosixPath

from walkthrough.page.itinerary import Itinerary
from walkthrough.page.pages import Page
from walkthrough.page.steps import WriteFile

_LIVE = {".htm", ".html", ".md", ".svg"}
"""Endings of files that would become pages of this site, or be shown as if they were; they are told to be text."""


def address(page: Page, step: WriteFile) -> str:
    """Return where below the site a block's file lies: a page may show a file often, and differently each time."""
    folder = f"{page.lab}/files/{page.flat_name}/{step.fence.number}"
    name = PurePosixPath(step.path)
    return f"{folder}/{name.name}.txt" if name.suffix in _LIVE else f"{folder}/{name.name}"


def downloads(itineraries: dict[str, Itinerary]) -> dict[str, bytes]:
    """Return every shown file by its path below the site."""
    return {
        address(itinerary.page, step): step.fence.text.encode()
        for itinerary in itineraries.values()
        for step in itinerary.steps
        if isinstance(step, WriteFile)
    }
