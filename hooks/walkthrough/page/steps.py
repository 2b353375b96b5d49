"""The steps of a page: what its reader would do, fence by fence, in reading order."""

from __future__ import annotations

from dataclasses import dataclass

from walkthrough.claims.spec import ImageSpec, Spec, StandingSpec
from walkthrough.page.fences import Fence
from walkthrough.page.sessions import PROMPT, Command

DEFAULT_TIMEOUT = 300.0
"""Seconds that a command may take unless its fence says otherwise: a cold build on a small machine takes one or two
minutes, and an author waits for the verdict."""

IMAGE_TITLE = "check image "


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
        return "script: " + next(iter(lines_of_code(self.fence.text)), "(empty)")


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


def lines_of_code(script: str) -> list[str]:
    """Return the lines of a script that are neither blank nor comments."""
    return [line for line in script.split("\n") if line.strip() and not line.startswith("#")]
