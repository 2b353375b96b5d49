"""The pytest front door: every step of every page is a test item, failures are shown at the page's line."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from walkthrough.doors.due import due
from walkthrough.doors.report import Progress, annotation
from walkthrough.doors.results import PageResult
from walkthrough.doors.verify import Options, verify
from walkthrough.errors import AbortedError, Problem, WalkthroughError
from walkthrough.page.course import Course, read_course
from walkthrough.page.steps import Step
from walkthrough.project import Project, state_folder
from walkthrough.record.evidence import StepRecord
from walkthrough.walk.abort import reason

_COURSE = pytest.StashKey[Course]()
_RESULTS = pytest.StashKey[dict[str, PageResult] | AbortedError]()
_LEFT = pytest.StashKey[int]()
_PROBLEM = "problem"
"""Name of the property of a report that annotates the pull request: it also comes from tests' other processes."""


class StepFailedError(Exception):
    """A step, or its whole page, does not hold or could not be tried; carries the problems to be shown."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__("\n".join(map(str, problems)))
        self.problems = problems


def pytest_addoption(parser: pytest.Parser) -> None:
    """Offer ``--fresh`` and ``--due``."""
    group = parser.getgroup("walkthrough")
    group.addoption("--fresh", action="store_true", help="believe no remembered verdict")
    group.addoption("--due", action="store_true", help="only pages that changed since their record, and core paths")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """With ``--due``, leave out the pages that a change does not have to prove anew."""
    if not config.getoption("--due") or _COURSE not in config.stash:
        return
    course = config.stash[_COURSE]
    chosen = due(course)
    left = {item: item.page for item in items if isinstance(item, _WalkedItem) and item.page not in chosen}
    config.stash[_LEFT] = len(set(left.values()))
    config.hook.pytest_deselected(items=list(left))
    items[:] = [item for item in items if item not in left]


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> PageFile | None:
    """Collect the lab pages below ``docs/``."""
    if file_path.suffix != ".md":
        return None
    config = parent.config
    if _COURSE not in config.stash:
        config.stash[_COURSE] = read_course(Project(config.rootpath))
    course = config.stash[_COURSE]
    if not file_path.is_relative_to(course.project.docs):
        return None
    path = course.project.relative(file_path)
    if path not in course.itineraries and not course.broken(path):
        return None
    return PageFile.from_parent(parent, path=file_path)


class PageFile(pytest.File):
    """A lab page."""

    def collect(self) -> Iterator[pytest.Item]:
        """Yield an item for each step; where the page cannot be walked, one for each problem."""
        course = self.config.stash[_COURSE]
        page = course.project.relative(self.path)
        faults = course.broken(page)
        if faults:
            for fault in faults:
                yield ProblemItem.from_parent(self, name=f"line {fault.where.line}", problem=fault)
            return
        for number, step in enumerate(course.itineraries[page].steps):
            name = f"line {step.fence.line}: {step.title}"
            yield StepItem.from_parent(self, name=name, page=page, number=number, step=step)
        yield WholeItem.from_parent(self, name="the page as a whole", page=page)


class _Item(pytest.Item):
    line = 1

    def reportinfo(self) -> tuple[Path, int, str]:
        """Return where the item is: pytest counts lines from 0."""
        return self.path, self.line - 1, self.name

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """Show a page's problems as they are, and of anything else, a fault of the tool, in one sentence what it is."""
        if isinstance(excinfo.value, StepFailedError | WalkthroughError):
            return str(excinfo.value)
        del style
        return str(reason(excinfo.value, None, state_folder()))

    def fail(self, problems: list[Problem]) -> None:
        """Fail with ``problems``, and keep them for the annotations."""
        self.keep(problems)
        raise StepFailedError(problems)

    def keep(self, problems: list[Problem]) -> None:
        """Keep ``problems`` for the annotations."""
        self.user_properties += [(_PROBLEM, note) for note in map(annotation, problems) if note]


class _WalkedItem(_Item):
    """Something of a page that was walked; where the walk was aborted here, that is an error and no failure."""

    def __init__(self, *, page: str, **keywords: Any) -> None:
        super().__init__(**keywords)
        self.page = page

    @property
    def result(self) -> PageResult:
        """What came of the page; the first item of a run walks all chosen pages."""
        return _results(self.session)[self.page]

    def aborted(self) -> bool:
        """Return whether the walk was aborted before this could be judged."""
        return self.result.verdict == "aborted"

    def setup(self) -> None:
        """Stop with an error where the page could not be tried."""
        try:
            untried, why = self.aborted(), self.result.why
        except AbortedError as error:
            pytest.fail(str(error), pytrace=False)
        if why:
            pytest.skip(why)
        if untried:
            problems = list(self.result.problems)
            self.keep(problems)
            pytest.fail("\n".join(map(str, problems)), pytrace=False)


class ProblemItem(_Item):
    """Something that keeps a page from being walked."""

    def __init__(self, *, problem: Problem, **keywords: Any) -> None:
        super().__init__(**keywords)
        self.problem = problem
        self.line = problem.where.line

    def runtest(self) -> None:
        """Fail with the problem."""
        self.fail([self.problem])


class StepItem(_WalkedItem):
    """One step of a page."""

    def __init__(self, *, number: int, step: Step, **keywords: Any) -> None:
        super().__init__(**keywords)
        self.number, self.step = number, step
        self.line = step.fence.line

    @property
    def outcome(self) -> StepRecord | None:
        """What came of the step, if its page came that far."""
        record = self.result.record
        return record.steps[self.number] if record else None

    def aborted(self) -> bool:
        """Return whether the walk was aborted at this step, or before all steps."""
        return super().aborted() and (self.outcome is None or self.outcome.status == "aborted")

    def runtest(self) -> None:
        """Hold the step against what its page's walk saw."""
        outcome = self.outcome
        if outcome is None:
            self.fail(list(self.result.problems))
        elif outcome.status == "not run":
            pytest.skip(self.step.title)
        elif outcome.status == "not reached":
            pytest.skip("not reached: the page is not walked beyond an earlier step")
        else:
            self.user_properties.append(("seconds", outcome.seconds))
            if outcome.status != "passed":
                self.fail(list(self.result.problems))


class WholeItem(_WalkedItem):
    """What is true of a page beyond its steps: the committed lab files are those that it shows."""

    def runtest(self) -> None:
        """Fail with the problems of the page if there are any."""
        if self.result.problems:
            self.fail(list(self.result.problems))


def _results(session: pytest.Session) -> dict[str, PageResult]:
    """Return the results of all pages that were chosen, walking them at the first call.

    Raises:
        AbortedError: where none could be walked, as without an engine.
    """
    config = session.config
    if _RESULTS not in config.stash:
        pages = sorted({item.page for item in session.items if isinstance(item, _WalkedItem)})
        options = Options(check_drift=True, fresh=bool(config.getoption("--fresh")))
        capture = config.pluginmanager.getplugin("capturemanager")
        try:
            with capture.global_and_fixture_disabled():
                run = verify(config.stash[_COURSE], pages, Progress(), options)
            config.stash[_RESULTS] = {result.page: result for result in run.results}
        except Exception as error:
            config.stash[_RESULTS] = reason(error, None, state_folder())
    known = config.stash[_RESULTS]
    if isinstance(known, AbortedError):
        raise known
    return known


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say how many pages were left out; on GitHub, annotate the pull request at the pages' lines."""
    if left := terminalreporter.config.stash.get(_LEFT, 0):
        terminalreporter.write_line(
            f"{left} pages are as they were recorded, off the core paths: 'make verify' walks them"
        )
    reports = (report for every in terminalreporter.stats.values() for report in every)
    kept = (entry for report in reports for entry in getattr(report, "user_properties", ()))
    for note in dict.fromkeys(note for name, note in kept if name == _PROBLEM):
        terminalreporter.write_line(str(note))
