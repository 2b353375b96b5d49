"""The fences of a Markdown text, exactly as pymdownx.superfences renders them.

There is no second grammar here: superfences itself reads the text, and what it hands to its formatter is
what a reader copies from the published page. This module only listens, and reports every line that looks
like a fence but would not be rendered as one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import markdown

from walkthrough.page.rendered import COMMENT, Place, places, preformatted

_LOOKS_LIKE_FENCE = re.compile(r"^[\s>]*(```|~~~)")
_MARK = re.compile(r"superfences-heard-(\d+)-")


@dataclass(frozen=True)
class Fence:
    """One fenced block.

    ``line`` is that of the opening fence and ``last`` that of the closing one, from 1; ``prefix`` is the
    indentation (and quote marks) in front of it; ``text`` is the block's rendered source, with its final newline.
    ``number`` counts every fence that is rendered, those in comments too. ``tabs`` are the tabs around it, the
    outermost first, each as the number of its group of tabs on the page and its own number in that group.
    """

    number: int
    line: int
    last: int
    prefix: str
    language: str
    options: dict[str, str]
    text: str
    tabs: tuple[tuple[int, int], ...] = ()

    @property
    def first_text_line(self) -> int:
        """Line of the first line inside the fence."""
        return self.line + 1


@dataclass(frozen=True)
class Stray:
    """A line whose block readers see otherwise than as a fence; ``what`` says what is wrong with it.

    ``of_labs`` tells what matters only where the blocks of a page are walked.
    """

    line: int
    what: str
    of_labs: bool = False


def read_fences(
    text: str, extensions: Sequence[str], options: dict[str, Any], first_line: int = 1
) -> tuple[list[Fence], list[Stray]]:
    """Return the fences of ``text`` in reading order, and the lines that only look like fences.

    A fence in an HTML comment is neither: no reader sees it. ``extensions`` and ``options`` are those of the site;
    ``first_line`` is the line at which ``text`` begins in its file (after the front matter).
    """
    heard: list[dict[str, Any]] = []
    spans: list[tuple[int, int]] = []
    early: list[tuple[int, int]] = []
    pending: dict[str, Any] = {}

    def validator(language: str, inputs: dict[str, str], _options: Any, _attrs: Any, _md: Any) -> bool:
        pending.clear()
        pending.update(language=language or "", options={key: str(value) for key, value in inputs.items()})
        return True

    def formatter(source: str, *_args: Any, **_kwargs: Any) -> str:
        pending["text"] = source + "\n" if source else ""
        return f"<p>superfences-heard-{len(heard)}-</p>"

    fences = {
        **options.get("pymdownx.superfences", {}),
        "custom_fences": [{"name": "*", "class": "", "validator": validator, "format": formatter}],
    }
    md = markdown.Markdown(extensions=list(extensions), extension_configs={**options, "pymdownx.superfences": fences})
    reader: Any = md.preprocessors["fenced_code_block"]
    process = reader.process_nested_block

    def listening(ws: str, content: str, start: int, end: int) -> None:
        process(ws, content, start, end)
        if "text" in pending:
            heard.append(dict(pending))
            spans.append((start, end))
            pending.clear()

    reader.process_nested_block = listening
    if "fenced_raw_block" in md.preprocessors:
        # With preserve_tabs, superfences looks twice, and only the first look has the lines of the file.
        first: Any = md.preprocessors["fenced_raw_block"]
        look = first.process_nested_block

        def looking(ws: str, content: str, start: int, end: int) -> None:
            early.append((start, end))
            look(ws, content, start, end)

        first.process_nested_block = looking
    rendered = md.convert(text)

    lines = text.split("\n")
    shown = places(rendered, _MARK)
    at = early if len(early) == len(spans) else spans
    found: list[Fence] = []
    strays: list[Stray] = []
    for number, (told, (start, end)) in enumerate(zip(heard, at, strict=True)):
        place = shown.get(number, _AS_TEXT)
        prefix = reader_prefix(lines[start])
        fence = Fence(number, first_line + start, first_line + end - 1, prefix, tabs=place.tabs, **told)
        found.append(fence)
        if place.hidden_by and place.hidden_by != COMMENT:
            strays.append(Stray(fence.line, f"this fence {_HIDDEN.format(place.hidden_by)}"))
    covered = {line for fence in found for line in range(fence.line, fence.last + 1)}
    strays += [
        Stray(number, "this fence is not rendered as a code block: its header or its closing fence is malformed")
        for number, line in enumerate(lines, first_line)
        if number not in covered and _LOOKS_LIKE_FENCE.match(line)
    ]
    strays += _preformatted(rendered, lines, first_line, covered, alone=not strays)
    commented = {number for number, place in shown.items() if place.hidden_by == COMMENT}
    return [fence for fence in found if fence.number not in commented], sorted(strays, key=lambda stray: stray.line)


_AS_TEXT = Place(hidden_by="an indented code block or raw HTML, as text")
_HIDDEN = "is not shown as a block: it stands inside {}"


def _preformatted(rendered: str, lines: list[str], first_line: int, covered: set[int], alone: bool) -> Iterator[Stray]:
    """Yield the places of the code blocks of a rendered page that are no fences.

    One whose line is not found is told at the first line, if nothing else is wrong with the page: where a fence is
    shown as text, that is the same block.
    """
    begun = 0
    for first in preformatted(rendered):
        found = next(
            (
                number
                for number, line in enumerate(lines[begun:], begun)
                if number + first_line not in covered
                and ((first and first in line and _INDENTED.match(line)) or "<pre" in _SPAN.sub("", line).lower())
            ),
            None,
        )
        if found is not None or alone:
            what = "this code is shown to readers and never run: it is indented, or in <pre>, and in no fence"
            yield Stray(first_line + (found or 0), what, of_labs=True)
        begun = begun if found is None else found + 1


_INDENTED = re.compile(r" {2}|\t")
_SPAN = re.compile(r"`[^`]*`")


def reader_prefix(line: str) -> str:
    """Return what stands in front of the fence in its line."""
    return line[: len(line) - len(line.lstrip(" \t>"))]
