"""The page's shell: one bash session that lasts from block to block, with limits on time, memory and output."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from walkthrough.errors import StepError
from walkthrough.walk.terminal import screen_lines

OUTPUT_LIMIT = 8 * 2**20
"""Bytes of output after which a command is ended: far more than any page can show."""
_MEMORY_LIMIT_KIB = 8 * 2**20
_GRACE = 2.0

# bash sources each command in the session itself, so that cd, variables and background jobs last. Its answers
# come over a pipe of their own; output goes to a file, which a background job may keep open.
_LOOP = r"""
ulimit -v {memory} 2>/dev/null
while IFS= read -r -u {commands} labs_file; do
  . "$labs_file" >"$labs_file.out" 2>&1 </dev/null {commands}<&- {answers}>&-
  printf '%s\n' "$?" >&{answers}
done
"""


@dataclass(frozen=True)
class Result:
    """What one command did: its exit status, its output (stdout and stderr as they came), its time in seconds."""

    exit_code: int
    output: str
    seconds: float

    @property
    def lines(self) -> list[str]:
        """The output by lines, as the eye sees them in a terminal."""
        return screen_lines(self.output)


class ShellEndedError(StepError):
    """A command ended the session, as ``exit`` does; ``result`` is what it did before. A new session is open."""

    def __init__(self, result: Result) -> None:
        end = "\n".join(result.lines[-20:])
        super().__init__("the command ended the page's shell", "leave out 'exit', or use a subshell", end)
        self.result = result


class Shell:
    """A bash session in ``home`` with exactly the environment given."""

    def __init__(self, home: Path, scratch: Path, environment: Mapping[str, str]) -> None:
        self._home, self._scratch, self._environment = home, scratch, environment
        self._count = 0
        self._open()

    def _open(self) -> None:
        commands_in, self._commands = os.pipe()
        self._answers, answers_out = os.pipe()

        script = _LOOP.format(memory=_MEMORY_LIMIT_KIB, commands=commands_in, answers=answers_out)
        self._process = subprocess.Popen(
            ["bash", "--noprofile", "--norc", "-c", script],
            cwd=self._home,
            env=dict(self._environment),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            pass_fds=(commands_in, answers_out),
        )
        os.close(commands_in)
        os.close(answers_out)

    def __enter__(self) -> Shell:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the session and everything it started."""
        for descriptor in (self._commands, self._answers):
            with contextlib.suppress(OSError):
                os.close(descriptor)
        end_session(self._process)

    def run(self, text: str, timeout: float) -> Result:
        """Run a command (or a script) in the session.

        Raises:
            StepError: when it does not end within ``timeout`` seconds, prints too much, or ends the shell itself.
        """
        self._count += 1
        script = self._scratch / f"command-{self._count}"
        script.write_text(text + "\n", encoding="utf-8")
        output = Path(f"{script}.out")
        output.touch()
        started = time.monotonic()
        try:
            os.write(self._commands, f"{script}\n".encode())
        except BrokenPipeError:
            raise StepError("the page's shell has ended", "an earlier command closed it") from None

        answer = b""
        while not answer.endswith(b"\n"):
            left = started + timeout - time.monotonic()
            if left <= 0:
                self._give_up(output, f"the command does not end: stopped after {timeout:.0f} s", 'timeout="…"')
            if output.stat().st_size > OUTPUT_LIMIT:
                self._give_up(output, f"the command prints more than {OUTPUT_LIMIT >> 20} MiB", "print less")
            ready, _, _ = select.select([self._answers], [], [], min(left, 0.5))
            if ready:
                part = os.read(self._answers, 64)
                if not part:
                    code = self._process.wait()
                    seconds = time.monotonic() - started
                    self.close()
                    self._open()
                    raise ShellEndedError(Result(code if code >= 0 else 128 - code, _text(output), seconds))
                answer += part
        seconds = time.monotonic() - started
        return Result(int(answer), _text(output), seconds)

    def _give_up(self, output: Path, what: str, todo: str) -> None:
        self.close()
        hint = f"does it wait for something? A longer limit is set by {todo}" if "end" in what else todo
        raise StepError(what, hint, _tail(output))


def _text(output: Path) -> str:
    # Not as a text file: Python would take a carriage return for the end of a line.
    return output.read_bytes().decode(errors="replace")


def _tail(output: Path) -> str:
    with output.open("rb") as file:
        file.seek(max(0, output.stat().st_size - 4000))
        return "\n".join(screen_lines(file.read().decode(errors="replace"))[-20:])


def end_session(process: subprocess.Popen[bytes]) -> None:
    """End a process that leads a session: TERM, two seconds of grace, KILL."""
    for number, grace in ((signal.SIGTERM, _GRACE), (signal.SIGKILL, None)):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, number)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(grace)
            if number is signal.SIGKILL:
                return
