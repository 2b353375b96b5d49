"""The steps of a page: what its reader would do, fence by fence, in reading order."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from walkthrough.claims.spec import ImageSpec, read_spec
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
_ILLUSTRATIONS = {"text"}
_COMMANDS = {"console", "bash"}


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
class RunCommands(Step):
    """Run the commands of a console block, each in the page's shell, and compare what they print.

    ``exit_code`` is what the last command must return; the others must succeed.
    """

    commands: tuple[Command, ...]
    exit_code: int = 0
    timeout: float = DEFAULT_TIMEOUT

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
        lines = [line for line in self.fence.text.split("\n") if line.strip() and not line.startswith("#")]
        return "script: " + (lines[0] if lines else "(empty)")


@dataclass(frozen=True)
class CheckImage(Step):
    """Measure an image against the claims that the page makes of it."""

    spec: ImageSpec

    @property
    def title(self) -> str:
        return f"{IMAGE_TITLE}{self.spec.image}"


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


@dataclass
class _Reader:
    """Turns fences to steps and collects what is wrong with them."""

    page: Page
    problems: list[Problem] = field(default_factory=list)

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
            return CheckImage(fence, spec) if spec else None
        if language == "console":
            return self.console(fence)
        if "title" in options:
            self.options(fence, _DISPLAY | {"written"})
            if options.get("written", WRITTEN) != WRITTEN:
                self.problem(fence.line, f"nobody writes '{options['written']}'", f'write written="{WRITTEN}"')
            path = self.path(fence)
            if path is None:
                return None
            return ApplyDiff(fence, path) if language == "diff" else WriteFile(fence, path)
        if language == "bash":
            self.options(fence, {"exit", "timeout", *_DISPLAY})
            return RunScript(fence, self.number(fence, "exit", 0), float(self.number(fence, "timeout", 300)))
        if language in _ILLUSTRATIONS:
            self.options(fence, _DISPLAY)
            return None
        what = f"nobody knows what to do with this '{language}' block" if language else "this block has no language"
        self.problem(
            fence.line,
            what,
            'give it a title="path" (a file of the lab), make it console, bash, checks or text, or norun="why"',
        )
        return None

    def number(self, fence: Fence, name: str, default: int) -> int:
        value = fence.options.get(name, str(default))
        if not re.fullmatch(r"\d{1,5}", value):
            self.problem(fence.line, f"'{name}' must be a whole number, not '{value}'", f'write {name}="{default}"')
            return default
        return int(value)

    def path(self, fence: Fence) -> str | None:
        """Return the lab path that a fence's title names, if it is one that stays inside the lab."""
        path = fence.options["title"]
        parts = PurePosixPath(path).parts
        if not path or path.startswith(("/", "~")) or "\\" in path or ".." in parts or path.endswith("/"):
            self.problem(
                fence.line,
                f"the file path '{path}' leaves the lab's folder",
                "name a file below it, such as go-app/Dockerfile",
            )
            return None
        return PurePosixPath(path).as_posix()

    def console(self, fence: Fence) -> Step | None:
        self.options(fence, {"exit", "timeout", *_DISPLAY})
        commands, faults = read_session(fence.text, fence.first_text_line)
        for line, what, todo in faults:
            self.problem(line, what, todo)
        if not commands:
            return None
        return RunCommands(
            fence, tuple(commands), self.number(fence, "exit", 0), float(self.number(fence, "timeout", 300))
        )


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
    if not page.lab:
        for step in steps:
            if not isinstance(step, NotRun):
                where = "a page outside of a lab folder (docs/lab-…/) is not walked"
                reader.problem(step.fence.line, where, 'move it, or mark the block norun="why"')
    if reader.problems:
        raise PageError(reader.problems)
    return steps
