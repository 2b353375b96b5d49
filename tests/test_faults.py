"""A sample of the table of faults, and what counts what is left: it sees each thing that is left behind."""

from __future__ import annotations

import os
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import faults
from faults import Ground, attempt, ground_on
from walkthrough.machine.engine import Engine

SAMPLE = [
    "the machine's engine killed in a run",
    "a fork bomb",
    "processes that daemonise",
    "a remembered verdict cut in half",
    "SIGKILL of the run, 1 times at random",
]
"""The rows that are quick."""


@pytest.fixture(scope="module")
def ground(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ground]:
    """Yield a ground whose pages are sound and walked."""
    with ground_on(engine, tmp_path_factory.mktemp("faults")) as made:
        yield made


@pytest.mark.parametrize("name", SAMPLE)
def test_of_a_fault_a_verdict_is_left_and_nothing_else(ground: Ground, name: str) -> None:
    """The page beside it holds, nothing is left, and the next run is right; the moments are those of this process."""
    (row,) = [row for row in faults.faults(1, os.getpid()) if row.name == name]

    assert attempt(row, ground)


def leave_container(ground: Ground) -> Callable[[], object]:
    """Leave a container; return what takes it away."""
    name = f"labs-test-{uuid.uuid4().hex}"
    made = ground.engine.command("create", "--name", name, "debian:trixie", "true")
    assert made.returncode == 0, made.stderr
    return lambda: ground.engine.command("rm", name)


def leave_process(ground: Ground) -> Callable[[], object]:
    """Leave a process that carries the mark of the runs."""
    process = subprocess.Popen([sys.executable, "-c", "input()"], env=ground.environment(), stdin=subprocess.PIPE)
    return lambda: process.communicate(b"\n")


def leave_process_in_engine(ground: Ground) -> Callable[[], object]:
    """Leave a process in the engine's namespaces, which carries no mark, as one of a container does."""
    if ground.engine.network is None:
        pytest.skip("the processes of the user's own engine are not counted")
    name = f"labs-test-{uuid.uuid4().hex}"
    made = ground.engine.command("run", "--detach", "--name", name, "debian:trixie", "sleep", "1000005")
    assert made.returncode == 0, made.stderr
    return lambda: ground.engine.command("rm", "--force", name)


def leave_file(ground: Ground) -> Callable[[], object]:
    """Leave a file among the temporary ones."""
    place = Path(ground.variables["TMPDIR"]) / "left"
    place.touch()
    return place.unlink


LEAVE: dict[str, tuple[Callable[[Ground], Callable[[], object]], set[str]]] = {
    "a container": (leave_container, {"containers"}),
    "a process": (leave_process, {"processes"}),
    "a process of the engine": (leave_process_in_engine, {"containers", "processes", "namespaces", "mounts"}),
    "a file": (leave_file, {"files"}),
}


@pytest.mark.parametrize("name", LEAVE)
def test_what_is_left_is_seen(ground: Ground, name: str) -> None:
    """The census before is no longer that of now, in what was left and in nothing else; then it is again."""
    leave, kinds = LEAVE[name]

    take_away = leave(ground)
    try:
        now = ground.census()
    finally:
        take_away()

    assert {kind for kind in now if now[kind] != ground.before[kind]} == kinds
    assert ground.settled()
