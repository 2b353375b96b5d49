"""Turns: which tests are run side by side (``pytest -n 2 --dist loadgroup``), in which order, and which are alone.

The pages are one group; so are, of each file, the tests that need the engine and those that do not.
"""

from __future__ import annotations

import contextlib
import fcntl
import tempfile
from collections.abc import Generator
from pathlib import Path

import pytest
from _pytest.nodeid import NodeId

from walkthrough.machine.together import opened

_LOCK = Path(tempfile.gettempdir()) / "docker-labs-tests.lock"


class Turns:
    """The plugin: it sees the pages too, which a conftest beside them would not."""

    def __init__(self) -> None:
        self._turn = contextlib.ExitStack()
        self._kept = False

    def pytest_collection_modifyitems(self, config: pytest.Config, items: list[pytest.Item]) -> None:
        """Mark as ``unit`` every test that does not ask for the engine, by itself or through another fixture.

        The pages come first, with what needs no engine beside them, and what must be alone comes last.
        """
        for item in items:
            if isinstance(item, pytest.Function) and "engine" not in item.fixturenames:
                item.add_marker("unit")
        items.sort(key=_rank)
        if config.getoption("loadgroup", False):
            for item in items:
                # As pytest-xdist's own mark for groups would do; it writes where pytest does not look any more (9.2).
                item._id = NodeId.parse(f"{item.nodeid}@{_group(item)}")

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(
        self, item: pytest.Item, nextitem: pytest.Item | None
    ) -> Generator[None, object, object]:
        """Keep what must be alone on the engine apart from all else that uses it.

        Several such tests in a row keep their turn, and so do the tests of one file: a fixture of theirs may hold what
        others wait for, or stand on the engine.
        """
        if unit(item):
            return (yield)
        if not self._kept:
            lock = self._turn.enter_context(opened(_LOCK))
            fcntl.flock(lock, fcntl.LOCK_EX if alone(item) else fcntl.LOCK_SH)
        try:
            return (yield)
        finally:
            self._kept = bool(nextitem and not unit(nextitem) and _shares(item, nextitem))
            if not self._kept:
                self._turn.close()


def unit(item: pytest.Item) -> bool:
    """Return whether a test needs no engine."""
    return item.get_closest_marker("unit") is not None


def alone(item: pytest.Item) -> bool:
    """Return whether a test counts what is on the engine, or ends what is there, so that no other may run beside it."""
    return item.get_closest_marker("alone") is not None and not unit(item)


def _shares(one: pytest.Item, other: pytest.Item) -> bool:
    return alone(one) and alone(other) if alone(one) or alone(other) else one.path == other.path


def _group(item: pytest.Item) -> str:
    if not isinstance(item, pytest.Function):
        return "pages"
    return f"unit {item.path.stem}" if unit(item) else "alone" if alone(item) else item.path.stem


def _rank(item: pytest.Item) -> int:
    if not isinstance(item, pytest.Function):
        return 0
    return 1 if unit(item) else 3 if alone(item) else 2
