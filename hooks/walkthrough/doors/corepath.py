"""The core path of a lab: the pages of the table on its first page, and of each the part that is no going further."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import PurePosixPath

from walkthrough.page.pages import Page

OFF_THE_PATH = "going further"
"""What the heading of a section says that is no part of the core path."""
_TITLE = re.compile(r"\bDuration: (\d+) minutes")
_ROW = re.compile(r"^\| (?P<first>[^|]+) \|[^|]*\| (?P<minutes>\d+) \|$", re.MULTILINE)
_LINK = re.compile(r"\]\((?P<path>[\w./-]*\.md|#)[\w#-]*\)")


@dataclass(frozen=True)
class Row:
    """A row of the table: the paths of the pages of which a reader does one, and the minutes that it plans."""

    pages: tuple[str, ...]
    minutes: int


def duration(page: Page) -> int | None:
    """Return the minutes that a lab takes by the title of its first page; of another page None."""
    found = _TITLE.search(page.text)
    return int(found[1]) if found else None


def rows(page: Page) -> list[Row]:
    """Return the rows of the core path of a lab, by its first page."""
    folder = PurePosixPath(page.path).parent
    found = []
    for row in _ROW.finditer(page.text):
        links = [link["path"] for link in _LINK.finditer(row["first"])]
        pages = tuple(page.path if link == "#" else str(folder / link) for link in links)
        found.append(Row(pages, int(row["minutes"])))
    return found


def core_pages(pages: Iterable[Page]) -> set[str]:
    """Return the paths of the pages that somebody does who goes every lab's core path, and of each lab's first page.

    Where readers choose between pages, it is the one that is named first.
    """
    first = [page for page in pages if PurePosixPath(page.path).name == "index.md"]
    return {page.path for page in first} | {row.pages[0] for page in first for row in rows(page) if row.pages}


def core_lines(page: Page) -> set[int]:
    """Return the numbers of the lines of a page's core."""
    inside = {line for fence in page.fences for line in range(fence.line, fence.last + 1)}
    core, lines = True, set[int]()
    for number, line in enumerate(page.text.split("\n"), 1):
        if number not in inside and line.startswith("## "):
            core = OFF_THE_PATH not in line.lower()
        if core and number >= page.body_line:
            lines.add(number)
    return lines
