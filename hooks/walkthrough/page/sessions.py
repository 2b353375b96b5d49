"""A session as a page shows it: commands behind prompts, each with the output that is shown for it."""

from __future__ import annotations

import functools
import re
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass

PROMPT, CONTINUATION = "$ ", "> "
INTERRUPT = "^C"
"""The line that a terminal shows where its reader presses Ctrl-C."""
_COMPLETE = re.compile(
    r"""'[^']*'|"(?:[^"\\`$]|\\.|\$\{\w+\}|\$(?![({]))*"|\\.|\$\{[^{}'"`\\]*\}|\$\([^()'"`<\\#]*\)""", re.DOTALL
)
"""Parts of a command that are closed in themselves."""
_MAY_BE_OPEN = re.compile(
    r"""['"`({\\]|<<|\[\[|[|&]\s*$|\b(?:case|elif|else|for|function|if|select|until|while)\b""",
)
_BASH_WANTS_MORE = re.compile(r"unexpected end of file|unexpected EOF|unexpected token `EOF'|here-document")
"""What bash says of a text that it would go on to read in a terminal (5.0 to 5.3)."""


@dataclass(frozen=True)
class Command:
    """One command of a session: where it stands, its text, and the output that the page shows for it.

    Blank lines in front of the next prompt or of the closing fence are layout. A command without shown output may
    print what it likes.
    """

    line: int
    text: str
    expected: tuple[str, ...]
    last: int
    """Line of the last line that belongs to the command, its shown output included."""
    stays: bool = False
    """Whether it stays in the foreground until its reader presses Ctrl-C; what is shown is how its output begins."""

    @property
    def interrupts(self) -> bool:
        """Whether it is no command, but Ctrl-C; what is shown then is what came after it."""
        return self.text == INTERRUPT

    @property
    def head(self) -> str:
        """The command's first line."""
        return self.text.partition("\n")[0]


Fault = tuple[int, str, str]
"""What is wrong with a session: the page's line, what, and what to do."""


def read_session(text: str, first_line: int) -> tuple[list[Command], list[Fault]]:
    """Return the commands of a session that begins at ``first_line`` of its page, and what is wrong with it."""
    commands: list[Command] = []
    faults: list[Fault] = []
    lines = text.removesuffix("\n").split("\n")
    at = 0
    while at < len(lines):
        start = at
        if not lines[at].strip():
            at += 1
            continue
        if not lines[at].startswith(PROMPT) and lines[at] != INTERRUPT:
            return [], [(first_line + at, "a console block must begin with a command", "begin the line with '$ '")]
        said = [lines[at].removeprefix(PROMPT)]
        at += 1
        while (
            at < len(lines)
            and lines[start] != INTERRUPT
            and f"{lines[at]} ".startswith(CONTINUATION)
            and is_open("\n".join(said)) is not False
        ):
            said.append(lines[at].removeprefix(CONTINUATION) if lines[at] != ">" else "")
            at += 1
        command = "\n".join(said)
        if command != INTERRUPT and is_open(command):
            what = "the command is not complete: bash would ask for more"
            faults.append((first_line + at - 1, what, "go on in the next line, after '> '"))
        begun = at
        while at < len(lines) and not lines[at].startswith(PROMPT) and lines[at] != INTERRUPT:
            at += 1
        expected = shown(lines[begun:at])
        stays = command != INTERRUPT and at < len(lines) and lines[at] == INTERRUPT
        commands.append(Command(first_line + start, command, expected, first_line + begun + len(expected) - 1, stays))
    if not commands:
        faults.append((first_line - 1, "the console block holds no command", "begin a command with '$ '"))
    return commands, faults


def shown(lines: Sequence[str]) -> tuple[str, ...]:
    """Return the lines without the blank ones at their end."""
    end = len(lines)
    while end and not lines[end - 1].strip():
        end -= 1
    return tuple(lines[:end])


@functools.lru_cache(4096)
def is_open(text: str) -> bool | None:
    """Return whether bash would ask for more after these lines of a command; None where only bash could tell.

    Most commands are told to be complete without asking bash, which takes a millisecond or two.
    """
    backslashes = len(text) - len(text.rstrip("\\"))
    if backslashes % 2:
        return True
    if not _MAY_BE_OPEN.search(_COMPLETE.sub("", text)):
        return False
    try:
        # -n reads and runs nothing; without an environment there is no BASH_ENV to be read first.
        asked = subprocess.run(
            ["bash", "--norc", "-n"],
            input=text.encode(errors="replace"),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            env={"PATH": "/usr/local/bin:/usr/bin:/bin", "LC_ALL": "C"},
            timeout=10,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return _BASH_WANTS_MORE.search(asked.stderr.decode(errors="replace")) is not None
