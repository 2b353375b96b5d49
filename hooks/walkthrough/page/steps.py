"""The steps of a page: what its reader would do, fence by fence, in reading order."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import PurePosixPath

from walkthrough.claims.spec import ImageSpec, Spec, StandingSpec, read_spec
from walkthrough.errors import PageError, Problem
from walkthrough.page.fences import Fence
from walkthrough.page.pages import Page
from walkthrough.page.sessions import PROMPT, Command, read_session

DEFAULT_TIMEOUT = 300.0
"""Seconds that a command may take unless its fence says otherwise: a cold build on a small machine takes one or two
minutes, and an author waits for the verdict."""

_DISPLAY = {"title", "linenums", "hl_lines"}
IMAGE_TITLE = "check image "
WRITTEN = "reader-check"
"""Value of the fence option ``written``: the text is the lab's check script and kept by ``make record``."""
_LOGOUT = "logout"
"""Fence option of a block whose last command ends the shell: its reader logs in again."""
_STAYS = "stays"
"""Fence option of a block whose last command stays in the foreground of its terminal."""
_DOWNLOADS = "downloads"
"""Fence option of a block whose reader has downloaded the lab's archive and its checksum to the home folder."""
_ILLUSTRATION = "illustration"
"""Fence option of a block that is looked at and nothing else."""
_COMMANDS = {"bash", "console", "sh", "shell", "shell-session", "zsh"}
_RESERVED = {".catch-up", ".git", "evidence", "own-work"}
"""Folders of a lab that hold no file of a page."""
_KEPT = {"catch-up", "readme.md"}
"""Files of a lab that are written beside those of its pages."""
_PATH_LIMIT = 100
"""Characters of a path: what the oldest of the formats for archives holds."""


@dataclass(frozen=True)
class Step:
    """What one fence asks for."""

    fence: Fence

    @property
    def title(self) -> str:
        """A short name of the step for people."""
        return self.fence.language


@dataclass(frozen=True)
class WriteFile(Step):
    """Write the fence's text to a file of the lab."""

    path: str

    @property
    def title(self) -> str:
        return f"write {self.path}"


@dataclass(frozen=True)
class ApplyDiff(Step):
    """Change a file of the lab by the fence's unified diff."""

    path: str

    @property
    def title(self) -> str:
        return f"change {self.path}"


@dataclass(frozen=True)
class CompareFragment(Step):
    """Compare the fence's text with the file of the lab that it is part of, as it stands."""

    path: str

    @property
    def title(self) -> str:
        return f"part of {self.path}"


@dataclass(frozen=True)
class RunCommands(Step):
    """Run the commands of a console block, each in the page's shell, and compare what they print.

    ``exit_code`` is what the last command must return; the others must succeed. ``logout`` tells that it ends the
    shell, and that what follows is done in a new login. ``terminal`` is the name of another terminal than the first.
    ``downloads`` tells that the reader has the lab's downloads in the home folder by then.
    """

    commands: tuple[Command, ...]
    exit_code: int = 0
    timeout: float = DEFAULT_TIMEOUT
    logout: bool = False
    terminal: str = ""
    downloads: bool = False

    def wanted(self, command: Command, ended: int) -> int:
        """Return the exit status that a command must have, which ``ended`` with one.

        One that stays in the foreground has none yet. What is interrupted may end in either way, unless the page says
        in which: with 130, which is 128 and the number of SIGINT, or with 0 after an orderly end.
        """
        last = command is self.commands[-1]
        free = command.interrupts and not (last and "exit" in self.fence.options) and ended in (0, 130)
        return ended if command.stays or free else self.exit_code if last else 0

    @property
    def title(self) -> str:
        return self.commands[0].head + (f" (and {len(self.commands) - 1} more)" if len(self.commands) > 1 else "")


@dataclass(frozen=True)
class RunScript(Step):
    """Run a bash block in the page's shell; no output is promised."""

    exit_code: int = 0
    timeout: float = DEFAULT_TIMEOUT

    @property
    def title(self) -> str:
        return "script: " + next(iter(_lines_of_code(self.fence.text)), "(empty)")


@dataclass(frozen=True)
class Check(Step):
    """Hold the claims of a checks block against what they are about."""

    spec: Spec

    @property
    def title(self) -> str:
        return f"check {self.spec.of} {self.spec.name}"


@dataclass(frozen=True)
class CheckImage(Check):
    """Measure an image against the claims that the page makes of it."""

    spec: ImageSpec


@dataclass(frozen=True)
class CheckStanding(Check):
    """Look whether what stands on the engine is as the page claims."""

    spec: StandingSpec


@dataclass(frozen=True)
class NotRun(Step):
    """A block that the page shows but nobody runs here, and the reason that the reader is told."""

    reason: str

    @property
    def commands(self) -> int:
        """How many commands are not run: those after a prompt, else the block as one."""
        return sum(line.startswith(PROMPT) for line in self.fence.text.split("\n")) or 1

    @property
    def title(self) -> str:
        return f"not run: {self.reason}"


def _lines_of_code(script: str) -> list[str]:
    return [line for line in script.split("\n") if line.strip() and not line.startswith("#")]


@dataclass
class _Reader:
    """Turns fences to steps and collects what is wrong with them."""

    page: Page
    problems: list[Problem] = field(default_factory=list)
    busy: set[str] = field(default_factory=set)
    """The terminals that have a command in the foreground."""

    def problem(self, line: int, what: str, todo: str) -> None:
        self.problems.append(Problem(self.page.at(line), what, todo))

    def options(self, fence: Fence, known: set[str]) -> None:
        for name in sorted(fence.options.keys() - known):
            todo = f"known here: {', '.join(sorted(known))}" if known else "this kind of block takes none"
            self.problem(fence.line, f"nobody knows the fence option '{name}'", todo)

    def steps(self) -> Iterator[Step]:
        for fence in self.page.fences:
            step = self.step(fence)
            if step:
                yield step

    def step(self, fence: Fence) -> Step | None:
        options, language = fence.options, fence.language
        if "norun" in options:
            self.options(fence, _DISPLAY | {"norun"})
            if len(options["norun"].split()) < 2:
                self.problem(fence.line, "the block is marked as not run without a reason", 'write norun="why"')
            return NotRun(fence, options["norun"])
        if language == "checks":
            self.options(fence, set())
            spec, problems = read_spec(fence.text, fence.first_text_line)
            for line, what, todo in problems:
                self.problem(line, what, todo)
            if self.page.front.machine:
                what = "nothing can be checked on a machine without Docker"
                self.problem(fence.line, what, "leave out the checks, or the front matter's 'machine'")
            if isinstance(spec, StandingSpec):
                return CheckStanding(fence, spec)
            return CheckImage(fence, spec) if isinstance(spec, ImageSpec) else None
        if language == "console":
            return self.console(fence)
        if "fragment" in options:
            self.options(fence, {"fragment", "linenums", "hl_lines"})
            path = self.path(fence, options["fragment"])
            return CompareFragment(fence, path) if path else None
        if _ILLUSTRATION in options:
            self.options(fence, _DISPLAY | {_ILLUSTRATION})
            if language in _COMMANDS:
                what = f"a '{language}' block is what a reader runs, and no illustration"
                self.problem(fence.line, what, 'let it be run, or say why not: norun="why"')
            return None
        if "title" in options:
            self.options(fence, _DISPLAY | {"written"})
            if options.get("written", WRITTEN) != WRITTEN:
                self.problem(fence.line, f"nobody writes '{options['written']}'", f'write written="{WRITTEN}"')
            path = self.path(fence, options["title"])
            if path is None:
                return None
            return ApplyDiff(fence, path) if language == "diff" else WriteFile(fence, path)
        if language == "bash":
            self.options(fence, {"exit", "timeout", *_DISPLAY})
            first = next(iter(_lines_of_code(fence.text)), "")
            if first.startswith(PROMPT):
                line = fence.first_text_line + fence.text.split("\n").index(first)
                todo = "make the block console, or leave out the prompts"
                self.problem(line, "a bash block is run as a script, in which '$' is no prompt", todo)
            return RunScript(fence, self.number(fence, "exit", 0), float(self.number(fence, "timeout", 300)))
        if language == "text":
            self.options(fence, _DISPLAY)
            return None
        what = f"nobody knows what to do with this '{language}' block" if language else "this block has no language"
        self.problem(
            fence.line,
            what,
            'give it a title="path" (a file of the lab) or a fragment="path" (a part of one), make it console, bash,'
            ' checks or text, mark it as an illustration, or norun="why"',
        )
        return None

    def number(self, fence: Fence, name: str, default: int) -> int:
        value = fence.options.get(name, str(default))
        if not re.fullmatch(r"\d{1,5}", value):
            self.problem(fence.line, f"'{name}' must be a whole number, not '{value}'", f'write {name}="{default}"')
            return default
        return int(value)

    def path(self, fence: Fence, path: str) -> str | None:
        """Return the lab path that an option of a fence names, if it is one that stays inside the lab."""
        parts = PurePosixPath(path).parts
        if not parts or path.startswith(("/", "~")) or "\\" in path or ".." in parts or path.endswith("/"):
            what, todo = "leaves the lab's folder", "name a file below it, such as go-app/Dockerfile"
        elif parts[0].casefold() in _RESERVED or "/".join(parts).casefold() in _KEPT:
            what, todo = "is kept by 'make' itself, from the pages", "take another name"
        elif len(path) > _PATH_LIMIT:
            what, todo = f"is longer than {_PATH_LIMIT} characters", "shorten it: an archive could not hold it"
        else:
            return PurePosixPath(path).as_posix()
        self.problem(fence.line, f"the file path '{path}' {what}", todo)
        return None

    def console(self, fence: Fence) -> Step | None:
        self.options(fence, {"exit", "timeout", _LOGOUT, _STAYS, _DOWNLOADS, "terminal", *_DISPLAY})
        commands, faults = read_session(fence.text, fence.first_text_line)
        for line, what, todo in faults:
            self.problem(line, what, todo)
        if not commands:
            return None
        exit_code, timeout = self.number(fence, "exit", 0), float(self.number(fence, "timeout", 300))
        if _STAYS in fence.options:
            commands[-1] = replace(commands[-1], stays=True)
        terminal = fence.options.get("terminal", "")
        self.in_foreground(terminal, commands)
        logout, downloads = _LOGOUT in fence.options, _DOWNLOADS in fence.options
        return RunCommands(fence, tuple(commands), exit_code, timeout, logout, terminal, downloads)

    def in_foreground(self, terminal: str, commands: list[Command]) -> None:
        """Tell of a terminal that takes no command as one is in its foreground, or is interrupted where none is."""
        busy = terminal in self.busy
        if busy and not commands[0].interrupts:
            what = "a command is still in the foreground of this terminal, so it takes no other"
            self.problem(commands[0].line, what, "press Ctrl-C before it: a line '^C'; or name another terminal")
        elif commands[0].interrupts and not busy:
            what = "nothing is in the foreground of this terminal that Ctrl-C could end"
            self.problem(commands[0].line, what, "mark the block whose command goes on: stays")
        (self.busy.add if commands[-1].stays else self.busy.discard)(terminal)


def _other_tabs(steps: Iterable[Step]) -> Iterator[int]:
    """Yield the first line that is walked in each tab but one of every group of tabs.

    A group whose tabs only show files, each its own, is no choice: there a reader takes all.
    """
    groups: dict[int, dict[int, list[Step]]] = {}
    for step in steps:
        if not isinstance(step, NotRun | CompareFragment):
            for group, tab in step.fence.tabs:
                groups.setdefault(group, {}).setdefault(tab, []).append(step)
    for tabs in groups.values():
        paths = [step.path if isinstance(step, WriteFile) else None for walked in tabs.values() for step in walked]
        if None in paths or len(set(paths)) < len(paths):
            yield from (walked[0].fence.line for walked in list(tabs.values())[1:])


def read_steps(page: Page) -> tuple[Step, ...]:
    """Return the steps of a page in reading order.

    Raises:
        PageError: with every problem of every fence; also when a lab page holds nothing to verify.
    """
    reader = _Reader(page)
    steps = tuple(reader.steps())
    if page.lab and not reader.problems and not any(not isinstance(step, NotRun) for step in steps):
        what = "this lab page holds nothing to verify"
        reader.problem(1, what, "show a file, a command or a claim, or move the page out of the lab's folder")
    for line in _other_tabs(steps):
        what = "this tab is another way to do what is walked in the tab before: nobody does both"
        reader.problem(
            line, what, 'say why its blocks are not run: norun="why", or show one after the other, without tabs'
        )
    if not page.lab:
        for step in steps:
            if not isinstance(step, NotRun):
                where = "a page outside of a lab folder (docs/lab-…/) is not walked"
                reader.problem(step.fence.line, where, 'move it, or mark the block norun="why"')
    if reader.problems:
        raise PageError(reader.problems)
    return steps
