"""The page's shell: what lasts, what is limited, what is left of it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from walkthrough.errors import StepError
from walkthrough.machine.marks import WALK_VARIABLE, end_marked
from walkthrough.observe.containers import wait_for
from walkthrough.walk import shell as shells
from walkthrough.walk.shell import Shell


@pytest.fixture
def shell(tmp_path: Path) -> Iterator[Shell]:
    """Yield a session in an empty home."""
    environment = {"HOME": str(tmp_path), "PATH": os.environ["PATH"], WALK_VARIABLE: "test-walk"}
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

    assert names <= {"HOME", "PATH", "PWD", "OLDPWD", "SHLVL", "_", WALK_VARIABLE}


def test_a_command_that_never_ends_is_stopped(shell: Shell) -> None:
    """The limit is kept, and what was printed is told."""
    with pytest.raises(StepError, match="does not end") as caught:
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


def test_processes_that_ran_away_are_found_by_their_mark(shell: Shell) -> None:
    """Even one that left the session is ended."""
    shell.run("setsid sleep 1000 </dev/null >/dev/null 2>&1 & disown; sleep 0", 10)

    ended = end_marked("test-walk")

    assert len(ended) >= 2  # the sleeper and the shell itself
    assert wait_for(lambda: True if end_marked("test-walk") == [] else None, 10)
