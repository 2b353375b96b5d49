"""Where a page is walked: the home of the reader's machine, whose terminals, files and builds the walk sees."""

from __future__ import annotations

import os
import pwd
import tempfile
from pathlib import Path
from typing import TypeVar

from walkthrough.claims.spec import ImageSpec, Spec
from walkthrough.errors import StepError
from walkthrough.machine.engine import Engine
from walkthrough.observe.builds import read_journal
from walkthrough.observe.subject import ImageSubject
from walkthrough.walk.labfiles import LabFiles
from walkthrough.walk.shell import Shell

_SCRATCH = "/dev/shm"  # noqa: S108
"""Where a page looks for nothing: a file system in memory."""
_KEPT = ("HOME", "PATH", "USER", "LOGNAME", "SHELL")
"""Variables of the login that the page's shell has; beside these it has a language and a terminal."""
_CLOSED_FROM = 256
"""The first descriptor that sudo closes: those of the shell's own pipes are less."""
S = TypeVar("S", bound=ImageSubject)


class Home(LabFiles):
    """The home of the user who runs this, with a lab's files in it.

    Args:
        engine: the machine's own, or None where it has none that images could be measured on.
        journal: the folder in which the machine's ``docker`` notes builds.
    """

    def __init__(self, lab: str, engine: Engine | None, journal: Path) -> None:
        super().__init__(Path.home(), lab)
        self._engine, self._journal = engine, journal

    def session(self) -> Shell:
        """Open a terminal, in the home."""
        environment = {name: os.environ[name] for name in _KEPT if name in os.environ}
        environment |= {"LANG": "C.UTF-8", "TERM": "dumb"}
        scratch = Path(tempfile.mkdtemp(dir=_SCRATCH if Path(_SCRATCH).is_dir() else None))
        return Shell(self.home, scratch, environment, _login)

    def receive(self, name: str, content: bytes) -> None:
        """Put a file into the home folder, as its reader downloads it."""
        (self.home / name).write_bytes(content)

    def engine_for(self, spec: Spec) -> Engine:
        """Return the engine on which there is what a checks block is about.

        Raises:
            StepError: where there is no engine; that a page claims something there was told at reading.
        """
        if self._engine is None:
            raise StepError(f"'{spec.name}' cannot be measured on a machine without Docker", "leave out the checks")
        return self._engine

    def subject(self, spec: ImageSpec, kind: type[S]) -> S:
        """Return an image with the builds until here, and the lab's files as they are.

        Raises:
            StepError: where there is no engine; that a page claims something there was told at reading.
        """
        return kind(spec, self.engine_for(spec), read_journal(self._journal), self.lab)


def _login() -> list[str]:
    """Return the words before a shell's command: those of a new login, where the user's groups have changed."""
    user = pwd.getpwuid(os.getuid())
    if set(os.getgrouplist(user.pw_name, user.pw_gid)) == {*os.getgroups(), os.getgid()}:
        return []
    return ["sudo", "--non-interactive", f"--close-from={_CLOSED_FROM}", f"--user={user.pw_name}", "--"]
