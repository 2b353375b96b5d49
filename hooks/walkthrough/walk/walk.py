"""Walk one page: do each step as its reader would, stop at the first that fails, say what was seen."""

from __future__ import annotations

import contextlib
import re
import threading
import time
import uuid
from collections.abc import Callable, Sequence
from pathlib import Path

from walkthrough.claims.finding import Finding
from walkthrough.claims.spec import claim_line
from walkthrough.errors import Location, Problem, StepError, WalkthroughError
from walkthrough.images.anatomy import Anatomy
from walkthrough.machine.cleanup import accounted
from walkthrough.machine.engine import Engine
from walkthrough.machine.marks import WALK_VARIABLE, end_marked
from walkthrough.observe.builds import read_journal
from walkthrough.observe.subject import ImageSubject
from walkthrough.page.expected import difference, matches
from walkthrough.page.itinerary import Itinerary
from walkthrough.page.pages import Page
from walkthrough.page.steps import ApplyDiff, CheckImage, Command, NotRun, RunCommands, RunScript, Step, WriteFile
from walkthrough.walk.client import install_tools
from walkthrough.walk.measure import measure
from walkthrough.walk.outcome import CommandOutcome, Outcome, Status, Walked
from walkthrough.walk.quiet import Quiet
from walkthrough.walk.shell import Shell
from walkthrough.walk.workspace import Workspace

_BLAMED = re.compile(r"(?P<file>[\w.-]*Dockerfile[\w.-]*):(?P<line>\d+)")
_SYSTEM_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


Listener = Callable[[str, int, int, str], None]
"""Called at the beginning of each step with page path, step number from 1, number of steps, title."""


_under_way: set[str] = set()
_quiet = Quiet()


def abandon() -> None:
    """End the processes of every walk under way in this process, so that each fails soon and cleans up after itself."""
    for identity in list(_under_way):
        end_marked(identity)


def walk(
    itinerary: Itinerary,
    engine: Engine,
    state: Path,
    listener: Listener = lambda *_: None,
    keep_going: bool = False,
) -> Walked:
    """Walk a page on an engine, in a thread of its own that has moved to the engine's network.

    Args:
        state: the state folder; the walk's workspace and account lie below it while it runs.
        keep_going: after a wrong output, go on (used to record all outputs of a page in one run).

    Raises:
        WalkthroughError: for faults that are not the page's, such as an engine that went away.
    """
    results: list[Walked | BaseException] = []

    def run() -> None:
        try:
            engine.enter_network()
            results.append(_walk(itinerary, engine, state, listener, keep_going))
        except BaseException as error:
            results.append(error)

    thread = threading.Thread(target=run, name=f"walk {itinerary.page.path}", daemon=True)
    thread.start()
    thread.join()
    if isinstance(results[0], Walked):
        return results[0]
    raise results[0]


def _walk(itinerary: Itinerary, engine: Engine, state: Path, listener: Listener, keep_going: bool) -> Walked:
    page, steps = itinerary.page, itinerary.steps
    identity = uuid.uuid4().hex[:12]
    started = time.monotonic()
    if page.lab is None:
        raise WalkthroughError(f"{page.path} is not a lab page")
    with (
        contextlib.ExitStack() as stack,
        Workspace(state / "walks", page.lab) as workspace,
        accounted(engine, state / "walks", identity, workspace.root),
    ):
        _under_way.add(identity)
        stack.callback(_under_way.discard, identity)
        guide = _Guide(engine, identity, workspace)
        outcomes: list[Outcome] = []
        for earlier, earlier_steps in itinerary.before:
            with guide.session():
                for step in earlier_steps:
                    outcome = guide.take(earlier, step, keep_going)
                    if outcome.status == "failed":
                        first = outcome.problems[0]
                        where = Location(page.path, 1)
                        what = f"this page builds on {earlier.path}, which fails at {first.where}: {first.what}"
                        problem = Problem(where, what, "mend that page first")
                        lost = [Outcome(s.fence.line, s.title, "not reached") for s in steps[1:]]
                        broken = Outcome(1, steps[0].title, "failed", problems=(problem,))
                        return Walked(page.path, (broken, *lost), time.monotonic() - started)
        with guide.session():
            failed = False
            for number, step in enumerate(steps, 1):
                if failed:
                    outcomes.append(Outcome(step.fence.line, step.title, "not reached"))
                    continue
                listener(page.path, number, len(steps), step.title)
                outcomes.append(guide.take(page, step, keep_going))
                failed = outcomes[-1].status == "failed" and not keep_going
    return Walked(page.path, tuple(outcomes), time.monotonic() - started)


class _Guide:
    """Takes the steps of a walk, one after the other, in one workspace."""

    def __init__(self, engine: Engine, identity: str, workspace: Workspace) -> None:
        self._engine, self._identity, self._workspace = engine, identity, workspace
        self._journal = workspace.root / "journal"
        self._shell: Shell | None = None
        self._sessions = 0
        self._origins: dict[str, Location] = {}
        install_tools(workspace.tools, engine, identity, self._journal)

    def session(self) -> Shell:
        """Open a new shell session at the workspace's home, as a reader opens a terminal."""
        self._sessions += 1
        scratch = self._workspace.root / f"session-{self._sessions}"
        scratch.mkdir()
        environment = {
            "HOME": str(self._workspace.home),
            "PATH": f"{self._workspace.tools}:{_SYSTEM_PATH}",
            "LANG": "C.UTF-8",
            "TERM": "dumb",
            "TMPDIR": str(self._workspace.temporary),
            WALK_VARIABLE: self._identity,
        }
        self._shell = Shell(self._workspace.home, scratch, environment)
        return self._shell

    def take(self, page: Page, step: Step, keep_going: bool) -> Outcome:
        """Take one step and say what came of it; a step that fails never raises."""
        begun = time.monotonic()
        commands: list[CommandOutcome] = []
        findings: tuple[Finding, ...] = ()
        stand_in: str | None = None
        made_of: Anatomy | None = None
        problems: list[Problem] = []
        line = step.fence.line
        if isinstance(step, NotRun):
            return Outcome(line, step.title, "not run")
        try:
            if isinstance(step, WriteFile):
                self._workspace.write(step.path, step.fence.text)
                self._origins[step.path] = page.at(step.fence.first_text_line)
            elif isinstance(step, ApplyDiff):
                self._workspace.change(step.path, step.fence.text, step.fence.first_text_line)
                self._origins.pop(step.path, None)
            elif isinstance(step, RunCommands):
                for command in step.commands:
                    line = command.line
                    wanted = step.exit_code if command is step.commands[-1] else 0
                    with _quiet.shared():
                        self._command(command, wanted, step.timeout, commands, problems, page)
                    if problems and not keep_going:
                        break
            elif isinstance(step, RunScript):
                with _quiet.shared():
                    self._script(step, commands)
            elif isinstance(step, CheckImage):
                made = read_journal(self._journal)
                subject = ImageSubject(step.spec, self._engine, self._identity, made, self._workspace.lab)
                with _quiet.alone():
                    measured = measure(subject)
                findings, stand_in, made_of = measured.findings, measured.stand_in, measured.anatomy
                problems += [_problem(page, step, finding) for finding in findings if not finding.ok]
            else:
                raise TypeError(f"no way to take a {type(step).__name__}")
        except StepError as error:
            where = page.at(error.line or line)
            problems.append(Problem(where, error.what, error.todo, error.detail))
        seconds = time.monotonic() - begun
        status: Status = "failed" if problems else "passed"
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

    def _run(self, text: str, timeout: float, commands: list[CommandOutcome]) -> CommandOutcome:
        assert self._shell is not None
        result = self._shell.run(text, timeout)
        commands.append(CommandOutcome(text, result.exit_code, tuple(result.lines), result.seconds))
        return commands[-1]

    def _command(
        self,
        command: Command,
        wanted: int,
        timeout: float,
        commands: list[CommandOutcome],
        problems: list[Problem],
        page: Page,
    ) -> None:
        done = self._run(command.text, timeout, commands)
        if done.exit_code != wanted:
            what = f"'{command.text.splitlines()[0]}' ends with exit status {done.exit_code}, not {wanted}"
            todo = 'if it should fail, say so: exit="1"' if wanted == 0 else "see its output"
            culprit = self._culprit(done.output)
            if culprit and culprit.path == page.path:
                what = f"this line fails when line {command.line} runs {what}"
                raise StepError(what, todo, _end_of(done.output), culprit.line)
            raise StepError(what, todo, _end_of(done.output))
        if not matches(command.expected, done.output):
            what = f"'{command.text.splitlines()[0]}' does not print what the page shows"
            todo = "correct the page, or run 'make record' and read the difference"
            problems.append(Problem(page.at(command.line), what, todo, difference(command.expected, done.output)))

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
        # The session itself must outlive a failing line, hence no "set -e": each line is chained by an ERR trap
        # that leaves the sourced script at once and keeps the status.
        text = f"trap 'labs=$?; trap - ERR; return $labs' ERR\n{step.fence.text}trap - ERR"
        assert self._shell is not None
        code = self._shell.run(text, step.timeout)
        commands.append(CommandOutcome(step.fence.text, code.exit_code, tuple(code.lines), code.seconds))
        if code.exit_code != step.exit_code:
            what = f"the script ends with exit status {code.exit_code}, not {step.exit_code}"
            raise StepError(what, "see its output", _end_of(code.lines))


def _end_of(lines: Sequence[str]) -> str:
    return "\n".join(lines[-25:])


def _problem(page: Page, step: CheckImage, finding: Finding) -> Problem:
    line = claim_line(step.fence.text, step.fence.first_text_line, finding.key)
    first, _, rest = finding.hint.partition("\n")
    what = f"{step.spec.image}: claimed: {finding.claim}; measured: {finding.measured_text()}"
    return Problem(page.at(line), what, first, rest)
