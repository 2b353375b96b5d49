"""Trying newer pins: all together in a copy, and each by itself where a page does not hold any more.

What is left in the end has been walked as it is, together, and only that is brought back into the checkout.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from walkthrough.page import written
from walkthrough.page.course import Course, read_course
from walkthrough.project import Project
from walkthrough.record.evidence import read_record
from walkthrough.renew.checkout import bring_back, copied
from walkthrough.renew.kind import Change
from walkthrough.renew.place import apart, apply
from walkthrough.renew.results import PageTold
from walkthrough.renew.touching import touched

Walk = Callable[[Path, Iterable[str]], Mapping[str, PageTold]]
"""Walks pages of a copy, and says what came of them."""
Sizes = dict[str, tuple[int, int]]
"""Images that are of another size than before: bytes before and after, by name."""


@dataclass(frozen=True)
class Left:
    """A change that was not taken, and why; the pages that tell it."""

    change: Change
    why: str
    pages: tuple[PageTold, ...] = ()
    untrue: bool = False
    """Whether a page stops being true with it; else it could not be tried."""


@dataclass(frozen=True)
class Tried:
    """What trying came to: changes that hold, with the pages that each touches, and changes that were left.

    ``sizes`` are those of each page that holds, ``written`` the files of the checkout that are other now.
    """

    held: Mapping[Change, set[str]]
    sizes: Mapping[str, Sizes]
    left: tuple[Left, ...]
    written: tuple[str, ...]


def try_changes(course: Course, changes: Sequence[Change], walk: Walk, say: Callable[[str], None]) -> Tried:
    """Try changes on a course, and write those that hold into its checkout, with what is made of them.

    Raises:
        AbortedError: where nothing can be walked, or the checkout was changed meanwhile; nothing is written then.
    """
    with copied(course.project.root) as before:
        return _Trial(course, before, walk, say).run(changes)


class _Trial:
    def __init__(self, course: Course, before: Path, walk: Walk, say: Callable[[str], None]) -> None:
        self._course, self._before, self._walk, self._say = course, before, walk, say
        self._touched: dict[Change, set[str]] = {}
        self._without: dict[str, PageTold] = {}
        self._left: list[Left] = []

    def run(self, changes: Sequence[Change]) -> Tried:
        held = self._together(changes)
        while held:
            pages = sorted(set[str]().union(*(self._touched[change] for change in held)))
            self._say(f"trying changes: {len(held)}, on pages: {len(pages)}")
            with copied(self._before) as copy:
                told = self._tried(copy, held, pages)
                broken = {page: one for page, one in told.items() if not one.holds}
                if not broken:
                    sizes = {page: self._sizes(copy, page) for page in pages}
                    brought = bring_back(copy, self._before, self._course.project.root)
                    touches = {change: self._touched[change] for change in held}
                    return Tried(touches, sizes, tuple(self._left), tuple(brought))
            refused = self._refused(held, broken)
            self._left += refused
            held = [change for change in held if all(change != one.change for one in refused)]
        return Tried({}, {}, tuple(self._left), ())

    def _together(self, changes: Sequence[Change]) -> list[Change]:
        """Return the changes that can be made at once; the others are left for another run."""
        for change in changes:
            if all(apart(change.edits, other.edits) for other in self._touched):
                self._touched[change] = touched(self._course, change)
            else:
                self._left.append(Left(change, "another change is in the same lines; run it again when that is in"))
        return list(self._touched)

    def _tried(self, copy: Path, changes: Iterable[Change], pages: Iterable[str]) -> dict[str, PageTold]:
        """Make changes in a copy, and walk pages there."""
        apply(copy, (edit for change in changes for edit in change.edits))
        project = Project(copy)
        written.rewrite(project, read_course(project).itineraries)
        wanted = list(pages)
        return dict(self._walk(copy, wanted)) if wanted else {}

    def _refused(self, held: Sequence[Change], broken: Mapping[str, PageTold]) -> list[Left]:
        """Return the changes that are not taken, one at least, as pages do not hold with all of them."""
        if unknown := broken.keys() - self._without.keys():
            self._say(f"pages that do not hold: {len(unknown)}; looking whether they do without any change")
            with copied(self._before) as copy:
                self._without |= self._tried(copy, (), unknown)
        anyway = {page: self._without[page] for page in broken if not self._without[page].holds}
        refused = {change: _not_told(change, found) for change in held if (found := self._of(change, anyway))}
        # Where one change alone touches a page, it is that one. It may be what breaks others, too: they are seen again.
        suspects = {page: [change for change in held if page in self._touched[change]] for page in broken}
        alone = {page: found[0] for page, found in suspects.items() if page not in anyway and len(found) == 1}
        for change in alone.values():
            refused[change] = _untrue(change, [broken[page] for page, one in alone.items() if one == change])
        return list(refused.values()) or self._tried_alone(held, broken)

    def _tried_alone(self, held: Sequence[Change], broken: Mapping[str, PageTold]) -> list[Left]:
        """Return the changes that break pages by themselves; where none does, all that touch these pages."""
        suspects = [change for change in held if self._of(change, broken)]
        guilty = []
        for change in suspects:
            self._say(f"trying alone: {change}")
            with copied(self._before) as copy:
                told = self._tried(copy, [change], [one.page for one in self._of(change, broken)])
            if wrong := [one for one in told.values() if not one.holds]:
                guilty.append(_untrue(change, wrong))
        return guilty or [_untrue(change, self._of(change, broken), "together with others, ") for change in suspects]

    def _of(self, change: Change, told: Mapping[str, PageTold]) -> list[PageTold]:
        """Return what came of the pages that a change touches."""
        return [one for page, one in told.items() if page in self._touched[change]]

    def _sizes(self, copy: Path, path: str) -> Sizes:
        page = self._course.pages[path]
        old, new = read_record(Project(self._before), page), read_record(Project(copy), page)
        if not old or not new:
            return {}
        return {
            name: (old.sizes[name], size)
            for name, size in new.sizes.items()
            if name in old.sizes and old.sizes[name] != size
        }


def _not_told(change: Change, pages: Sequence[PageTold]) -> Left:
    """Return that a change is left for pages that do not hold without it either."""
    if change.images:  # the tag has moved, whoever takes it
        return _untrue(change, pages)
    return Left(change, "a page that it touches does not hold without it either; mend that first", tuple(pages))


def _untrue(change: Change, pages: Sequence[PageTold], how: str = "") -> Left:
    untrue = all(page.tried for page in pages)
    why = "pages stop being true with it" if untrue else "pages cannot be walked with it"
    return Left(change, how + why, tuple(pages), untrue)
