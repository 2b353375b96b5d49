"""Tests that run side by side are in groups, each in one process; what must be alone has nobody beside it."""

from __future__ import annotations

import itertools
import subprocess
import sys
from pathlib import Path

from helpers import LIMIT, ROOT, environment

CONFTEST = """\
import pytest
from turns import Turns

def pytest_configure(config):
    config.pluginmanager.register(Turns(), "turns")

@pytest.fixture
def engine():
    pass
"""
TESTS = """\
import os
from pathlib import Path

import pytest

@pytest.fixture(autouse=True)
def told(request):
    with Path(os.environ["TOLD"]).open("a", buffering=1) as file:
        file.write(f"{request.node.path.stem} {request.node.name} {os.getpid()}\\n")
        yield
        file.write(f"{request.node.path.stem} {request.node.name} ends\\n")

@pytest.mark.alone
def test_alone(engine): pass

def test_one(engine): pass
def test_two(engine): pass
def test_unit_one(): pass
def test_unit_two(): pass
"""


def test_each_group_has_one_process_and_what_is_alone_is_alone(tmp_path: Path) -> None:
    """Of three files, those tests that need the engine, and those that do not."""
    (tmp_path / "pytest.ini").write_text("[pytest]\nmarkers =\n    alone\n    unit\n")
    (tmp_path / "conftest.py").write_text(CONFTEST)
    files = ("test_a", "test_b", "test_c")
    for name in files:
        (tmp_path / f"{name}.py").write_text(TESTS)
    told = tmp_path / "told"
    command = ["-m", "pytest", "-q", "--numprocesses=2", "--dist=loadgroup", "--no-loadscope-reorder", "."]

    done = subprocess.run(
        [sys.executable, *command],
        cwd=tmp_path,
        env=environment(PYTHONPATH=f"{ROOT}/tests:{ROOT}/hooks", TOLD=str(told), TMPDIR=str(tmp_path)),
        capture_output=True,
        text=True,
        timeout=LIMIT,
        check=False,
    )

    assert done.returncode == 0, done.stdout + done.stderr
    seen = [line.split() for line in told.read_text().splitlines()]
    begun = [(file, name, pid) for file, name, pid in seen if pid != "ends"]
    assert len(begun) == 15
    for group in (("test_unit_one", "test_unit_two"), ("test_one", "test_two")):
        for file in files:
            assert len({pid for where, name, pid in begun if where == file and name in group}) == 1
    assert len({pid for _, name, pid in begun if name == "test_alone"}) == 1
    of_engine = [(file, name, pid == "ends") for file, name, pid in seen if "unit" not in name]
    for one, then in itertools.pairwise(of_engine):
        if one[1:] == ("test_alone", False):
            assert then == (*one[:2], True)
