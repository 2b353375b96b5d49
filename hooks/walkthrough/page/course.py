"""The course: all pages read, their steps, and the way to walk each; every problem of every page at once."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path

from walkthrough.errors import PageError, Problem, WalkthroughError
from walkthrough.page import figures, lab, written
from walkthrough.page.itinerary import Itinerary, commands_of, shown_files
from walkthrough.page.pages import Page, read_page
from walkthrough.page.reading import read_steps
from walkthrough.page.steps import ApplyDiff, Check, Step, WriteFile
from walkthrough.project import Project


@dataclass(frozen=True)
class Course:
    """Pages that can be walked, by path, and what keeps the others from it."""

    project: Project
    pages: dict[str, Page] = field(default_factory=dict)
    itineraries: dict[str, Itinerary] = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()

    def broken(self, path: str) -> list[Problem]:
        """Return the problems that keep the page ``path`` from being walked."""
        return [problem for problem in self.problems if problem.where.path == path]


def read_course(project: Project) -> Course:
    """Read every page of the project; never raises for what a page says."""
    problems: list[Problem] = []
    pages: dict[str, Page] = {}
    steps: dict[str, tuple[Step, ...]] = {}
    for path in project.page_paths():
        try:
            page = read_page(project, path)
            pages[page.path] = page
            steps[page.path] = read_steps(page)
        except PageError as error:
            problems += error.problems
    itineraries: dict[str, Itinerary] = {}
    unsound: set[str] = set()
    for name in _in_order(pages):
        page = pages[name]
        if page.lab is None or name not in steps:
            continue
        found = list(_faulty_foundations(page, pages, steps, project.menu, unsound))
        if not found:
            foundations = _foundations(page, pages).items()
            before = tuple((pages[other], foundation_steps(steps[other], whole)) for other, whole in foundations)
            skipped = (
                text for other, whole in foundations if not whole for one in steps[other] for text in commands_of(one)
            )
            itineraries[name] = Itinerary(page, steps[name], before, tuple(skipped))
            found = list(lab.faults(itineraries[name]))
        if found:
            problems += found
            unsound.add(name)
            itineraries.pop(name, None)
    itineraries = _with_grown({name: itineraries[name] for name in pages if name in itineraries})
    problems += lab.collisions(itineraries)
    problems += written.outdated(itineraries)
    measured, limits = figures.sources(itineraries), list(figures.limits_of(itineraries))
    for page in pages.values():
        problems += figures.problems(page, measured, limits)
    return Course(project, pages, itineraries, tuple(sorted(problems)))


def _with_grown(itineraries: dict[str, Itinerary]) -> dict[str, Itinerary]:
    """Return the itineraries, each with the files that a page which builds on it shows again."""
    grown: dict[str, set[str]] = {name: set() for name in itineraries}
    for itinerary in itineraries.values():
        for earlier, _ in itinerary.before:
            grown[earlier.path] |= shown_files(itinerary.steps).keys()
    return {name: replace(itinerary, grown=frozenset(grown[name])) for name, itinerary in itineraries.items()}


def foundation_steps(steps: Iterable[Step], whole: bool) -> tuple[Step, ...]:
    """Return the steps of a foundation, or of these the files alone.

    Its own walk measures what it claims, and no other page depends on that.
    """
    if whole:
        return tuple(step for step in steps if not isinstance(step, Check))
    return tuple(step for step in steps if isinstance(step, WriteFile | ApplyDiff))


def _foundations(page: Page, pages: dict[str, Page]) -> dict[str, bool]:
    """Return the pages that come before ``page``, their own foundations first, and whether more than their files do."""
    found: dict[str, bool] = {}

    def add(current: Page, trail: tuple[str, ...], whole: bool) -> None:
        for name in (*current.builds_on, *current.files_of):
            if name in trail or name not in pages:
                continue
            done = whole and name in current.builds_on
            add(pages[name], (*trail, name), done)
            found[name] = found.get(name, False) or done

    add(page, (page.path,), True)
    return found


def _in_order(pages: dict[str, Page]) -> list[str]:
    """Return the paths of the pages, each after those that it builds on."""
    order: dict[str, None] = {}
    for name, page in pages.items():
        order |= dict.fromkeys([*_foundations(page, pages), name])
    return list(order)


def _faulty_foundations(
    page: Page,
    pages: dict[str, Page],
    steps: dict[str, tuple[Step, ...]],
    menu: dict[str, int],
    unsound: set[str],
) -> Iterable[Problem]:
    lines = page.text.split("\n")
    for key, name in [("builds_on", name) for name in page.builds_on] + [("files_of", name) for name in page.files_of]:
        line = next((number for number, text in enumerate(lines, 1) if key in text), 1)
        if name == page.path or page.path in _foundations(pages.get(name, page), pages):
            yield Problem(page.at(line), f"the page builds on itself through {name}", "break the circle")
        elif name not in pages:
            yield Problem(page.at(line), f"{key} names {name}, which is missing or broken", "name a page beside it")
        elif name not in steps or name in unsound or pages[name].lab != page.lab:
            yield Problem(page.at(line), f"{key} names {name}, which cannot be walked", "mend that page first")
        elif pages[name].front.machine not in (None, page.front.machine):
            what = f"{key} names {name}, which is walked on another machine than this page"
            yield Problem(page.at(line), what, "leave it out, or write the same 'machine' here")
        elif key == "builds_on" and page.path in menu and menu.get(name, -1) > menu[page.path]:
            # Files of a later page are a reader's too: they come with the archive.
            what = f"{key} names {name}, which readers meet later: the menu shows it below this page"
            yield Problem(page.at(line), what, "put it above this page in mkdocs.yml")


def choose(course: Course, wanted: Iterable[str]) -> list[str]:
    """Return the paths of the wanted pages (files or folders below ``docs/``); all lab pages where none are named.

    Raises:
        WalkthroughError: for a name that fits no page that can be walked.
    """
    root = course.project.root
    walkable = sorted(course.itineraries.keys() | {problem.where.path for problem in course.problems})
    chosen: list[str] = []
    for name in wanted:
        path = (Path.cwd() / name) if (Path.cwd() / name).exists() else root / name
        relative = path.resolve().relative_to(root).as_posix() if path.resolve().is_relative_to(root) else name
        found = [page for page in walkable if page == relative or page.startswith(f"{relative}/")]
        if not found:
            raise WalkthroughError(f"no lab page is named '{name}'; there are: {', '.join(walkable)}")
        chosen += [page for page in found if page not in chosen]
    return chosen or walkable
