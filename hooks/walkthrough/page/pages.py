"""A page: its front matter and its fences, read and validated without Docker."""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from walkthrough.errors import Location, PageError, Problem
from walkthrough.page.fences import Fence, read_fences
from walkthrough.project import LAB_PREFIX, Project
from walkthrough.schema import NotYamlError, explain, line_of, read_yaml

# MkDocs' own rule (mkdocs/utils/meta.py): what it does not match is page text there, so we must not disagree.
_FRONT_MATTER = re.compile(r"^-{3}[ \t]*\n(.*?\n)(?:\.{3}|-{3})[ \t]*\n", re.DOTALL)
# Markdown's MultiMarkdown metadata: MkDocs would silently swallow such a first line.
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_IN_A_FENCE = "put it into a fence of its kind: console, a file with a title, or text for an illustration"
_LOOSE_METADATA = re.compile(r"^[ ]{0,3}[A-Za-z0-9_-]+:\s")


class FrontMatter(BaseModel):
    """What a page may say of itself; every other key is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    title: str | None = None
    description: str | None = None
    hide: list[str] = []
    tags: list[str] = []
    search: dict[str, Any] = {}
    builds_on: list[str] = []
    """Pages of the same lab, named from this one's folder, that are walked first, in the same workspace."""
    files_of: list[str] = []
    """Pages of the same lab whose finished files are there, as the archive holds them; nothing of them is run."""
    machine: Literal["fresh"] | None = None
    """The machine that the page is walked on, if it is another than usual: a new one, without Docker as yet."""
    platform: list[Literal["amd64", "arm64"]] = []
    """The architectures that the page holds on, if it does not hold on all."""
    given: dict[str, str] = {}
    """Figures in the prose that nobody measures here, each with where it comes from."""


@dataclass(frozen=True)
class Page:
    """One Markdown file of ``docs/``: ``path`` is relative to the project, ``text`` is the whole file."""

    path: str
    text: str
    body_line: int
    front: FrontMatter
    fences: tuple[Fence, ...]

    @cached_property
    def lab(self) -> str | None:
        """The lab that the page belongs to (its folder of ``docs/``), if it is a lab page."""
        parts = Path(self.path).parts
        return parts[1] if len(parts) > 2 and parts[1].startswith(LAB_PREFIX) else None

    @cached_property
    def name(self) -> str:
        """The page's name inside its lab, such as ``go-app`` or ``setup/verify``."""
        folder = Path("docs") / (self.lab or "")
        return Path(self.path).relative_to(folder).with_suffix("").as_posix()

    @property
    def flat_name(self) -> str:
        """The page's name inside its lab as the name of a file, such as ``setup-verify``."""
        return self.name.replace("/", "-")

    def at(self, line: int) -> Location:
        """Return a line of this page as a location."""
        return Location(self.path, line)

    @cached_property
    def builds_on(self) -> tuple[str, ...]:
        """Paths of the pages that this one builds on, relative to the project."""
        return self._beside(self.front.builds_on)

    @cached_property
    def files_of(self) -> tuple[str, ...]:
        """Paths of the pages whose finished files this one takes over, relative to the project."""
        return self._beside(self.front.files_of)

    def _beside(self, names: list[str]) -> tuple[str, ...]:
        folder = posixpath.dirname(self.path)
        return tuple(posixpath.normpath(posixpath.join(folder, name)) for name in names)


def read_page(project: Project, path: Path) -> Page:
    """Read one page.

    Raises:
        PageError: with every problem of its front matter and of its fences' form.
    """
    name = project.relative(path)
    try:
        return page_of(project, name, path.read_text(encoding="utf-8-sig"))
    except UnicodeDecodeError as error:
        where = Location(name, path.read_bytes()[: error.start].count(b"\n") + 1)
        raise PageError([Problem(where, "this is not UTF-8 text", "save the file as UTF-8")]) from None
    except OSError as error:
        raise PageError([Problem(Location(name, 1), f"cannot be read ({error.strerror})")]) from None


def page_of(project: Project, name: str, text: str) -> Page:
    """Read the page ``name`` (a path relative to the project) from its text, whose lines end in a line feed alone.

    Raises:
        PageError: with every problem of its front matter and of its fences' form.
    """
    problems: list[Problem] = []
    for number, line in enumerate(text.split("\n"), 1):
        if control := _CONTROL.search(line):
            what = f"a control character (U+{ord(control[0]):04X}) stands in this line, which browsers drop"
            problems.append(Problem(Location(name, number), what, "take it out; in a file, write it as an escape"))
    front, body, body_line = _read_front_matter(name, text, problems)
    extensions, options = project.markdown_extensions
    fences, strays = read_fences(body, extensions, options, body_line)
    page = Page(name, text, body_line, front, tuple(fences))
    problems += [
        Problem(page.at(stray.line), stray.what, _IN_A_FENCE if stray.of_labs else "correct it")
        for stray in strays
        if page.lab or not stray.of_labs
    ]
    if problems:
        raise PageError(problems)
    return page


def _read_front_matter(name: str, text: str, problems: list[Problem]) -> tuple[FrontMatter, str, int]:
    """Return the front matter, the text after it, and the line at which that text begins."""
    found = _FRONT_MATTER.match(text)
    if not found:
        if text.startswith("---"):
            what = "the front matter is opened by '---' but never closed"
            problems.append(Problem(Location(name, 1), what, "close it with a line '---'"))
        elif _LOOSE_METADATA.match(text):
            what = "the page opens with 'key: value' outside of front matter, which MkDocs swallows"
            problems.append(Problem(Location(name, 1), what, "put it between two lines '---'"))
        return FrontMatter(), text, 1

    source = found.group(1)
    body = text[found.end() :]
    body_line = text[: found.end()].count("\n") + 1
    try:
        node, values = read_yaml(source)
    except NotYamlError as error:
        where = Location(name, error.line + 2)
        problems.append(Problem(where, f"the front matter is not YAML: {error}", "correct it"))
        return FrontMatter(), body, body_line
    if not isinstance(values, dict) or not isinstance(node, yaml.MappingNode):
        problems.append(Problem(Location(name, 2), "the front matter is not a mapping", "write 'key: value' lines"))
        return FrontMatter(), body, body_line
    try:
        return FrontMatter.model_validate(values), body, body_line
    except ValidationError as error:
        for entry in error.errors():
            line = line_of(node, entry["loc"]) + 2
            key = ".".join(map(str, entry["loc"]))
            what = f"front matter '{key}': {explain(entry)}"
            todo = "known keys: " + ", ".join(FrontMatter.model_fields)
            problems.append(Problem(Location(name, line), what, todo))
        return FrontMatter(), body, body_line
