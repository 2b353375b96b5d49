"""Take the steps of a walk, one after the other, in one place, and judge what comes of each."""

from __future__ import annotations

import contextlib
import re
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from types import MappingProxyType
from typing import TypeVar

import docker.errors

from walkthrough.claims.finding import Finding
from walkthrough.claims.spec import ImageSpec, StandingSpec, claim_line
from walkthrough.errors import Location, Problem, StepError, TimedOutError
from walkthrough.images.anatomy import Anatomy
from walkthrough.machine.engine import Engine
from walkthrough.observe.standing import Standing, standing
from walkthrough.observe.subject import ImageSubject
from walkthrough.page.expected import ANY_LINES, difference, matches
from walkthrough.page.pages import Page
from walkthrough.page.sessions import Command
from walkthrough.page.steps import (
    ApplyDiff,
    Check,
    CheckImage,
    CheckStanding,
    CompareFragment,
    NotRun,
    RunCommands,
    RunScript,
    Step,
    WriteFile,
)
from walkthrough.walk.abort import disturbance, reason, words_of
from walkthrough.walk.measure import look, measure
from walkthrough.walk.outcome import CommandOutcome, Outcome, Status
from walkthrough.walk.place import Home
from walkthrough.walk.quiet import Quiet
from walkthrough.walk.shell import Completed, Shell, ShellEndedError
from walkthrough.walk.terminal import screen_lines

_BLAMED = re.compile(r"(?P<file>[\w.-]*Dockerfile[\w.-]*):(?P<line>\d+)")
_NO_TERMINAL = re.compile(r"\bnot a (?:TTY|terminal)\b|\bnon[- ]TTY\b|\ba terminal is required\b", re.IGNORECASE)
S = TypeVar("S", bound=ImageSubject)
_LONG_LINE = 500
"""Characters of a line that an author is shown of an output that fails."""


class Guide:
    """Takes the steps of a walk, one after the other, in one place.

    Args:
        engine: the place's own, if it has one that answers from the beginning.
        state: the folder in which this tool's own faults are kept.
        quiet: what lets a time be measured alone.
        downloads: those of the lab by name, where a step takes them.
    """

    def __init__(
        self,
        engine: Engine | None,
        place: Home,
        state: Path,
        quiet: Quiet,
        downloads: Mapping[str, bytes] = MappingProxyType({}),
    ) -> None:
        self.engine, self._place, self._state, self._quiet = engine, place, state, quiet
        self._downloads = downloads
        self._shells: dict[str, Shell] = {}
        self._terminals = contextlib.ExitStack()
        self._origins: dict[str, Location] = {}

    @contextlib.contextmanager
    def session(self) -> Iterator[None]:
        """Sit down at a machine, with new terminals; all are closed in the end."""
        self._shells = {}
        with contextlib.ExitStack() as self._terminals:
            yield

    def _terminal(self, name: str) -> Shell:
        """Return the terminal of that name, which is opened when it is used first."""
        if name not in self._shells:
            self._shells[name] = self._terminals.enter_context(self._place.session())
        return self._shells[name]

    def take(self, page: Page, step: Step, keep_going: bool) -> Outcome:
        """Take one step and say what came of it; a step that fails never raises."""
        begun = time.monotonic()
        commands: list[CommandOutcome] = []
        findings: tuple[Finding, ...] = ()
        stand_in: str | None = None
        made_of: Anatomy | None = None
        problems: list[Problem] = []
        status: Status = "passed"
        line = step.fence.line
        if isinstance(step, NotRun):
            return Outcome(line, step.title, "not run")
        try:
            if isinstance(step, WriteFile):
                self._place.write(step.path, step.fence.text)
                self._origins[step.path] = page.at(step.fence.first_text_line)
            elif isinstance(step, ApplyDiff):
                self._place.change(step.path, step.fence.text, step.fence.first_text_line)
                self._origins.pop(step.path, None)
            elif isinstance(step, CompareFragment):
                self._place.compare(step.path, step.fence.text)
            elif isinstance(step, RunCommands):
                for name, content in self._downloads.items() if step.downloads else ():
                    self._place.receive(name, content)
                for command in step.commands:
                    line = command.line
                    with self._quiet.shared():
                        self._command(command, step, commands, problems, page)
                    if problems and not keep_going:
                        break
            elif isinstance(step, RunScript):
                with self._quiet.shared():
                    self._script(step, commands)
            elif isinstance(step, CheckImage):
                measured = measure(self.subject(step.spec, ImageSubject), self._quiet)
                findings, stand_in, made_of = measured.findings, measured.stand_in, measured.anatomy
                problems += [claim_problem(page, step, finding) for finding in findings if not finding.ok]
            elif isinstance(step, CheckStanding):
                with self._quiet.shared():
                    findings = look(step.spec, self._place.engine_for(step.spec))
                problems += [claim_problem(page, step, finding) for finding in findings if not finding.ok]
            else:
                raise TypeError(f"no way to take a {type(step).__name__}")
        except Exception as error:
            status, told = self._judged(error)
            where = page.at(told.line or line)
            problems.append(Problem(where, told.what, told.todo, told.detail, aborted=status == "aborted"))
        seconds = time.monotonic() - begun
        if problems and status == "passed":
            status = "failed"
        # What was meant to fail may have failed for another reason: no engine, no disk.
        suspect = problems or any(command.exit_code for command in commands)
        if suspect and status != "aborted" and (disturbed := disturbance(self.engine, self._state)):
            status, problems = "aborted", [Problem(page.at(line), disturbed.what, disturbed.todo, aborted=True)]
        return Outcome(
            line=step.fence.line,
            title=step.title,
            status=status,
            seconds=seconds,
            commands=tuple(commands),
            findings=findings,
            problems=tuple(sorted(problems)),
            stand_in=stand_in,
            anatomy=made_of,
        )

    def quiet(self) -> AbstractContextManager[None]:
        """Measure while no command of another page runs."""
        return self._quiet.alone()

    def subject(self, spec: ImageSpec, kind: type[S]) -> S:
        """Return an image to be measured as the page stands now: its builds until here, the lab's files as they are."""
        return self._place.subject(spec, kind)

    def standing(self, spec: StandingSpec) -> AbstractContextManager[Standing]:
        """Return what stands on the engine, to be looked at as the page stands now."""
        return standing(spec, self._place.engine_for(spec))

    def _judged(self, error: Exception) -> tuple[Status, StepError]:
        """Return whether an error is the page's or not, and what there is to say of it."""
        if isinstance(error, StepError):
            return "timed out" if isinstance(error, TimedOutError) else "failed", error
        if isinstance(error, subprocess.TimeoutExpired):
            what = f"'{Path(error.cmd[0]).name} {error.cmd[1]}' does not end: stopped after {error.timeout:.0f} s"
            return "timed out", TimedOutError(what, "what does it wait for?")
        if isinstance(error, docker.errors.APIError) and error.is_client_error():
            return "failed", StepError(f"the Docker engine refuses this: {words_of(error)}", "see why")
        why = reason(error, self.engine, self._state)
        return "aborted", StepError(why.what, why.todo)

    def _run(self, shell: Shell, text: str, timeout: float, wanted: int, logout: bool = False) -> Completed:
        """Run a text in a terminal.

        A command may end the shell where the page says that it does, or that it fails, and how: its reader opens a new
        terminal then.
        """
        try:
            return shell.run(text, timeout)
        except ShellEndedError as ended:
            if not (wanted or logout) or ended.result.exit_code != wanted:
                raise
            return ended.result

    def _command(
        self,
        command: Command,
        step: RunCommands,
        commands: list[CommandOutcome],
        problems: list[Problem],
        page: Page,
    ) -> None:
        shell = self._terminal(step.terminal)
        if command.interrupts:
            result = shell.interrupt(step.timeout)
        elif command.stays:
            result = shell.begin(command.text, lambda text: _begins(command, screen_lines(text)), step.timeout)
        else:
            result = self._run(shell, command.text, step.timeout, step.wanted(command, 0), step.logout)
        done = _noted(command.text, result)
        commands.append(done)
        if problem := exit_problem(page, command, step.wanted(command, done.exit_code), done):
            culprit = self._culprit(done.output)
            if culprit and culprit.path == page.path:
                what = f"this line fails when line {command.line} runs {problem.what}"
                raise StepError(what, problem.todo, problem.detail, culprit.line)
            raise StepError(problem.what, problem.todo, problem.detail)
        if problem := output_problem(page, command, done.output):
            problems.append(problem)

    def _culprit(self, output: Sequence[str]) -> Location | None:
        """Return the page's line of the Dockerfile's line that BuildKit blames, where the page shows it whole."""
        for line in reversed(output):
            blamed = _BLAMED.fullmatch(line.strip())
            if blamed:
                shown = [path for path in self._origins if Path(path).name == blamed["file"]]
                if len(shown) == 1:
                    origin = self._origins[shown[0]]
                    return Location(origin.path, origin.line + int(blamed["line"]) - 1)
        return None

    def _script(self, step: RunScript, commands: list[CommandOutcome]) -> None:
        # The session itself must outlive a failing line, hence no "set -e". The trap leaves what it is in, be it a
        # function, a subshell or the script, and keeps the status; so the next one out is left in the same way.
        shell = self._terminal("")
        text = f"set -E; trap 'return $?' ERR\n{step.fence.text}"
        done = _noted(step.fence.text, self._run(shell, text, step.timeout, step.exit_code))
        commands.append(done)
        shell.run(f"trap - ERR; set +E; return {done.exit_code}", step.timeout)
        if done.exit_code != step.exit_code:
            what = f"the script ends with exit status {done.exit_code}, not {step.exit_code}"
            raise StepError(what, "see its output", _end_of(done.output))


def _noted(text: str, result: Completed) -> CommandOutcome:
    return CommandOutcome(text, result.exit_code, tuple(result.lines), result.seconds)


def _begins(command: Command, lines: Sequence[str]) -> bool:
    """Return whether what a command has printed so far begins with what is shown, if anything is."""
    return not command.expected or matches((*command.expected, ANY_LINES), lines)


def exit_problem(page: Page, command: Command, wanted: int, done: CommandOutcome) -> Problem | None:
    """Return the problem of a command that ended with another exit status than ``wanted``, at its line."""
    if done.exit_code == wanted:
        return None
    what = f"'{command.head}' ends with exit status {done.exit_code}, not {wanted}"
    todo = f'if it should fail, say so: exit="{done.exit_code}"' if wanted == 0 else "see its output"
    if any(_NO_TERMINAL.search(line) for line in done.output):
        todo = "a walk has no terminal: leave out -t (write -i alone), or mark the block norun"
    return Problem(page.at(command.line), what, todo, _end_of(done.output))


def output_problem(page: Page, command: Command, output: Sequence[str]) -> Problem | None:
    """Return the problem of a command that printed ``output`` where the page shows something else, at its line."""
    if not command.expected or (_begins(command, output) if command.stays else matches(command.expected, output)):
        return None
    what = f"'{command.head}' does not print what the page shows"
    todo = "correct the page, or run 'make record' and read the difference"
    return Problem(page.at(command.line), what, todo, difference(command.expected, output))


def _end_of(lines: Sequence[str]) -> str:
    return "\n".join(line[:_LONG_LINE] for line in lines[-25:])


def claim_problem(page: Page, step: Check, finding: Finding) -> Problem:
    """Return the problem of a claim that does not hold, at its line."""
    line = claim_line(step.fence.text, step.fence.first_text_line, finding.key)
    first, _, rest = finding.hint.partition("\n")
    what = f"{step.spec.name}: claimed: {finding.claim}; measured: {finding.measured_text()}"
    return Problem(page.at(line), what, first, rest)
