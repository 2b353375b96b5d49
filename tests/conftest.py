"""Fixtures: a copy of the project, and the engine that tests run on if they ask for it."""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path

import docker
import docker.errors
import pytest

from helpers import NO_ENGINE, built_site, copy_project
from turns import Turns
from walkthrough.machine.engine import Engine
from walkthrough.machine.find import find_engine
from walkthrough.machine.provision import provided
from walkthrough.project import state_folder


def pytest_configure(config: pytest.Config) -> None:
    """Let tests and pages have their turns: what is written here alone would not hold for pages."""
    config.pluginmanager.register(Turns(), "turns")


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
    """Return the site, built from the records as a host without an engine does: once for all that run side by side."""
    folder = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        folder = folder.parent
    with (folder / "site.lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "site").exists():
            built_site("mkdocs", folder / "site.new").rename(folder / "site")
    return folder / "site"


@pytest.fixture(scope="session")
def engine() -> Engine:
    """Return the engine that pages are walked on: the machine's own, else the embedded one."""
    return find_engine(print)


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
