"""Runs that share an engine: who is alone cleans up, the last one takes away, and what one does others wait for."""

from __future__ import annotations

import contextlib
import re
import subprocess
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from helpers import LIMIT, environment, small_project
from walkthrough.machine.engine import Engine
from walkthrough.machine.reader import STATE
from walkthrough.machine.together import lock_of, numbered, one_at_a_time, shared


def test_the_first_does_what_nobody_else_must_see_and_the_last_ends_it(tmp_path: Path) -> None:
    """Of three, one is first; another one is last, whoever came first; and then somebody is first again."""
    done: list[str] = []

    def come(name: str) -> contextlib.AbstractContextManager[bool]:
        return shared(tmp_path / "lock", lambda: done.append(f"{name} first"), lambda: done.append(f"{name} last"))

    with contextlib.ExitStack() as one, contextlib.ExitStack() as two:
        assert one.enter_context(come("one"))
        assert not two.enter_context(come("two"))
        with come("three") as alone:
            assert not alone
        one.close()
        assert done == ["one first"]
    with come("four") as alone:
        assert alone

    assert done == ["one first", "two last", "four first", "four last"]


def test_nobody_shares_what_somebody_has_alone(tmp_path: Path) -> None:
    """Who comes while the first one is at work waits, says so, and goes on when it is done."""
    script = (
        "import sys; from pathlib import Path; from walkthrough.machine.together import shared\n"
        "with shared(Path(sys.argv[1]), waits=lambda: print('waits', flush=True)) as alone: print(alone)"
    )
    command = [sys.executable, "-c", script, str(tmp_path / "lock")]
    others = list[subprocess.Popen[str]]()

    def first() -> None:
        other = subprocess.Popen(command, env=_hooks(), stdout=subprocess.PIPE, text=True)
        others.append(other)
        assert other.stdout
        assert other.stdout.readline() == "waits\n"

    with shared(tmp_path / "lock", first):
        assert others[0].communicate(timeout=LIMIT)[0] == "False\n"


def test_one_does_it_at_a_time_and_who_waits_can_give_up(tmp_path: Path) -> None:
    """And who comes when nobody is at it does not wait."""
    told: list[str] = []

    def take(given_up: bool) -> contextlib.AbstractContextManager[bool]:
        return one_at_a_time(tmp_path / "lock", lambda: given_up, lambda: told.append("waits"))

    with take(False) as held:
        assert held
        with take(True) as second:
            assert not second
    with take(False) as held:
        assert held

    assert told == ["waits"]


def test_each_run_has_a_number_of_its_own() -> None:
    """The lowest that is free; also after one in the middle has gone."""
    engine = f"test-{uuid.uuid4().hex}"
    try:
        with contextlib.ExitStack() as one, numbered(engine) as second:
            first = one.enter_context(numbered(engine))
            with numbered(engine) as third:
                assert [second, first, third] == [0, 1, 2]
                one.close()
                with numbered(engine) as again:
                    assert again == 1
    finally:
        for number in range(3):
            lock_of(engine, f"-{number}").unlink()


def _hooks() -> dict[str, str]:
    return environment(PYTHONPATH=str(Path(__file__).parents[1] / "hooks"))


@pytest.fixture
def marks(engine: Engine) -> Iterator[tuple[str, str]]:
    """Yield the names of two files in the memory of machines, which are gone in the end."""
    names = (f"one-{uuid.uuid4().hex}", f"two-{uuid.uuid4().hex}")
    yield names
    places = [f"/memory/{name}" for name in names]
    engine.command("run", "--rm", "--volume=docker-labs-memory:/memory", "debian:trixie", "rm", "-f", *places)


@pytest.mark.usefixtures("debian")
def test_two_runs_on_one_engine_wait_for_nobody(marks: tuple[str, str], tmp_path: Path) -> None:
    """A page of each ends only when a page of the other has begun; each has volumes of its own."""
    runs = []
    for mine, theirs in (marks, marks[::-1]):
        page = (
            f"# {mine}\n\n```console\n$ sudo touch {STATE}/{mine}\n"
            f"$ until test -e {STATE}/{theirs}; do sleep 0.1; done\n```\n"
        )
        project = small_project(tmp_path / mine, page)
        command = [sys.executable, "-m", "walkthrough", "verify"]
        changed = environment(PYTHONPATH=str(project / "hooks"))
        runs.append(
            subprocess.Popen(
                command, cwd=project, env=changed, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
            )
        )
    try:
        said = [one.communicate(timeout=LIMIT)[0] for one in runs]
    finally:
        for one in runs:
            one.kill()
            one.wait()

    assert [one.returncode for one in runs] == [0, 0], said
    assert all(re.search("1 page holds; 1 walked", text) for text in said), said
