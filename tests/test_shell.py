"""The page's shell: what lasts, what is limited, what is left of it."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from walkthrough.errors import StepError, TimedOutError
from walkthrough.observe.containers import wait_for
from walkthrough.walk import shell as shells
from walkthrough.walk.shell import Shell

MARK = "LABS_TEST_SHELL"


def marked() -> list[str]:
    """Return the numbers of the processes that a session of these tests has started."""
    found = []
    for entry in Path("/proc").glob("[0-9]*/environ"):
        with contextlib.suppress(OSError):
            if f"{MARK}=test".encode() in entry.read_bytes().split(b"\0"):
                found.append(entry.parent.name)
    return found


@pytest.fixture
def shell(tmp_path: Path) -> Iterator[Shell]:
    """Yield a session in an empty home."""
    environment = {"HOME": str(tmp_path), "PATH": os.environ["PATH"], MARK: "test"}
    with Shell(tmp_path, tmp_path, environment) as session:
        yield session


def test_directory_variables_and_functions_last(shell: Shell) -> None:
    """The session is one, as a reader's terminal is."""
    shell.run("mkdir sub; cd sub; x=1; f() { echo f; }", 10)

    assert shell.run("basename $PWD; echo $x; f", 10).lines == ["sub", "1", "f"]


def test_status_and_both_streams_are_seen_in_order(shell: Shell) -> None:
    """Output is what a terminal would show."""
    result = shell.run("echo out; echo err >&2; echo out; false", 10)

    assert (result.exit_code, result.lines) == (1, ["out", "err", "out"])


def test_the_environment_is_clean(shell: Shell) -> None:
    """Nothing of the caller's environment is there but what was given."""
    names = {line.split("=")[0] for line in shell.run("env", 10).lines}

    assert names <= {"HOME", "PATH", "PWD", "OLDPWD", "SHLVL", "_", MARK}


def test_a_command_that_never_ends_is_stopped(shell: Shell) -> None:
    """The limit is kept, and what was printed is told."""
    with pytest.raises(TimedOutError, match="does not end") as caught:
        shell.run("echo before; sleep infinity", 0.5)

    assert caught.value.detail == "before"


def test_a_flood_of_output_is_stopped(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    """Output has a limit."""
    monkeypatch.setattr(shells, "OUTPUT_LIMIT", 10_000)

    with pytest.raises(StepError, match="prints more"):
        shell.run("yes", 30)


def test_a_command_that_ends_the_shell_says_so(shell: Shell) -> None:
    """``exit`` on a page is the page's fault."""
    with pytest.raises(StepError, match="ended the page's shell"):
        shell.run("exit 3", 10)


def test_a_closed_session_is_not_closed_again(shell: Shell) -> None:
    """The numbers of its descriptors may be another's by then: a time-out, then the end of the session."""
    with pytest.raises(TimedOutError):
        shell.run("sleep infinity", 0.2)
    strangers = [os.pipe() for _ in range(4)]

    shell.close()

    for descriptor in (end for pipe in strangers for end in pipe):
        os.fstat(descriptor)
        os.close(descriptor)
    with pytest.raises(StepError, match="shell has ended"):
        shell.run("true", 10)


def test_more_than_the_limit_is_never_read_back_nor_written(shell: Shell, tmp_path: Path) -> None:
    """A command that prints a lot at once and ends before anybody looks; nothing of it is on the disk."""
    with pytest.raises(StepError, match="prints more than 8 MiB") as caught:
        shell.run("head -c 60000000 /dev/zero | tr '\\0' x; echo", 60)

    assert len(caught.value.detail) <= 4000
    assert sum(path.stat().st_size for path in tmp_path.rglob("*")) < 100_000


def test_what_a_job_prints_later_is_no_output_of_the_next_command(shell: Shell) -> None:
    """A job of the background goes on: it need not wait for a reader, and is not read for another."""
    started = shell.run("(for i in $(seq 20000); do echo a line of the job; done; touch done) & echo $!", 10)

    assert started.lines[0].isdecimal() or "a line of the job" in started.lines
    assert shell.run("echo mine", 10).lines == ["mine"]
    assert wait_for(lambda: True if shell.run("ls done", 10).exit_code == 0 else None, 30)


def test_a_job_that_floods_its_output_is_ended(shell: Shell) -> None:
    """A pipe breaks after as many bytes as a command may print. What the job prints after its command is the job's."""
    assert shell.run("{ until [ -e go ]; do sleep 0.01; done; exec yes; } & echo $! >job", 10).exit_code == 0
    number = shell.run("touch go; cat job", 10).lines[0]

    assert wait_for(lambda: True if shell.run(f"kill -0 {number}", 10).exit_code else None, 30)


def test_processes_have_a_limit(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    """A page that starts processes without end is stopped, and all of them with it."""
    monkeypatch.setattr(shells, "PROCESS_LIMIT", 20)

    with pytest.raises(StepError, match="more than 20 processes"):
        shell.run("for i in $(seq 50); do sleep 1000 & done; wait", 60)

    assert wait_for(lambda: True if marked() == [] else None, 10)


def test_processes_in_sessions_of_their_own_count_too(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    """A bomb may leave the page's session; what is left of it ends with the machine, and here by its own."""
    monkeypatch.setattr(shells, "PROCESS_LIMIT", 20)

    with pytest.raises(StepError, match="more than 20 processes"):
        shell.run("for i in $(seq 50); do setsid sleep 3 & done; sleep 1000", 60)

    assert wait_for(lambda: True if marked() == [] else None, 30)


def test_files_have_a_limit(shell: Shell) -> None:
    """A command may write a large file, and not one without end."""
    assert shell.run("ulimit -f", 10).lines == [str(8 * 2**20)]


def test_the_status_of_a_command_is_there_for_the_next(shell: Shell) -> None:
    """As in a reader's terminal, where ``echo $?`` is asked in a line of its own."""
    shell.run("sh -c 'exit 3'", 10)
    assert shell.run("echo $?", 10).lines == ["3"]
    assert shell.run("echo $?", 10).lines == ["0"]


SERVER = "echo ready; while sleep 0.05; do :; done"


def test_a_command_stays_in_the_foreground_until_it_is_interrupted(shell: Shell) -> None:
    """What it printed up to then is told at once, the rest with its end; the session goes on, as a terminal does."""
    shell.run("x=1", 10)

    begun = shell.begin(SERVER, lambda text: "ready" in text, 10)
    ended = shell.interrupt(10)

    assert (begun.lines, ended.lines, ended.exit_code) == (["ready"], [], 130)
    assert shell.run("echo $x", 10).lines == ["1"]


def test_a_server_that_ends_in_order_says_how(shell: Shell) -> None:
    """Ctrl-C reaches what is in the foreground; its own exit status is told."""
    server = "bash -c 'trap \"echo bye; exit 0\" INT; echo up; while :; do sleep 0.05; done'"

    shell.begin(server, lambda text: "up" in text, 10)
    ended = shell.interrupt(10)

    assert (ended.exit_code, ended.lines) == (0, ["bye"])


def test_what_a_server_prints_is_read_while_it_goes_on(shell: Shell, tmp_path: Path) -> None:
    """More than a pipe holds: it waits for no reader."""
    shell.begin("head -c 300000 /dev/zero | tr '\\0' x; echo; touch done; sleep 1000", lambda _: True, 10)

    assert wait_for(lambda: True if (tmp_path / "done").exists() else None, 30)
    assert shell.interrupt(10).exit_code == 130


def test_what_was_to_stay_and_has_ended_is_told(shell: Shell) -> None:
    """With its exit status and its output; the same where it does not print what is shown."""
    with pytest.raises(StepError, match="has ended, with exit status 3") as ended:
        shell.begin("echo no; exit_with() { return 3; }; exit_with", lambda text: "ready" in text, 10)
    assert ended.value.detail == "no"
    with pytest.raises(StepError, match="nothing is in the foreground"):
        shell.interrupt(10)
    with pytest.raises(TimedOutError, match="does not print what is shown"):
        shell.begin("echo other; sleep 1000", lambda text: "ready" in text, 0.3)
