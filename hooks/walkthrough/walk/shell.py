"""The page's shell: one bash session that lasts from block to block, with limits on all that it may take."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from walkthrough.errors import StepError, TimedOutError
from walkthrough.walk.printed import Printed
from walkthrough.walk.terminal import screen_lines

OUTPUT_LIMIT = 8 * 2**20
"""Bytes of output after which a command is ended: far more than any page can show."""
PROCESS_LIMIT = 1000
"""Processes that a command may start: a page that starts more of them starts them without end."""
_MEMORY_LIMIT_KIB = 8 * 2**20
_FILE_LIMIT_KIB = 8 * 2**20
"""Size that a file may have which a command writes: more than any image that a page saves."""
_GRACE = 2.0
_GLANCE = 0.02
"""Seconds between two looks at what is in the foreground."""
_LOOK = 0.5
"""Seconds between two looks at the limits that nothing tells us of."""

# bash sources each command in the session itself, so that cd, variables and background jobs last, and so that a command
# can ask for the status of the one before. Its answers come over a pipe of their own; each command's output goes to a
# pipe of its own, which a background job may keep.
_LOOP = r"""
ulimit -v {memory} 2>/dev/null
ulimit -f {file} 2>/dev/null
labs_status=0
trap 'return $? 2>/dev/null' INT
labs_again() {{ return "$labs_status"; }}
while IFS= read -r -u {commands} labs_file; do
  labs_again
  . "$labs_file" >"$labs_file.out" 2>&1 </dev/null {commands}<&- {answers}>&-
  labs_status=$?
  printf '%s\n' "$labs_status" >&{answers}
done
"""


@dataclass(frozen=True)
class Completed:
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

    def __init__(self, result: Completed) -> None:
        end = "\n".join(result.lines[-20:])
        super().__init__("the command ended the page's shell", "leave out 'exit', or use a subshell", end)
        self.result = result


class _Foreground:
    """What a command in the foreground prints, read while it goes on, so that it never waits for a reader."""

    def __init__(self, printed: Printed) -> None:
        self._printed, self._left = printed, threading.Event()
        self._reading = threading.Thread(target=self._read, name="foreground", daemon=True)
        self._reading.start()

    def _read(self) -> None:
        while not self._left.is_set():
            if select.select([self._printed.descriptor], [], [], _GLANCE)[0] and self._printed.read():
                return  # more than is kept: the pipe fills, and its command waits

    def leave(self) -> Printed:
        """Read no more here; return what is read, and can be read on."""
        self._left.set()
        self._reading.join()
        return self._printed


class Shell:
    """A bash session in ``home`` with exactly the environment given.

    ``login`` returns the words that run a command in a new login, where that makes a difference.
    """

    def __init__(
        self, home: Path, scratch: Path, environment: Mapping[str, str], login: Callable[[], list[str]] = list
    ) -> None:
        self._home, self._scratch, self._environment, self._login = home, scratch, environment, login
        self._count = 0
        self._open()

    def _open(self) -> None:
        self._closed = False
        self._foreground: _Foreground | None = None
        commands_in, self._commands = os.pipe()
        self._answers, answers_out = os.pipe()

        script = _LOOP.format(memory=_MEMORY_LIMIT_KIB, file=_FILE_LIMIT_KIB, commands=commands_in, answers=answers_out)
        login = self._login()
        if login:
            login += ["env", "-i", *(f"{name}={value}" for name, value in self._environment.items())]
        self._process = subprocess.Popen(
            [*login, "bash", "--noprofile", "--norc", "-c", script],
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
        """End the session and everything it started. To close it again does nothing."""
        if self._closed:  # the numbers of its descriptors may be another's by now
            return
        self._closed = True
        if self._foreground:
            self._foreground.leave()
            self._foreground = None
        for descriptor in (self._commands, self._answers):
            os.close(descriptor)
        end_session(self._process)

    def run(self, text: str, timeout: float) -> Completed:
        """Run a command (or a script) in the session.

        Raises:
            TimedOutError: when it does not end within ``timeout`` seconds.
            ShellEndedError: when it ends the shell itself.
            StepError: when it prints or starts too much.
        """
        script, started = self._script(text), time.monotonic()
        with Printed(Path(f"{script}.out"), OUTPUT_LIMIT) as printed:
            self._send(script)
            status = self._answer(printed, started, timeout)
        return Completed(status, printed.text, time.monotonic() - started)

    def begin(self, text: str, enough: Callable[[str], bool], timeout: float) -> Completed:
        """Run a command that stays in the foreground; return what it printed as soon as that is ``enough``.

        Raises:
            TimedOutError: when it is not enough within ``timeout`` seconds.
            StepError: when the command ends before, or prints too much.
        """
        script, started = self._script(text), time.monotonic()
        printed = Printed(Path(f"{script}.out"), OUTPUT_LIMIT)
        self._foreground = _Foreground(printed)
        self._send(script)
        while not enough(printed.text):
            if time.monotonic() > started + timeout:
                tail = printed.tail
                self.close()
                what = f"the command does not print what is shown within {timeout:.0f} s"
                raise TimedOutError(what, 'does it print something else? A longer limit is set by timeout="…"', tail)
            if select.select([self._answers], [], [], _GLANCE)[0]:
                self._foreground.leave()
                self._foreground = None
                status = os.read(self._answers, 64).decode().strip() or "none, as its shell has ended"
                what = f"the command has ended, with exit status {status}; it was to stay in the foreground"
                raise StepError(what, "see what it prints", printed.tail)
        return Completed(0, printed.text, time.monotonic() - started)

    def interrupt(self, timeout: float) -> Completed:
        """Press Ctrl-C: end what is in the foreground; return its exit status, and what it printed after that.

        Raises:
            TimedOutError: when it does not end within ``timeout`` seconds.
            StepError: when nothing is in the foreground, or it prints too much.
        """
        if self._foreground is None:
            raise StepError("nothing is in the foreground of this terminal", "an earlier command has ended it")
        foreground, self._foreground = self._foreground, None
        started, printed = time.monotonic(), foreground.leave()
        before = len(printed.text)
        with printed:
            os.killpg(self._process.pid, signal.SIGINT)
            status = self._answer(printed, started, timeout)
        return Completed(status, printed.text[before:], time.monotonic() - started)

    def _script(self, text: str) -> Path:
        self._count += 1
        script = self._scratch / f"command-{self._count}"
        script.write_text(text + "\n", encoding="utf-8")
        return script

    def _send(self, script: Path) -> None:
        if self._closed:
            raise StepError("the page's shell has ended", "an earlier command closed it")
        try:
            os.write(self._commands, f"{script}\n".encode())
        except BrokenPipeError:
            raise StepError("the page's shell has ended", "an earlier command closed it") from None

    def _answer(self, printed: Printed, started: float, timeout: float) -> int:
        """Wait until the command has ended, reading what it prints; return its exit status."""
        answer, looked, others = b"", started, _processes()
        poll = select.poll()
        poll.register(self._answers, select.POLLIN)
        poll.register(printed.descriptor, select.POLLIN)
        while not answer.endswith(b"\n"):
            now = time.monotonic()
            if now >= started + timeout:
                self.close()
                what = f"the command does not end: stopped after {timeout:.0f} s"
                todo = 'does it wait for something? A longer limit is set by timeout="…"'
                raise TimedOutError(what, todo, printed.tail)
            if now >= looked + _LOOK:
                looked = now
                if _processes() > others + PROCESS_LIMIT:
                    self._give_up(f"the command starts more than {PROCESS_LIMIT} processes", "start less", printed)
            ready = [descriptor for descriptor, _ in poll.poll(1000 * min(started + timeout - now, _LOOK))]
            if printed.descriptor in ready and printed.read():
                self._give_up(f"the command prints more than {OUTPUT_LIMIT >> 20} MiB", "print less", printed)
            if self._answers in ready:
                part = os.read(self._answers, 64)
                if not part:
                    printed.read_rest()
                    code = self._process.wait()
                    self.close()
                    self._open()
                    seconds = time.monotonic() - started
                    raise ShellEndedError(Completed(code if code >= 0 else 128 - code, printed.text, seconds))
                answer += part
        return int(answer)

    def _give_up(self, what: str, todo: str, printed: Printed) -> None:
        self.close()
        raise StepError(what, todo, printed.tail)


def _processes() -> int:
    """Return how many processes there are, in whichever session, by ``/proc``; 0 where there is none (macOS)."""
    return sum(1 for _ in Path("/proc").glob("[0-9]*"))


def end_session(process: subprocess.Popen[bytes]) -> None:
    """End a process that leads a session: TERM, two seconds of grace, KILL."""
    for number, grace in ((signal.SIGTERM, _GRACE), (signal.SIGKILL, None)):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, number)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(grace)
            if number is signal.SIGKILL:
                return
