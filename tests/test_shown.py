"""What pages show of a command is what its reader sees: at a terminal, on a machine that is slower than ours."""

from __future__ import annotations

import re
from functools import cache

import pytest

from helpers import ROOT
from walkthrough.page.course import read_course
from walkthrough.page.sessions import Command
from walkthrough.page.steps import RunCommands
from walkthrough.project import Project

COLUMNS = re.compile(r"(?:^|[;&] *)ls(?! -\w*[1l])(?: [^|;&]*)?$", re.MULTILINE)
"""``ls`` at the end of a line, which writes columns where it writes to a terminal (ls(1))."""
MEASURED = re.compile(r"exit code \d+ after \d")
"""What the reader's script says of a stop: a busy machine takes a second more."""


@cache
def commands() -> tuple[tuple[str, Command], ...]:
    """Return each command of the course, with the place where it stands."""
    return tuple(
        (f"{path}:{one.line}", one)
        for path, itinerary in read_course(Project(ROOT)).itineraries.items()
        for step in itinerary.steps
        if isinstance(step, RunCommands)
        for one in step.commands
    )


def in_columns(text: str, expected: tuple[str, ...]) -> bool:
    """Return whether a terminal shows in columns what a command prints, and the page shows below each other."""
    outside = re.sub(r"'[^']*'|\"[^\"]*\"", "''", text.replace("\\\n", " "))
    return len(expected) > 1 and bool(COLUMNS.search(outside))


@pytest.mark.parametrize(
    ("text", "columns"),
    [
        ("ls", True),
        ("cd app && ls src", True),
        ("ls -1", False),
        ("ls -la src", False),
        ("ls | sort", False),
        ("docker run --rm debian ls /srv", False),
        ("docker image ls", False),
        ("docker run debian \\\nls /srv", False),
        ("docker run debian sh -c 'cd /srv; ls'", False),
    ],
)
def test_a_list_that_a_terminal_shows_in_columns_is_told_from_others(text: str, columns: bool) -> None:
    """In a container without a terminal, or before a pipe, it is one name a line as well."""
    assert in_columns(text, ("a", "b")) is columns


def test_no_page_shows_in_lines_what_its_reader_sees_in_columns() -> None:
    """A walk has no terminal; ``make reader`` has one, and is slow."""
    assert len(commands()) > 500
    assert [where for where, one in commands() if in_columns(one.text, one.expected)] == []


def test_no_page_shows_a_time_that_is_another_on_a_slow_machine() -> None:
    """An exit after the grace period of ten seconds is one after eleven where a machine is busy."""
    shown = [(where, line) for where, one in commands() for line in one.expected if "exit code" in line]

    assert shown
    assert [where for where, line in shown if MEASURED.search(line)] == []


READS = re.compile(r"docker compose (?:exec|run)\b|docker (?:exec|run) (?:-\S+ )*-\w*i")
"""What reads from the terminal, whether or not it has a use for it: Compose's two do unless they are told otherwise."""


def is_stopped(text: str) -> bool:
    """Return whether a shell with job control stops a command: it is in the background, and reads from the terminal.

    That is where ``&`` puts it, and so does ``timeout``, which makes a process group of its own (timeout(1)).
    """
    behind = text.startswith("timeout ") or bool(re.search(r"(?<!&)&$", text))
    return behind and bool(READS.search(text)) and not re.search(r"< */dev/null", text)


@pytest.mark.parametrize(
    ("text", "stopped"),
    [
        ("timeout 60 bash -c 'until docker compose exec -T db pg_isready; do sleep 1; done'", True),
        ("timeout 60 bash -c 'until docker compose exec -T db pg_isready </dev/null; do sleep 1; done'", False),
        ("docker compose run --rm -T load > load.txt 2> /dev/null &", True),
        ("docker compose run --rm -T load < /dev/null > load.txt &", False),
        ("docker compose run --rm -T load", False),
        ("docker compose exec db true && docker ps", False),
        ("docker compose up -d &", False),
        ("docker run --rm -i debian cat &", True),
        ("docker run --rm debian true &", False),
    ],
)
def test_a_command_that_a_terminal_stops_is_told_from_others(text: str, stopped: bool) -> None:
    """A walk has no job control: there, all of them go on."""
    assert is_stopped(text) is stopped


def test_no_page_has_a_command_that_its_readers_shell_stops() -> None:
    """It would wait for ever, and nothing says so."""
    assert [where for where, one in commands() if is_stopped(one.text)] == []


HINT = re.compile(r"^\?\?\? tip ", re.MULTILINE)
SOLUTION = re.compile(r"^## Going further: .*\n((?:.*\n)*?)(?=## )", re.MULTILINE)
OPEN = re.compile(r"^(?!\?\?\? example )\S.*$", re.MULTILINE)
"""A line that is seen before anything is folded out."""


def test_the_solution_of_a_challenge_is_folded() -> None:
    """Who scrolls for a hint does not want to see it."""
    texts = {path.as_posix(): path.read_text() for path in sorted((ROOT / "docs").rglob("*.md"))}
    solutions = {path: SOLUTION.findall(text) for path, text in texts.items() if HINT.search(text)}

    assert len(solutions) == 4
    assert all(solutions.values())
    assert {path: seen for path, sections in solutions.items() if (seen := OPEN.findall("".join(sections)))} == {}
