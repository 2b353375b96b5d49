"""Renew what the course pins: say what is newer, what holds with it, and page by page what does not."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator, Sequence

from walkthrough.doors.report import Progress
from walkthrough.page.course import Course, choose
from walkthrough.renew.kind import Change
from walkthrough.renew.looking import Looked, chosen_kinds, look
from walkthrough.renew.place import Place, places_of
from walkthrough.renew.registry import kinds as kinds_of_pins
from walkthrough.renew.touching import touched
from walkthrough.renew.trying import Left, Tried, try_changes
from walkthrough.renew.walking import walk_pages
from walkthrough.units import size_text


def guide() -> str:
    """Return the kinds of pins, with where each stands and who is asked for it."""
    return "kinds of pins:\n" + "\n".join(
        f"  {name}: {kind.where}\n      asked: {kind.client}" for name, kind in kinds_of_pins().items()
    )


def renew(course: Course, pages: Sequence[str], kinds: Iterable[str], looking: bool) -> int:
    """Look for newer releases, try them unless only ``looking``, write those that hold, and tell of all.

    Returns:
        the exit status: 0 all that is newer holds, 1 a page stops being true, 2 something could not be asked or tried.

    Raises:
        WalkthroughError: for a page or a kind that there is not.
        AbortedError: where nothing could be walked; nothing is written then.
    """
    say = Progress().say
    wanted = chosen_kinds(kinds)
    # Clients are asked in the folders that pages and recipes name.
    with contextlib.chdir(course.project.root):
        looked = look(_places(course, pages), wanted, say)
        if looking:
            print("\n".join(_seen(course, looked)))
            return 2 if looked.unasked else 0
        tried = try_changes(course, looked.changes, walk_pages, say)
    print("\n".join(_told(looked, tried)))
    if any(left.untrue for left in tried.left):
        return 1
    return 2 if looked.unasked or tried.left else 0


def _places(course: Course, pages: Sequence[str]) -> list[list[Place]]:
    chosen = set(choose(course, pages)) if pages else None
    return [group for group in places_of(course.project) if chosen is None or group[0].path in chosen]


def _seen(course: Course, looked: Looked) -> Iterator[str]:
    """Yield what is newer, and which pages it touches."""
    yield from _head("Newer", [line for change in looked.changes for line in _lines(change)])
    pages: dict[str, list[str]] = {}
    for change in looked.changes:
        for page in sorted(touched(course, change)) or ["no page: what holds it is in 'make test'"]:
            pages.setdefault(page, []).append(str(change))
    yield from _head("Touched", [f"{page}: {', '.join(dict.fromkeys(pages[page]))}" for page in sorted(pages)])
    yield from _asked(looked)


def _told(looked: Looked, tried: Tried) -> Iterator[str]:
    """Yield what came of each change, page by page."""
    yield from _head("Renewed", [line for change in tried.held for line in _lines(change)])
    yield from _head("Pages that hold, with what is other on each", [_page(page, tried) for page in tried.sizes])
    yield from _head("Not renewed", [line for left in tried.left for line in _left(left)])
    yield from _head("Written", tried.written)
    yield from _asked(looked)


def _asked(looked: Looked) -> Iterator[str]:
    """Yield who was asked, and who could not be."""
    yield from _head("Could not be asked", looked.unasked)
    yield from _head("Asked nowhere", looked.nobody)
    counts = ", ".join(f"{name} {count}" for name, count in looked.pins.items())
    yield f"Pins by kind: {counts}."
    if not looked.changes:
        yield "Nothing newer is known of those that were asked for." if looked.unasked else "Nothing is newer."


def _head(title: str, lines: Iterable[str]) -> Iterator[str]:
    """Yield lines below a heading, as a list that is Markdown; nothing where there are none."""
    lines = list(lines)
    if lines:
        yield f"## {title}\n"
        yield from (f"- {line}" if line and not line.startswith(" ") else line for line in lines)
        yield ""


def _lines(change: Change) -> Iterator[str]:
    for renewal in change.renewals:
        yield f"{renewal} ({change.kind})"


def _page(page: str, tried: Tried) -> str:
    """Return what is other on a page that holds: what is newer there, and images that are of another size."""
    newer = ", ".join(dict.fromkeys(str(change) for change, pages in tried.held.items() if page in pages))
    sizes = [f"{name} {size_text(old)} -> {size_text(new)}" for name, (old, new) in tried.sizes[page].items()]
    return f"{page}: {newer}" + (f"; image sizes: {', '.join(sizes)}" if sizes else "")


def _left(left: Left) -> Iterator[str]:
    """Yield why a change was left, its lines, and what is wrong on which lines of pages with it."""
    yield f"{left.change}: {left.why}"
    yield from (f"    - to take it: {line}" for line in _lines(left.change))
    for page in left.pages:
        if not page.problems:
            yield f"    - {page.page}: {page.verdict}"
        for problem in page.problems:
            first, *detail = str(problem).splitlines()
            yield f"    - {first}"
            if detail:
                yield from ("", *(f"          {line}".rstrip() for line in detail), "")
