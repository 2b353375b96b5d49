"""Where pins stand: files of the checkout and fences of its pages, and how a newer pin is written back there."""

from __future__ import annotations

import difflib
import itertools
import posixpath
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from walkthrough.errors import PageError
from walkthrough.files import LINE
from walkthrough.page.pages import Page, read_page
from walkthrough.project import Project

_FILES = (
    "requirements.txt",
    "hooks/walkthrough/machine/recipes/*/Dockerfile",
    "hooks/walkthrough/machine/recipes/*/facts.yaml",
    "hooks/walkthrough/observe/*/Dockerfile",
    "tests/*/Dockerfile",
    "tests/*/go.mod",
    "tests/*/go.sum",
    ".github/workflows/*.yml",
    "labs/*/evidence/*.json",
)
"""Files of the checkout, pages aside, in which something is pinned."""


@dataclass(frozen=True, order=True)
class Edit:
    """A part of a file, ``start`` to ``end`` in characters, and what stands there from now on."""

    path: str
    start: int
    end: int
    new: str


@dataclass(frozen=True)
class Place:
    """A text with pins: a whole file, or a fence of a page.

    ``path`` is the file in the checkout, ``whole`` its text; ``title`` is the file that the text makes, empty for
    commands. ``first`` is the line of the text's first line in ``whole``, ``prefix`` what stands before each.
    ``folder`` is where the files beside it are, relative to the checkout.
    """

    path: str
    title: str
    text: str
    whole: str
    folder: str
    first: int = 1
    prefix: str = ""

    @property
    def name(self) -> str:
        """The name of the file that the text makes, without folders."""
        return self.title.rpartition("/")[2]

    @cached_property
    def lines(self) -> list[str]:
        """The lines of the text, without their ends."""
        return self.text.split("\n")

    @cached_property
    def _starts(self) -> list[int]:
        starts = [0]
        for line in LINE.findall(self.whole):
            starts.append(starts[-1] + len(line))
        return starts

    def line(self, number: int) -> int:
        """Return the line in the file of a line of the text; both count from 1."""
        return self.first + number - 1

    def edit(self, start: int, end: int, new: str) -> Edit:
        """Return the change of a part of one line of the text, in characters of the text, as a change of the file.

        Raises:
            ValueError: where the file has something else there.
        """
        above = self.text.count("\n", 0, start)
        column = start - (self.text.rfind("\n", 0, start) + 1)
        begins = self._starts[self.first - 1 + above] + len(self.prefix) + column
        if self.whole[begins : begins + end - start] != self.text[start:end]:
            raise ValueError(f"'{self.text[start:end]}' is not where it was seen in the file")
        return Edit(self.path, begins, begins + end - start, new)

    def rewritten(self, text: str) -> list[Edit]:
        """Return the changes of the file that make ``text`` of this one: the lines that differ."""
        old, new = self.text.removesuffix("\n").split("\n"), text.removesuffix("\n").split("\n")
        edits = []
        for what, a, b, c, d in difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
            if what != "equal":
                begins, ends = self._starts[self.first - 1 + a], self._starts[self.first - 1 + b]
                edits.append(
                    Edit(self.path, begins, ends, "".join((self.prefix + x).rstrip() + "\n" for x in new[c:d]))
                )
        return edits


def places_of(project: Project) -> list[list[Place]]:
    """Return all places, those that belong together in one list: of a page, or of a folder."""
    groups: dict[str, list[Place]] = {}
    for pattern in _FILES:
        for file in sorted(project.root.glob(pattern)):
            path = project.relative(file)
            text = file.read_bytes().decode()
            folder = posixpath.dirname(path)
            groups.setdefault(folder, []).append(Place(path, path, text, text, folder))
    for file in project.page_paths():
        try:
            page = read_page(project, file)
        except PageError:  # told by whoever walks it
            continue
        groups[page.path] = list(_of_page(page, file.read_bytes().decode()))
    return [group for group in groups.values() if group]


def _of_page(page: Page, whole: str) -> Iterator[Place]:
    for fence in page.fences:
        title = fence.options.get("title", "")
        if "norun" in fence.options or not (
            title or fence.language in ("console", "bash") or "fragment" in fence.options
        ):
            continue
        text = fence.text
        if fence.language == "console":
            text = "\n".join(line if line.startswith(("$ ", "> ")) else "" for line in text.split("\n"))
        if fence.language == "diff":
            title = ""  # a part of the file
        folder = posixpath.join("labs", page.lab or "", posixpath.dirname(title))
        yield Place(page.path, title, text, whole, folder, fence.first_text_line, fence.prefix)


def apply(root: Path, edits: Iterable[Edit]) -> None:
    """Write changes into files below ``root``, all of which were found in the files as they are."""
    by_path: dict[str, set[Edit]] = {}
    for edit in edits:
        by_path.setdefault(edit.path, set()).add(edit)
    for path, found in by_path.items():
        file = root / path
        text = file.read_bytes().decode()
        for edit in sorted(found, reverse=True):
            text = text[: edit.start] + edit.new + text[edit.end :]
        file.write_bytes(text.encode())


def apart(one: Iterable[Edit], other: Iterable[Edit]) -> bool:
    """Return whether two sets of changes can be made together: they share no part of a file, or say the same of it."""
    return not any(
        a != b and a.path == b.path and (a.start == b.start or (a.start < b.end and b.start < a.end))
        for a, b in itertools.product(one, other)
    )


_DEFINITION = r"(?:^|(?<=\s)){name}(?:=|: +)(?P<value>[^\s\\\"']+)"


def definitions(places: Iterable[Place], name: str) -> Iterator[tuple[Place, int, int, str]]:
    """Yield where a variable gets a value, and that: ``NAME=value`` of ARG and ENV, ``NAME: value`` of a table."""
    for place in places:
        for found in re.finditer(_DEFINITION.format(name=re.escape(name)), place.text, re.MULTILINE):
            if "$" not in found["value"]:
                yield place, found.start("value"), found.end("value"), found["value"]
