"""The lab's files as the pages show them: each as it is at the end of a page, and what cannot be so."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath

from walkthrough.errors import Location, Problem, StepError
from walkthrough.page.itinerary import Itinerary, shown_files
from walkthrough.page.pages import Page
from walkthrough.page.patch import apply_patch
from walkthrough.page.steps import ApplyDiff, CheckImage, Step, WriteFile

_KEPT_BESIDE = {"mutants"}
"""What is kept of a whole lab beside the records of its pages."""
_OF_THE_SITE = {"evidence", "files"}
"""Folders of a lab on the site in which no page of an author can lie."""


@dataclass(frozen=True)
class Version:
    """A file of the lab as one fence leaves it: the page and the line of that fence, the file's path and its text."""

    page: Page
    line: int
    path: str
    text: str


def versions(itinerary: Itinerary) -> Iterator[Version]:
    """Yield each file that a page and those before it show, as each fence leaves it, from their texts alone.

    Raises:
        StepError: where a change does not apply; ``faults`` has told it when the page was read.
    """
    files: dict[str, str] = {}
    for page, steps in (*itinerary.before, (itinerary.page, itinerary.steps)):
        for step in steps:
            _take(files, step)
            if isinstance(step, WriteFile | ApplyDiff) and step.path in files:
                yield Version(page, step.fence.line, step.path, files[step.path])


def texts_at_end(itinerary: Itinerary) -> dict[str, str]:
    """Return the files that a page and those before it show, as they are at its end, from their texts alone.

    Raises:
        StepError: where a change does not apply; ``faults`` has told it when the page was read.
    """
    return {version.path: version.text for version in versions(itinerary)}


def _take(files: dict[str, str], step: Step) -> None:
    if isinstance(step, WriteFile):
        files[step.path] = step.fence.text
    elif isinstance(step, ApplyDiff) and step.path in files:
        files[step.path] = apply_patch(files[step.path], step.fence.text, step.fence.first_text_line)


def faults(itinerary: Itinerary) -> Iterator[Problem]:
    """Yield a problem for each change of a page that does not apply to its file as the pages show it."""
    files = texts_at_end(Itinerary(itinerary.page, (), itinerary.before))
    for step in itinerary.steps:
        try:
            _take(files, step)
        except StepError as error:
            line = error.line or step.fence.line
            todo = f"{error.todo}; what a command changed is not in it: show that file again"
            yield Problem(itinerary.page.at(line), error.what, todo, error.detail)
            files.pop(getattr(step, "path", ""))


def text_file(page: Page) -> str | None:
    """Return the path below the lab at which the page itself is kept, if it is: a lab's first page is its README."""
    return "README.md" if page.name == "index" else f"{page.name}.md" if "/" in page.name else None


def collisions(itineraries: dict[str, Itinerary]) -> Iterator[Problem]:
    """Yield a problem for whatever two pages of a lab would put at one place, in the lab or on the site."""
    pages: dict[tuple[str, str], Page] = {}
    for itinerary in itineraries.values():
        page = itinerary.page
        if page.flat_name.casefold() in _KEPT_BESIDE:
            what = f"the evidence of this page would be a file that is kept for its whole lab, {page.flat_name}.json"
            yield Problem(page.at(1), what, "rename the page")
        other = pages.setdefault((str(page.lab), page.flat_name.casefold()), page)
        if other is not page:
            what = f"the evidence of this page and of {other.path} would be one file, {page.flat_name}.json"
            yield Problem(page.at(1), what, "rename one of the pages")
        if page.name.partition("/")[0] in _OF_THE_SITE and "/" in page.name:
            what = f"the folder '{page.name.partition('/')[0]}' of a lab is made with the site"
            yield Problem(page.at(1), what, "move the page into another folder")
    yield from _checked_twice(itineraries)
    yield from _shown_twice(itineraries)


def _checked_twice(itineraries: dict[str, Itinerary]) -> Iterator[Problem]:
    """One name in the reader's script is one check."""
    first: dict[tuple[str | None, str], Location] = {}
    for itinerary in itineraries.values():
        for step in itinerary.steps:
            if isinstance(step, CheckImage) and step.spec.check:
                here = itinerary.page.at(step.fence.line)
                there = first.setdefault((itinerary.page.lab, step.spec.check), here)
                if there != here:
                    what = f"the reader's script would have two checks of the name '{step.spec.check}'"
                    yield Problem(here, what, f"the other is at {there}: rename one")


def _shown_twice(itineraries: dict[str, Itinerary]) -> Iterator[Problem]:
    """Two pages that show the same file of a lab may not disagree on it, unless one builds on the other.

    Nor may one file lie where another has a folder, or differ from another by capitals alone: there are machines on
    which these are one.
    """
    for lab in dict.fromkeys(itinerary.page.lab for itinerary in itineraries.values()):
        shown = [
            (path, itinerary, line)
            for itinerary in itineraries.values()
            if itinerary.page.lab == lab
            for path, line in _kept(itinerary).items()
        ]
        owners: dict[str, tuple[str, Itinerary, int]] = {}
        for path, itinerary, line in shown:
            first, owner, at = owners.setdefault(path.casefold(), (path, itinerary, line))
            here, there = itinerary.page, owner.page
            if first != path:
                what = f"the file '{path}' differs from '{first}' ({there.path}:{at}) by capitals alone"
                yield Problem(here.at(line), what, "rename one: on many machines they are one file")
            elif here is not there and not _related(itinerary, owner):
                what = f"the file '{path}' is also shown on {there.path}:{at}"
                yield Problem(here.at(line), what, "show it on one page, or let one build on the other")
        for path, itinerary, line in shown:
            for folder in PurePosixPath(path.casefold()).parents:
                if folder.as_posix() in owners:
                    first, owner, at = owners[folder.as_posix()]
                    what = f"the file '{path}' lies in '{first}', which is a file on {owner.page.path}:{at}"
                    yield Problem(itinerary.page.at(line), what, "rename one of them")


def _kept(itinerary: Itinerary) -> dict[str, int]:
    """Return the paths below the lab at which something of a page is kept, with the line that shows it."""
    kept = text_file(itinerary.page)
    return {**shown_files(itinerary.steps), **({kept: 1} if kept else {})}


def _related(one: Itinerary, other: Itinerary) -> bool:
    def before(itinerary: Itinerary) -> Iterable[str]:
        return [page.path for page, _ in itinerary.before]

    return one.page.path in before(other) or other.page.path in before(one)
