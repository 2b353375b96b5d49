"""Where marks stand in a rendered page: in front of readers, hidden from them, or in one of several tabs."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from dataclasses import dataclass
from html.parser import HTMLParser

_VOID = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}
_UNSEEN = {"iframe", "noscript", "object", "script", "select", "style", "template", "textarea", "title"}
"""Elements whose content no reader sees as a block."""
_INVISIBLE = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden")
_WORTH_A_LOOK = re.compile(rf"<!--|tabbed-set|hidden|display|<(?:{'|'.join(sorted(_UNSEEN))})\b", re.IGNORECASE)
_PREFORMATTED = re.compile(r"<pre\b[^>]*>(.*?)</pre>|<pre\b", re.DOTALL | re.IGNORECASE)
_TAG = re.compile(r"<[^>]*>")
_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)


@dataclass(frozen=True)
class Place:
    """Where a mark stands: ``hidden_by`` names what keeps readers from seeing it; ``tabs`` are those around it.

    A tab is told as the number of its group on the page and its own number in it, the outermost first.
    """

    hidden_by: str | None = None
    tabs: tuple[tuple[int, int], ...] = ()


COMMENT = "a comment"
"""``hidden_by`` of what stands in an HTML comment."""


def places(rendered: str, mark: re.Pattern[str]) -> dict[int, Place]:
    """Return where each mark stands, by the number that is the first group of the pattern ``mark``."""
    if not _WORTH_A_LOOK.search(rendered):
        return {int(found[1]): Place() for found in mark.finditer(rendered)}
    reader = _Reader(mark)
    reader.feed(rendered)
    reader.close()
    return reader.found


def preformatted(rendered: str) -> Iterator[str]:
    """Yield the first line of each ``<pre>`` of a rendered page that is no fence; it may be empty."""
    if "<pre" not in rendered.lower():
        return
    for found in _PREFORMATTED.finditer(_COMMENT.sub("", rendered)):
        lines = html.unescape(_TAG.sub("", found[1] or "")).strip().split("\n")
        yield lines[0].strip()


class _Reader(HTMLParser):
    """Keeps the elements that are open, as a browser would nest them."""

    def __init__(self, mark: re.Pattern[str]) -> None:
        super().__init__()
        self.found: dict[int, Place] = {}
        self._mark = mark
        self._open: list[tuple[str, str | None, tuple[int, int] | None]] = []
        self._groups: list[tuple[int, int, str]] = []
        """Depth, number and the class of a tab, of each group of tabs that is open."""
        self._tabs: dict[int, int] = {}

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _VOID:
            return
        known = dict(attrs)
        classes = (known.get("class") or "").split()
        hidden = f"<{tag}>" if tag in _UNSEEN else None
        if "hidden" in known or _INVISIBLE.search(known.get("style") or ""):
            hidden = f"a hidden <{tag}>"
        tab = None
        if "tabbed-set" in classes:
            number = len(self._tabs)
            self._tabs[number] = 0
            one = "tabbed-block" if "tabbed-alternate" in classes else "tabbed-content"
            self._groups.append((len(self._open), number, one))
        elif self._groups and self._groups[-1][2] in classes:
            number = self._groups[-1][1]
            self._tabs[number] += 1
            tab = number, self._tabs[number]
        self._open.append((tag, hidden, tab))

    def handle_endtag(self, tag: str) -> None:
        depth = next(
            (at for at in range(len(self._open) - 1, -1, -1) if self._open[at][0] in (tag, *_UNSEEN)),
            None,
        )
        if depth is not None and self._open[depth][0] == tag:
            del self._open[depth:]
            self._groups = [group for group in self._groups if group[0] < depth]

    def handle_data(self, data: str) -> None:
        hidden = next((hidden for _, hidden, _ in self._open if hidden), None)
        self._place(data, Place(hidden, tuple(tab for _, _, tab in self._open if tab)))

    def handle_comment(self, data: str) -> None:
        self._place(data, Place(COMMENT))

    def _place(self, text: str, place: Place) -> None:
        for found in self._mark.finditer(text):
            self.found.setdefault(int(found[1]), place)
