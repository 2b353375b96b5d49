"""Begin a lab: its first pages, which hold as they are written, and their place in the site's menu."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import jinja2

from walkthrough.errors import PageError, WalkthroughError
from walkthrough.files import write_whole
from walkthrough.page.pages import read_page
from walkthrough.project import LAB_PREFIX, Project

_NAME = re.compile(rf"{LAB_PREFIX}(?P<number>\d\d)-(?P<words>[a-z0-9]+(?:-[a-z0-9]+)*)")
_TEMPLATES = Path(__file__).parent / "newlab"
_PAGES = {"index.md": "", "first-steps.md": "Exercise 1: First steps"}
"""The pages of a new lab, and what the menu calls each; it calls the first by the lab's name."""


@dataclass(frozen=True)
class Begun:
    """What was written for a new lab: its pages, relative to the project, and what its author does next, in words."""

    pages: tuple[str, ...]
    menu: bool
    todo: tuple[str, ...]


def begin_lab(project: Project, name: str) -> Begun:
    """Write the pages of the lab ``name``, such as ``lab-05-going-live``, and name them in the site's menu.

    Nothing that exists is overwritten, and nothing is written unless all of it can be.

    Raises:
        WalkthroughError: for a name of another form, or one that is taken or out of order.
    """
    found = _NAME.fullmatch(name)
    if not found:
        raise WalkthroughError(
            f"'{name}' is no name of a lab; write its number and its subject, such as lab-05-going-live: two digits,"
            " then words in small letters with hyphens between them"
        )
    labs = _labs(project)
    number, last = int(found["number"]), max(labs, default=0)
    if number in labs:
        raise WalkthroughError(f"'{name}' has the number of {labs[number]}; the next free one is {_numbered(last + 1)}")
    if number != last + 1:
        raise WalkthroughError(
            f"'{name}' is out of order: the next lab is {_numbered(last + 1)}; labs are numbered one by one"
        )
    before = labs.get(last)
    words = " ".join(word.capitalize() for word in found["words"].split("-"))
    given = {
        "name": name,
        "number": found["number"],
        "words": words,
        "before": before,
        "before_title": _title(project, before),
    }
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_TEMPLATES),
        undefined=jinja2.StrictUndefined,
        autoescape=False,  # noqa: S701 - Markdown, of words that the name's form allows
        keep_trailing_newline=True,
        trim_blocks=True,
    )
    texts = {page: environment.get_template(f"{page}.j2").render(given) for page in _PAGES}
    configuration = project.root / "mkdocs.yml"
    menu = _with_menu(configuration.read_text(), project, name, f"Lab {found['number']}: {words}", before)
    for page, text in texts.items():
        write_whole(project.docs / name / page, text.encode())
    if menu:
        write_whole(configuration, menu.encode())
    todo = ["name the lab on the front page: docs/index.md"]
    if before:
        todo.append(f"let 'Next Lab' of docs/{before}/index.md lead to it: ../{name}/index.md")
    return Begun(tuple(f"docs/{name}/{page}" for page in texts), bool(menu), tuple(todo))


def _numbered(number: int) -> str:
    return f"{LAB_PREFIX}{number:02}-…"


def _labs(project: Project) -> dict[int, str]:
    """Return the labs that there are, by number; number 0 is the guide for authors."""
    folders = {path.name for root in (project.docs, project.labs) for path in root.glob(f"{LAB_PREFIX}*")}
    return {int(found["number"]): found[0] for folder in sorted(folders) if (found := _NAME.fullmatch(folder))}


def _title(project: Project, lab: str | None) -> str:
    """Return what the first page of a lab calls it, else its folder's name."""
    try:
        page = read_page(project, project.docs / str(lab) / "index.md")
    except PageError:
        return str(lab)
    return page.front.title or str(lab)


def _with_menu(text: str, project: Project, name: str, title: str, before: str | None) -> str | None:
    """Return ``mkdocs.yml`` with the lab behind the one before it, or behind the front page; None without a menu.

    Raises:
        WalkthroughError: where the menu names no page of those.
    """
    if not project.menu:
        return None
    lines = text.splitlines(keepends=True)
    places = [at for at, line in enumerate(lines) if before and re.search(rf"[\s:]{before}/\S+\.md\s*$", line)]
    places = places or [at for at, line in enumerate(lines) if re.fullmatch(r"  - (.*: )?index\.md\s*", line)]
    if not places:
        raise WalkthroughError(
            f"mkdocs.yml: the menu names no page of {before or 'docs/index.md'}; name its pages, one a line,"
            " then begin the lab"
        )
    entry = [f'  - "{title}":\n']
    for page, called in _PAGES.items():
        entry.append(f'      - "{called}": {name}/{page}\n' if called else f"      - {name}/{page}\n")
    lines[places[-1] + 1 : places[-1] + 1] = entry
    return "".join(lines)
