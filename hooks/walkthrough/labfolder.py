"""The lab as a folder: ``labs/<lab>/`` holds the files as a reader has them at the end, generated from the pages."""

from __future__ import annotations

import re
from dataclasses import dataclass

from walkthrough.course import Course, shown_files
from walkthrough.errors import Problem
from walkthrough.pages import Page
from walkthrough.patch import apply_patch
from walkthrough.project import Project
from walkthrough.steps import ApplyDiff, WriteFile
from walkthrough.walk import Itinerary

_GENERATED = "README.md", "evidence"
_PAGE_LINK = re.compile(r"\]\((?![a-z]+:|#)([\w./-]+\.md(?:#[\w-]+)?\))")


@dataclass(frozen=True)
class Drift:
    """A committed lab file that is not what its page shows: ``line`` is that of the fence, ``how`` says how."""

    path: str
    line: int
    how: str


def write_lab(project: Project, itinerary: Itinerary, write: bool = True) -> list[Drift]:
    """Bring the committed files of a page up to date, or only compare, without ``write``.

    Returns:
        the files that were not as they should be.
    """
    folder = project.labs / str(itinerary.page.lab)
    lines = shown_files(itinerary.steps)
    drift = []
    for path, text in final_files(itinerary).items():
        place = folder / path
        known = place.read_text(encoding="utf-8") if place.is_file() else None
        if known == text:
            continue
        how = "is missing" if known is None else "is not what this page shows"
        drift.append(Drift(project.relative(place), lines.get(path, 1), how))
        if write:
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(text, encoding="utf-8", newline="\n")
            if text.startswith("#!"):
                place.chmod(0o755)
    return drift


def final_files(itinerary: Itinerary) -> dict[str, str]:
    """Return the lab files that a page shows, as they are at its end, from its text alone.

    A lab's first page is also its README.
    """
    page = itinerary.page
    files: dict[str, str] = {}
    for _, steps in (*itinerary.before, (page, itinerary.steps)):
        for step in steps:
            if isinstance(step, WriteFile):
                files[step.path] = step.fence.text
            elif isinstance(step, ApplyDiff) and step.path in files:
                files[step.path] = apply_patch(files[step.path], step.fence.text, step.fence.first_text_line)
    own = {path: files[path] for path in shown_files(itinerary.steps) if path in files}
    return {**own, "README.md": _readme(page)} if page.name == "index" else own


def _readme(page: Page) -> str:
    """Return a lab's first page as a README: without front matter, its links leading to the other pages' sources."""
    body = "".join(page.text.splitlines(keepends=True)[page.body_line - 1 :]).lstrip("\n")
    return _PAGE_LINK.sub(rf"](../../docs/{page.lab}/\1", body)


def drift_of(course: Course) -> list[Problem]:
    """Return a problem for every committed lab file that no page shows, or that differs from its page."""
    problems: list[Problem] = []
    shown: set[str] = set()
    for itinerary in course.itineraries.values():
        page = itinerary.page
        stale = write_lab(course.project, itinerary, write=False)
        problems += [Problem(page.at(s.line), f"{s.path} {s.how}", "run 'make' and commit it") for s in stale]
        shown |= {f"labs/{page.lab}/{path}" for path in shown_files(itinerary.steps)}
    labs = {page.lab: page for page in course.pages.values() if page.lab}
    for lab, page in labs.items():
        problems += _strangers(course.project, str(lab), page, shown)
    return sorted(problems)


def _strangers(project: Project, lab: str, page: Page, shown: set[str]) -> list[Problem]:
    folder = project.labs / lab
    return [
        Problem(page.at(1), f"{project.relative(path)} is shown on no page of the lab", "delete it, or show it")
        for path in sorted(folder.rglob("*"))
        if path.is_file()
        and path.relative_to(folder).parts[0] not in _GENERATED
        and project.relative(path) not in shown
    ]
