"""Read the fences of a page as steps, each by its language and its options, and tell all that is wrong with them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import PurePosixPath

from walkthrough.claims.spec import ImageSpec, StandingSpec, read_spec
from walkthrough.errors import PageError, Problem
from walkthrough.page.fences import Fence
from walkthrough.page.pages import Page
from walkthrough.page.sessions import PROMPT, Command, read_session
from walkthrough.page.steps import (
    ApplyDiff,
    CheckImage,
    CheckStanding,
    CompareFragment,
    NotRun,
    RunCommands,
    RunScript,
    Step,
    WriteFile,
    lines_of_code,
)

_DISPLAY = {"title", "linenums", "hl_lines"}
_WRITTEN = "reader-check"
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
            if options.get("written", _WRITTEN) != _WRITTEN:
                self.problem(fence.line, f"nobody writes '{options['written']}'", f'write written="{_WRITTEN}"')
            path = self.path(fence, options["title"])
            if path is None:
                return None
            return ApplyDiff(fence, path) if language == "diff" else WriteFile(fence, path)
        if language == "bash":
            self.options(fence, {"exit", "timeout", *_DISPLAY})
            first = next(iter(lines_of_code(fence.text)), "")
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
