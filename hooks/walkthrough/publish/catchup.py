"""The files before each step of a page, kept in the lab's folder, and the script that brings a reader there.

``catch-up`` is the same for every lab. What it reads lies in ``.catch-up/PAGE/``: each text of a file that the page
shows, by its content, and ``states``, which says what is where before which step. A page that builds on another names
that one's texts. What is no file, such as an image or a function of the shell, is made by ``again`` beside it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from walkthrough.page.itinerary import Itinerary
from walkthrough.page.lab import Version, versions
from walkthrough.publish.again import NAME, Again
from walkthrough.publish.states import State, has_steps, states

SCRIPT = "catch-up"
FOLDER = ".catch-up"
_SHORT = 12
"""Digits of a digest that tell the texts of one page apart, for less than one in a billion to be wrong."""


def catch_up_files(itinerary: Itinerary) -> dict[str, tuple[str, int]]:
    """Return what ``catch-up`` needs for a page: by path below the lab, the text, and the page's line that it is from.

    A page that has no files, and goes on from none, needs nothing, unless its steps are called so and leave something.

    Raises:
        StepError: where a change does not apply; ``faults`` has told it when the page was read.
    """
    known, befores = list(versions(itinerary)), states(itinerary)
    again = Again(itinerary, befores, known, _kept_at)
    if not known and not (again.leaves_something and has_steps(befores)):
        return {}
    script = Path(__file__).with_name("catch-up.sh").read_text(encoding="utf-8")
    own = {
        f"{FOLDER}/{_kept_at(version)}": (version.text, version.line)
        for version in known
        if version.page is itinerary.page
    }
    told = "".join(f"{line}\n" for line in _told(itinerary, befores, known, again))
    folder = folder_of(itinerary)
    return {SCRIPT: (script, 1), **own, f"{folder}/states": (told, 1), f"{folder}/{NAME}": (again.script, 1)}


def folder_of(itinerary: Itinerary) -> str:
    """Return the folder below the lab in which nothing lies but what is of this page."""
    return f"{FOLDER}/{itinerary.page.flat_name}"


def _kept_at(version: Version) -> str:
    return f"{version.page.flat_name}/{hashlib.sha256(version.text.encode()).hexdigest()[:_SHORT]}"


def _told(itinerary: Itinerary, befores: list[State], known: list[Version], again: Again) -> Iterator[str]:
    """Yield the lines of ``states``: a kind, and what is told of it."""
    page = itinerary.page
    yield f"page {page.name}"
    yield f"title {page.front.title or page.name}"
    yield from _places(known)
    for state in befores:
        yield f"step {state.number} {state.title or '-'}"
    for number, commands, builds in again.runs():
        yield f"runs {number} {commands} {builds}"
    yield from _files(befores)


def _places(known: list[Version]) -> Iterator[str]:
    """Yield what makes room for the files: the folders that they lie in, the outermost alone, and those in none."""
    paths = dict.fromkeys(PurePosixPath(version.path) for version in known)
    folders = {path.parent for path in paths if len(path.parts) > 1}
    for folder in sorted(folders):
        if folders.isdisjoint(folder.parents):
            yield f"folder {folder}"
    for path in sorted(paths):
        if len(path.parts) == 1:
            yield f"single {path}"


def _files(befores: list[State]) -> Iterator[str]:
    """Yield each file with the first and the last of the steps before which it has one text."""
    spans: dict[tuple[str, str], list[list[int]]] = {}
    last: dict[str, str] = {}
    for state in befores:
        now = {path: _kept_at(version) for path, version in state.files.items()}
        for path, kept in now.items():
            if last.get(path) == kept:
                spans[path, kept][-1][1] = state.number
            else:
                spans.setdefault((path, kept), []).append([state.number, state.number])
        last = now
    for (path, kept), places in spans.items():
        for begin, end in places:
            yield f"file {begin} {end} {kept} {path}"
