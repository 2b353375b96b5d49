"""What a page needs of an engine: base images, and ports and names that no other may use meanwhile."""

from __future__ import annotations

import re

from walkthrough.machine.bases import names_in
from walkthrough.page.itinerary import Itinerary, executable_texts
from walkthrough.page.steps import ApplyDiff, RunCommands, RunScript, WriteFile

_PORT = re.compile(r"(?:-p|--publish)[ =]?(?:[\d.]+:)?(\d+):\d+")
_NAME = re.compile(r"(?:-t|--tag|--name)[ =]([\w./:-]+)")


def bases_of(itinerary: Itinerary) -> set[str]:
    """Return the names of the base images that a page uses: of its Dockerfiles, its diffs and its commands."""
    every = [step for _, steps in itinerary.before for step in steps] + list(itinerary.steps)
    made = {
        name if ":" in name else f"{name}:latest"
        for text in executable_texts(itinerary)
        for name in _NAME.findall(text)
    }
    texts = [
        step.fence.text
        for step in every
        if isinstance(step, ApplyDiff | RunCommands | RunScript)
        or (isinstance(step, WriteFile) and "dockerfile" in step.path.lower())
    ]
    return {name for name in names_in(texts) if name not in made and f"{name}:latest" not in made}


def resources_of(itinerary: Itinerary) -> set[str]:
    """Return what a page claims for itself on the engine: published ports, image and container names.

    Pages whose claims overlap are not walked at the same time.
    """
    claimed: set[str] = set()
    for text in executable_texts(itinerary):
        claimed |= {f"port {port}" for port in _PORT.findall(text)}
        claimed |= {f"name {name}" for name in _NAME.findall(text)}
    return claimed
