"""The lab as a folder: ``labs/<lab>/`` holds the files as a reader has them at the end, generated from the pages.

What brings a reader to the files before any step lies beside them.
"""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass

from walkthrough.errors import Problem
from walkthrough.files import write_whole
from walkthrough.page.course import Course
from walkthrough.page.itinerary import Itinerary, shown_files
from walkthrough.page.lab import text_file, texts_at_end
from walkthrough.page.pages import Page
from walkthrough.project import Project
from walkthrough.publish.catchup import catch_up_files, folder_of

TODO = "run 'make' and commit it"
"""What an author does about a committed file that is not what the pages say."""
_GENERATED = "README.md", "evidence"
_TITLE = re.compile(r"\A# .*\n")
_BEGIN = """\
> **Where to begin.** The files in this folder are as the pages leave them in the end. Begin at step 1: `./catch-up`
> lists the pages and their steps, and `./catch-up PAGE STEP` brings the files to what that page has before that step.
> What you have is set aside first, and `./catch-up --back` puts it back.
"""
"""What the lab's first page says as a file, and only there: a reader of the site has no files as yet."""
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
    beside = catch_up_files(itinerary)
    lines |= {path: line for path, (_, line) in beside.items()}
    drift = []
    for path, text in lab_files(itinerary).items():
        place = folder / path
        known = place.read_bytes() if place.is_file() else None
        if known == text.encode():
            continue
        how = "is missing" if known is None else "is not what this page shows"
        drift.append(Drift(project.relative(place), lines.get(path, 1), how))
        if write:
            write_whole(place, text.encode(), 0o755 if text.startswith("#!") else 0o644)
    for place in sorted((folder / folder_of(itinerary)).glob("*")):
        if place.relative_to(folder).as_posix() not in beside:
            drift.append(Drift(project.relative(place), 1, "is not needed by this page any more"))
            if write:
                place.unlink(missing_ok=True)
    return drift


def lab_files(itinerary: Itinerary) -> dict[str, str]:
    """Return all that the lab's folder and its archive have of a page: its files at the end, and those on the way."""
    return final_files(itinerary) | {path: text for path, (text, _) in catch_up_files(itinerary).items()}


def final_files(itinerary: Itinerary) -> dict[str, str]:
    """Return the lab files that a page shows last of all, as they are at its end, from its text alone.

    What a page that builds on it shows again is that page's: a lab may grow a file from page to page.
    A lab's first page is also its README, and a page in a folder of its own (``setup/verify.md``) is that file too.
    """
    page = itinerary.page
    files = texts_at_end(itinerary)
    own = {path: files[path] for path in shown_files(itinerary.steps) if path in files.keys() - itinerary.grown}
    text = text_file(page)
    return {**own, text: _as_file(page, text)} if text else own


def _as_file(page: Page, path: str) -> str:
    """Return a page as a file of its lab: without front matter, its links leading to the other pages' sources."""
    body = "\n".join(page.text.split("\n")[page.body_line - 1 :]).lstrip("\n")
    up = "../" * (path.count("/") + 2)
    folder = posixpath.dirname(page.path)

    def source(found: re.Match[str]) -> str:
        return f"]({up}{posixpath.normpath(posixpath.join(folder, found[1]))}"

    text = _PAGE_LINK.sub(source, body)
    return _TITLE.sub(lambda title: f"{title[0]}\n{_BEGIN}", text, count=1) if path == "README.md" else text


def drift_of(course: Course) -> list[Problem]:
    """Return a problem for every committed lab file that no page shows, or that differs from its page."""
    problems: list[Problem] = []
    shown: set[str] = set()
    for itinerary in course.itineraries.values():
        page = itinerary.page
        stale = write_lab(course.project, itinerary, write=False)
        problems += [Problem(page.at(s.line), f"{s.path} {s.how}", TODO) for s in stale]
        shown |= {f"labs/{page.lab}/{path}" for path in lab_files(itinerary)} | {told.path for told in stale}
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
