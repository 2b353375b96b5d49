"""Fixtures: a copy of the project, and the engine that tests run on if they ask for it."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

import docker
import docker.errors
import pytest

from helpers import NO_ENGINE, built_site, copy_project, second_engine
from walkthrough.machine.embedded import Embedded
from walkthrough.machine.engine import Engine
from walkthrough.machine.find import find_engine
from walkthrough.machine.provision import provided
from walkthrough.project import state_folder


def pytest_addoption(parser: pytest.Parser) -> None:
    """Offer ``--every-page``, for the night: pages look alike, and a browser takes seconds for each."""
    parser.addoption(
        "--every-page", action="store_true", help="look at each page in a browser, not at some of each lab"
    )


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark as ``unit`` every test that does not ask for the engine, by itself or through another fixture.

    Those, and those that look at the site in a browser, can run ``beside`` all others: they leave the engine in peace.
    So do some whole modules that use it without machines, and say so themselves: then neither run is much the longer.
    """
    for item in items:
        if not isinstance(item, pytest.Function):
            continue
        unit = "engine" not in item.fixturenames
        if unit:
            item.add_marker("unit")
        if unit or "web" in item.fixturenames:
            item.add_marker("beside")


@pytest.fixture(autouse=True)
def no_engine_unasked(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a test that does not ask for the engine find none, so that the mark ``unit`` cannot be wrong."""
    if "engine" not in request.fixturenames:
        monkeypatch.delenv("LABS_ENGINE", raising=False)
        for name, value in NO_ENGINE.items():
            monkeypatch.setenv(name, value)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Return a copy of the project to break."""
    return copy_project(tmp_path / "project")


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the site, built once from the records, as a host without an engine does."""
    return built_site("mkdocs", tmp_path_factory.mktemp("site"))


@pytest.fixture(scope="session")
def engine() -> Engine:
    """Return the engine that pages are walked on: the machine's own, else the embedded one."""
    return find_engine(print)


@pytest.fixture(scope="session")
def second(engine: Engine) -> Iterator[Embedded]:
    """Yield an engine beside the embedded one, for all tests that kill one or call it somebody else's: start it."""
    with second_engine(engine) as other:
        yield other


@pytest.fixture(scope="session")
def debian(engine: Engine) -> Iterator[str]:
    """Yield the name of a Debian image that is on the engine itself, not only in its registry."""
    name = "debian:trixie"
    with provided(engine, {name}, state_folder(), print), contextlib.closing(engine.api()) as api:
        try:
            api.images.get(name)
        except docker.errors.ImageNotFound:
            api.images.pull(name)
        yield name
