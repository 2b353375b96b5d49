"""Which pages a change touches: those whose walk would be another one with it."""

from __future__ import annotations

import re
from pathlib import Path

from walkthrough.machine.bases import RELEASES, of_the_machine, recipes
from walkthrough.machine.reader import pinned
from walkthrough.page.course import Course
from walkthrough.page.itinerary import Itinerary
from walkthrough.page.steps import CheckImage
from walkthrough.renew.kind import Change
from walkthrough.walk.needs import bases_of, images_of
from walkthrough.walk.walk import kind_of


def touched(course: Course, change: Change) -> set[str]:
    """Return the paths of the pages that a change touches."""
    paths = {edit.path for edit in change.edits}
    images = made_otherwise(course.project.root, change) | set(change.images)
    found = set[str]()
    for path, itinerary in course.itineraries.items():
        shown = {path, *(page.path for page, _ in itinerary.before)}
        needed = bases_of(itinerary) | images_of(itinerary) | of_the_machine(kind_of(itinerary), RELEASES[0])
        scans = any("/observe/" in one for one in paths) and _is_scanned(itinerary)
        if paths & shown or images & needed or scans or _walks_otherwise(change):
            found.add(path)
    return found


def made_otherwise(root: Path, change: Change) -> set[str]:
    """Return the images whose stand-ins a change makes otherwise: those of its recipes, and those built on them."""
    known = recipes()
    folders = {(root / edit.path).parent.name for edit in change.edits if "/recipes/" in edit.path}
    names = {name for name, recipe in known.items() if recipe.folder.name in folders}
    while more := {name for name, recipe in known.items() if names & set(recipe.facts.needs)} - names:
        names |= more
    return names


def _is_scanned(itinerary: Itinerary) -> bool:
    return any("vulnerabilities" in step.spec.made for step in itinerary.steps if isinstance(step, CheckImage))


def _walks_otherwise(change: Change) -> bool:
    """Return whether what walks a page is another one: a package that it needs there is renewed."""
    needed = set(re.findall(r"^([\w.-]+)==", pinned(), re.MULTILINE))
    return any(one.path == "requirements.txt" and one.name in needed for one in change.renewals)
