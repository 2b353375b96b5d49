"""The fast gate, ``make unit``: every test that asks for no engine, and none that uses one all the same."""

from __future__ import annotations

import re

import pytest

from helpers import ROOT, run
from walkthrough.errors import EngineMissingError
from walkthrough.machine.find import find_engine


def test_a_test_that_asks_for_no_engine_finds_none() -> None:
    """Neither in its own process nor in one that it starts, and not even root can start one there."""
    with pytest.raises(EngineMissingError):
        find_engine()

    done = run(ROOT, "walkthrough", "engine", "start")

    assert done.returncode == 2
    assert done.stdout.splitlines()[-1].startswith("error: "), done.stdout


def test_what_asks_for_the_engine_is_left_to_the_slow_tests() -> None:
    """By whichever fixture it asks: directly, by name alone, or through another one."""
    fast = run(ROOT, "pytest", "tests", "-m", "unit", "--collect-only", "-q", "-p", "no:cacheprovider").stdout
    files = set(re.findall(r"^tests/(test_\w+)\.py", fast, re.MULTILINE))
    written = "".join(path.read_text() for path in (ROOT / "tests").glob("test_*.py"))

    assert {"test_units", "test_gate", "test_site", "test_browser"} <= files
    for name in (
        "test_axe_finds_nothing",  # through its browser
        "test_the_published_text_is_the_text_that_was_built",  # by name alone
        "test_the_workflows_pass_actionlint",  # directly
    ):
        assert f"def {name}(" in written, name
        assert f"::{name}" not in fast, name


def test_no_module_is_longer_than_what_is_read_at_once() -> None:
    """300 lines: one that needs more has two ideas."""
    modules = {path: len(path.read_text().splitlines()) for path in (ROOT / "hooks").rglob("*.py")}

    assert len(modules) > 100
    assert {path: lines for path, lines in modules.items() if lines > 300} == {}


def test_a_list_of_what_an_engine_has_bears_what_goes_meanwhile() -> None:
    """The library asks for each thing on a list once more, and raises where one of them is gone by then."""
    call = re.compile(r"\b(containers|images|networks)\.list\(([^()]*(?:\([^()]*\)[^()]*)*)\)")
    found = [
        (path.name, kind, arguments)
        for folder in ("hooks", "tests")
        for path in (ROOT / folder).rglob("*.py")
        for kind, arguments in call.findall(path.read_text())
    ]

    def bears(kind: str, arguments: str) -> bool:
        if kind == "containers":
            return "ignore_removed=True" in arguments
        return kind == "networks" and "greedy" not in arguments

    assert len(found) > 5
    assert [one for one in found if not bears(*one[1:])] == []
