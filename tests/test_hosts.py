"""Several hosts: each page is walked on exactly one, and what a dead one leaves is walked on another."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import sys
import time
import uuid
from pathlib import Path

import pytest

from helpers import FRONT_DOORS, LIMIT, environment, machines_left, machines_started, run, small_project
from walkthrough.errors import EngineMissingError
from walkthrough.machine.bases import RELEASES, of_the_machine, recipes
from walkthrough.machine.cleanup import tags
from walkthrough.machine.embedded import Embedded
from walkthrough.machine.engine import Engine
from walkthrough.machine.find import find_hosts
from walkthrough.machine.provision import provided
from walkthrough.machine.reader import STATE, Machines
from walkthrough.observe.containers import wait_for
from walkthrough.project import state_folder

NAMES = [f"page-{number}" for number in range(4)]


def project_of(folder: Path, command: str) -> Path:
    """Return a project with pages that do the same, each with a mark of its own."""
    for name in NAMES:
        small_project(folder, f"# {name}\n\n```console\n$ {command} # {uuid.uuid4().hex}\n```\n", name)
    return folder


def bases_on(engine: Engine) -> set[str]:
    """Return the names of the base images on an engine; a test beside this one may make others."""
    with contextlib.closing(engine.api()) as api:
        return tags(api).keys() & recipes().keys()


def test_each_page_is_walked_on_exactly_one_host(engine: Engine, second: Embedded, tmp_path: Path) -> None:
    """By the engines' own account: as many machines as pages, and some on each; also where one is named twice."""
    other = second.start(print)
    hosts = f"{engine.host} {other.host} {engine.host}"
    began, had = time.time(), bases_on(engine)

    done = run(project_of(tmp_path, "docker ps --quiet"), "walkthrough", "verify", LABS_HOSTS=hosts)

    assert done.returncode == 0, done.stdout
    assert bases_on(engine) == had  # whoever names this project's own engine takes no base image away from it
    assert "4 pages hold; 4 walked" in done.stdout
    started = [machines_started(one, began) for one in (engine, other)]
    assert sum(started) == len(NAMES), done.stdout
    assert all(started), done.stdout
    again = run(tmp_path, "walkthrough", "verify", LABS_HOSTS=hosts)
    assert "nothing changed: all 4 pages were verified before, nothing was walked" in again.stdout


def killed_in_the_middle(other: Embedded, project: Path, log: Path, hosts: str) -> tuple[int, str]:
    """Kill an engine with SIGKILL as soon as a machine is on it; return the status of the run, and what it said."""
    second = other.start(print)
    changed = environment(PYTHONPATH=str(project / "hooks"), LABS_HOSTS=hosts)
    with log.open("wb") as output:
        command = [sys.executable, "-m", "walkthrough", "verify"]
        walking = subprocess.Popen(command, cwd=project, env=changed, stdout=output, stderr=output)
        try:
            assert wait_for(lambda: machines_left(second) or None, 120, 0.1), log.read_text()
            os.kill(int((other.folder / "pid").read_text()), signal.SIGKILL)
            return walking.wait(LIMIT), log.read_text()
        finally:
            walking.kill()
            walking.wait()


def test_what_a_dead_host_leaves_is_walked_on_another(engine: Engine, second: Embedded, tmp_path: Path) -> None:
    """Pages end on one of the hosts only, where the memory of machines holds a file: on the other they are cut off."""
    mark = f"go-{uuid.uuid4().hex}"
    engine.command("run", "--rm", "--volume=docker-labs-memory:/memory", "debian:trixie", "touch", f"/memory/{mark}")
    project = project_of(tmp_path / "p", f"until test -e {STATE}/{mark}; do sleep 0.1; done")

    status, said = killed_in_the_middle(second, project, tmp_path / "log", f"{engine.host} {second.host}")

    engine.command("run", "--rm", "--volume=docker-labs-memory:/memory", "debian:trixie", "rm", f"/memory/{mark}")
    assert status == 0, said
    assert "4 pages hold; 4 walked" in said
    left = re.findall(rf"docs/lab-01-small/(\S+)\.md: aborted on {second.host}, which does not answer any more", said)
    assert left, said
    assert len(left) == len(set(left))
    for name in NAMES:
        assert len(re.findall(rf"{name}\.md: verified", said)) == 1, said


def test_where_all_hosts_are_dead_every_page_says_so(second: Embedded, tmp_path: Path) -> None:
    """One never answered, the other is killed: what waits is not lost either."""
    nowhere = f"unix://{tmp_path}/docker.sock"

    status, said = killed_in_the_middle(
        second, project_of(tmp_path / "p", "sleep 1000"), tmp_path / "log", f"{nowhere} {second.host}"
    )

    assert status == 2, said
    assert f"no Docker engine answers at {nowhere}, which LABS_HOSTS names" in said
    for name in NAMES:
        # What is said depends on the moment: that the engine is gone, or that it takes no machine any more.
        assert re.search(rf"{name}\.md:\d+: aborted: ", said), said
    assert "4 of 4 pages could not be walked" in said


def test_a_volume_that_somebody_has_is_left_to_them(engine: Engine) -> None:
    """Two runs of two people on one engine have machines of the same number at the same time."""
    with provided(engine, of_the_machine("docker", RELEASES[0]), state_folder(), print) as bases:
        mine, yours = (Machines(engine, bases, RELEASES[0], print) for _ in range(2))
        with mine.rented("docker", 0, {}) as first, yours.rented("docker", 0, {}) as second:
            look = ("inspect", "--format", "{{range .Mounts}}{{.Name}} {{end}}")
            volumes = [set(engine.command(*look, one.name).stdout.split()) for one in (first, second)]

    shared = volumes[0] & volumes[1]
    assert shared == {"docker-labs-memory"}, volumes


@pytest.mark.parametrize("door", ["verify", "pytest"])
def test_a_page_of_another_architecture_is_skipped_with_that_reason(engine: Engine, tmp_path: Path, door: str) -> None:
    """It is no failure, and the others are walked."""
    here = engine.architecture
    (there,) = {"amd64", "arm64"} - {here}
    for name, platform in (("there", [there]), ("here", [here])):
        front = f"---\nplatform: [{', '.join(platform)}]\n---\n\n"
        small_project(tmp_path, f"{front}# {name}\n\n```console\n$ true # {uuid.uuid4().hex}\n```\n", name)
    if door == "pytest":
        run(tmp_path, "walkthrough", "verify")  # it reports lab files that are not there, and writes none

    done = run(tmp_path, *FRONT_DOORS[door])

    assert done.returncode == 0, done.stdout
    assert f"the page holds on {there} only, and machines are {here} here" in done.stdout
    assert (
        "1 page holds; 1 walked, 0 unchanged, 1 skipped" if door == "verify" else "2 passed, 2 skipped"
    ) in done.stdout


HOSTS = {
    "a context that there is not": ("gone", "the Docker context"),
    "an unknown way": ("fd://3", "LABS_HOSTS names the engine fd://3, reached by fd,"),
    "nobody there": ("unix:///nonexistent/docker.sock", "no Docker engine answers of those that LABS_HOSTS names"),
}


@pytest.mark.parametrize("name", HOSTS)
def test_hosts_that_cannot_be_are_refused(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """In one sentence; no other engine steps in for them."""
    hosts, says = HOSTS[name]
    monkeypatch.setenv("LABS_HOSTS", hosts)

    with pytest.raises(EngineMissingError) as caught:
        find_hosts()

    assert str(caught.value).startswith(says)
    assert "unset it" in str(caught.value)
    assert "\n" not in str(caught.value)
