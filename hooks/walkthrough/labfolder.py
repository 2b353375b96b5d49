"""The lab as a folder: ``labs/<lab>/`` holds the files as a reader has them at the end, generated from the pages."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from walkthrough.course import Course, shown_files
from walkthrough.errors import Problem
from walkthrough.pages import Page
from walkthrough.patch import apply_patch
from walkthrough.project import Project
from walkthrough.steps import ApplyDiff, WriteFile
from walkthrough.walk import Itinerary

_GENERATED = "README.md", "evidence"


@dataclass(frozen=True)
class Drift:
    """A committed lab file that is not what its page shows: ``line`` is that of the fence, ``how`` says how."""

    path: str
    line: int
    how: str


def write_lab(project: Project, itinerary: Itinerary, files: Mapping[str, str], write: bool = True) -> list[Drift]:
    """Bring the committed files of a page up to date (or only compare, without ``write``).

    Args:
        files: the lab's files as the walk left them, by path.

    Returns:
        the files that were not as they should be.
    """
    lines = shown_files(itinerary.steps)
    folder = project.labs / str(itinerary.page.lab)
    drift = []
    for path, line in lines.items():
        place, text = folder / path, files[path]
        known = place.read_text(encoding="utf-8") if place.is_file() else None
        if known == text:
            continue
        how = "is missing" if known is None else "is not what this page shows"
        drift.append(Drift(project.relative(place), line, how))
        if write:
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(text, encoding="utf-8", newline="\n")
            if text.startswith("#!"):
                place.chmod(0o755)
    return drift


def final_files(itinerary: Itinerary) -> dict[str, str]:
    """Return the lab files that a page ends with, from its text alone (no engine needed)."""
    files: dict[str, str] = {}
    for _, steps in (*itinerary.before, (itinerary.page, itinerary.steps)):
        for step in steps:
            if isinstance(step, WriteFile):
                files[step.path] = step.fence.text
            elif isinstance(step, ApplyDiff) and step.path in files:
                files[step.path] = apply_patch(files[step.path], step.fence.text, step.fence.first_text_line)
    return files


def drift_of(course: Course) -> list[Problem]:
    """Return a problem for every committed lab file that no page shows, or that differs from its page."""
    problems: list[Problem] = []
    shown: set[str] = set()
    for itinerary in course.itineraries.values():
        page = itinerary.page
        stale = write_lab(course.project, itinerary, final_files(itinerary), write=False)
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
