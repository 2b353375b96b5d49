"""The fences of a Markdown text, exactly as pymdownx.superfences renders them.

There is no second grammar here: superfences itself reads the text, and what it hands to its formatter is
what a reader copies from the published page. This module only listens, and reports every line that looks
like a fence but would not be rendered as one.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import markdown

_LOOKS_LIKE_FENCE = re.compile(r"^[\s>]*(```|~~~)")
_MARK = "superfences-heard-{}"


@dataclass(frozen=True)
class Fence:
    """One fenced block.

    ``line`` is that of the opening fence and ``last`` that of the closing one, from 1; ``prefix`` is the
    indentation (and quote marks) in front of it; ``text`` is the block's rendered source, with its final newline.
    """

    number: int
    line: int
    last: int
    prefix: str
    language: str
    options: dict[str, str]
    text: str

    @property
    def first_text_line(self) -> int:
        """Line of the first line inside the fence."""
        return self.line + 1


@dataclass(frozen=True)
class Stray:
    """A line that looks like a fence but is not rendered as one; ``why`` completes the sentence."""

    line: int
    why: str


def read_fences(
    text: str, extensions: Sequence[str], options: dict[str, Any], first_line: int = 1
) -> tuple[list[Fence], list[Stray]]:
    """Return the fences of ``text`` in reading order, and the lines that only look like fences.

    ``extensions`` and ``options`` are those of the site; ``first_line`` is the line at which ``text`` begins in
    its file (after the front matter).
    """
    heard: list[Fence] = []
    pending: dict[str, Any] = {}

    def validator(language: str, inputs: dict[str, str], _options: Any, _attrs: Any, _md: Any) -> bool:
        pending.clear()
        pending.update(language=language or "", options={key: str(value) for key, value in inputs.items()})
        return True

    def formatter(source: str, *_args: Any, **_kwargs: Any) -> str:
        pending["text"] = source + "\n" if source else ""
        return f"<p>{_MARK.format(len(heard))}</p>"

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
            heard.append(
                Fence(
                    number=len(heard),
                    line=first_line + start,
                    last=first_line + end - 1,
                    prefix=reader_prefix(text, start),
                    **pending,
                )
            )
            pending.clear()

    reader.process_nested_block = listening
    rendered = md.convert(text)

    covered = {line for fence in heard for line in range(fence.line, fence.last + 1)}
    strays = [
        Stray(number, "is not rendered as a code block: its header or its closing fence is malformed")
        for number, line in enumerate(text.split("\n"), first_line)
        if number not in covered and _LOOKS_LIKE_FENCE.match(line)
    ]
    strays += [
        Stray(fence.line, "is shown as text: it stands inside an indented code block or raw HTML")
        for fence in heard
        if f"{_MARK.format(fence.number)}<" not in rendered
    ]
    return heard, sorted(strays, key=lambda stray: stray.line)


def reader_prefix(text: str, index: int) -> str:
    """Return what stands in front of the fence at line ``index`` (from 0) of ``text``."""
    line = text.split("\n")[index]
    return line[: len(line) - len(line.lstrip(" \t>"))]
