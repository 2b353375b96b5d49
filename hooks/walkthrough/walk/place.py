"""Where a page is walked: in a home of its own on this machine, or on a reader's machine."""

from __future__ import annotations

from pathlib import PurePosixPath
from types import TracebackType
from typing import Protocol, Self, TypeVar

from walkthrough.claims.spec import ImageSpec
from walkthrough.errors import StepError
from walkthrough.machine.engine import Engine
from walkthrough.machine.marks import WALK_VARIABLE
from walkthrough.machine.reader import ReaderMachine
from walkthrough.observe.builds import read_journal
from walkthrough.observe.subject import ImageSubject
from walkthrough.walk.client import install_tools
from walkthrough.walk.login import Login, agent_archive
from walkthrough.walk.needs import SYSTEM_PATH
from walkthrough.walk.shell import Completed, Shell
from walkthrough.walk.workspace import Workspace

_AGENT = PurePosixPath("/usr/local/lib/docker-labs.pyz")
S = TypeVar("S", bound=ImageSubject)


class Session(Protocol):
    """A terminal that a reader has opened; to be entered, and left."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None, /
    ) -> None: ...

    def run(self, text: str, timeout: float) -> Completed:
        """Run a command, or a script; see ``Shell``."""


class Place(Protocol):
    """Where a page is walked."""

    def session(self) -> Session:
        """Open a terminal, in the home of the place."""

    def write(self, path: str, text: str) -> None:
        """Write a lab file; see ``LabFiles``."""

    def change(self, path: str, patch: str, first_line: int) -> None:
        """Change a lab file; see ``LabFiles``."""

    def compare(self, path: str, fragment: str) -> None:
        """Compare a part of a lab file; see ``LabFiles``."""

    def subject(self, spec: ImageSpec, kind: type[S]) -> S:
        """Return an image to be measured as the page stands now."""


class Here:
    """A workspace on this machine, whose commands meet the engine's client."""

    def __init__(self, engine: Engine, walk: str, workspace: Workspace) -> None:
        self._engine, self._walk, self._workspace = engine, walk, workspace
        self._journal = workspace.root / "journal"
        self._sessions = 0
        self.write, self.change, self.compare = workspace.write, workspace.change, workspace.compare
        install_tools(workspace.tools, engine, walk, self._journal)

    def session(self) -> Session:
        """Open a terminal at the workspace's home."""
        self._sessions += 1
        scratch = self._workspace.root / f"session-{self._sessions}"
        scratch.mkdir()
        environment = {
            "HOME": str(self._workspace.home),
            "PATH": f"{self._workspace.tools}:{SYSTEM_PATH}",
            "LANG": "C.UTF-8",
            "TERM": "dumb",
            "TMPDIR": str(self._workspace.temporary),
            WALK_VARIABLE: self._walk,
        }
        return Shell(self._workspace.home, scratch, environment)

    def subject(self, spec: ImageSpec, kind: type[S]) -> S:
        """Return an image with the builds until here, and the lab's files as they are."""
        return kind(spec, self._engine, self._walk, read_journal(self._journal), self._workspace.lab)


class There:
    """A reader's machine."""

    def __init__(self, machine: ReaderMachine, lab: str) -> None:
        self._machine, self._lab = machine, lab
        self._login: Login | None = None
        machine.put(_AGENT, agent_archive())

    def session(self) -> Session:
        """Log in."""
        command = self._machine.login("python3", "-I", str(_AGENT), self._lab)
        self._login = Login(command, self._machine.engine.whole_environment)
        return self._login

    def _hands(self) -> Login:
        assert self._login is not None
        return self._login

    def write(self, path: str, text: str) -> None:
        """Write a lab file there."""
        self._hands().write(path, text)

    def change(self, path: str, patch: str, first_line: int) -> None:
        """Change a lab file there."""
        self._hands().change(path, patch, first_line)

    def compare(self, path: str, fragment: str) -> None:
        """Compare a part of a lab file there."""
        self._hands().compare(path, fragment)

    def subject(self, spec: ImageSpec, kind: type[S]) -> S:
        """Refuse: a page with a claim on such a machine is told of at reading."""
        del kind
        raise StepError(f"'{spec.image}' cannot be measured on a machine of the page's own", "leave out the checks")
