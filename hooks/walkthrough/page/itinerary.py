"""An itinerary: a page to walk, with the steps of the pages that it builds on."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from walkthrough.page.pages import Page
from walkthrough.page.steps import ApplyDiff, CompareFragment, NotRun, RunCommands, RunScript, Step, WriteFile

_APPEARANCE = {"linenums", "hl_lines"}


@dataclass(frozen=True)
class Itinerary:
    """A page to walk: the page, its steps, and the pages before it whose steps are done first."""

    page: Page
    steps: tuple[Step, ...]
    before: tuple[tuple[Page, tuple[Step, ...]], ...] = ()
    """Each with what a reader does on it; its claims are not among that."""
    skipped: tuple[str, ...] = ()
    """Commands of pages of which the files alone are here: images that they would name are no base images."""
    grown: frozenset[str] = frozenset()
    """Files of the lab that a page which builds on this one shows again, and so decides how they are in the end."""


def shown_files(steps: Iterable[Step]) -> dict[str, int]:
    """Return the lab files that steps write, with the line of the last fence of each."""
    return {step.path: step.fence.line for step in steps if isinstance(step, (WriteFile, ApplyDiff))}


def every_step(itinerary: Itinerary) -> list[Step]:
    """Return the steps of a walk of the page, those of the pages before it first."""
    return [step for _, steps in itinerary.before for step in steps] + list(itinerary.steps)


def needs_downloads(itinerary: Itinerary) -> bool:
    """Return whether a walk of the page takes the lab's downloads."""
    return any(isinstance(step, RunCommands) and step.downloads for step in every_step(itinerary))


def executable_texts(itinerary: Itinerary) -> list[str]:
    """Return the text of everything that a walk of the page runs or writes."""
    texts = []
    for step in every_step(itinerary):
        if isinstance(step, RunCommands | RunScript):
            texts += commands_of(step)
        elif not isinstance(step, NotRun | CompareFragment):
            texts.append(step.fence.text)
    return texts


def commands_of(step: Step) -> list[str]:
    """Return the text of each command of a step; a script is one."""
    if isinstance(step, RunCommands):
        return [command.text for command in step.commands]
    return [step.fence.text] if isinstance(step, RunScript) else []


def content_digest(itinerary: Itinerary) -> str:
    """Return the digest (sha256, hex) of all that decides what a walk of the page does.

    That is each step's language, options and text, of the page and of the pages it builds on, and the machine. Prose,
    line numbers and a fence's looks are no part of it.
    """
    told: list[Any] = [
        [page.lab, [_told(step) for step in steps]]
        for page, steps in (*itinerary.before, (itinerary.page, itinerary.steps))
    ]
    if itinerary.page.front.machine:
        told.append(itinerary.page.front.machine)
    return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()


def _told(step: Step) -> list[Any]:
    options = {name: value for name, value in step.fence.options.items() if name not in _APPEARANCE}
    return [step.fence.language, options, step.fence.text]
