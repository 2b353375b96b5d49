"""The files before each step of a page, kept in the lab's folder, and the script that brings a reader there.

``catch-up`` is the same for every lab. What it reads lies in ``.catch-up/PAGE/``: each text of a file that the page
shows, by its content, and ``states``, which says what is where before which step. A page that builds on another names
that one's texts.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from walkthrough.page.itinerary import Itinerary, commands_of
from walkthrough.page.lab import Version, versions
from walkthrough.page.steps import RunCommands
from walkthrough.publish.states import State, states

SCRIPT = "catch-up"
FOLDER = ".catch-up"
_BUILDS = re.compile(r"docker (?:buildx |image )?build\b.*?\s(?:-t|--tag)[ =](\S+)")
_SHORT = 12
"""Digits of a digest that tell the texts of one page apart, for less than one in a billion to be wrong."""


def catch_up_files(itinerary: Itinerary) -> dict[str, tuple[str, int]]:
    """Return what ``catch-up`` needs for a page: by path below the lab, the text, and the page's line that it is from.

    A page that has no files, and goes on from none, needs nothing.

    Raises:
        StepError: where a change does not apply; ``faults`` has told it when the page was read.
    """
    known = list(versions(itinerary))
    if not known:
        return {}
    script = Path(__file__).with_name("catch-up.sh").read_text(encoding="utf-8")
    own = {
        f"{FOLDER}/{_kept_at(version)}": (version.text, version.line)
        for version in known
        if version.page is itinerary.page
    }
    told = "".join(f"{line}\n" for line in _told(itinerary, states(itinerary), known))
    return {SCRIPT: (script, 1), **own, f"{folder_of(itinerary)}/states": (told, 1)}


def folder_of(itinerary: Itinerary) -> str:
    """Return the folder below the lab in which nothing lies but what is of this page."""
    return f"{FOLDER}/{itinerary.page.flat_name}"


def _kept_at(version: Version) -> str:
    return f"{version.page.flat_name}/{hashlib.sha256(version.text.encode()).hexdigest()[:_SHORT]}"


def _told(itinerary: Itinerary, befores: list[State], known: list[Version]) -> Iterator[str]:
    """Yield the lines of ``states``: a kind, and what is told of it."""
    page = itinerary.page
    yield f"page {page.name}"
    yield f"title {page.front.title or page.name}"
    yield from _places(known)
    for state in befores:
        yield f"step {state.number} {state.title or '-'}"
    for other, steps in itinerary.before:
        if any(_BUILDS.match(line) for step in steps for text in commands_of(step) for line in text.split("\n")):
            yield f"needs {other.name}"
    yield from _builds(itinerary, befores)
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


def _builds(itinerary: Itinerary, befores: list[State]) -> Iterator[str]:
    """Yield the first command that builds each image, with the number of its step."""
    built = set()
    for step in itinerary.steps:
        number = max([0, *(state.number for state in befores if state.line < step.fence.line)])
        for text in commands_of(step):
            fails = isinstance(step, RunCommands) and step.exit_code and text == step.commands[-1].text
            for line in text.split("\n"):
                image = _BUILDS.match(line)
                if image and not fails and image[1] not in built:
                    built.add(image[1])
                    yield f"build {number} {line}"


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
