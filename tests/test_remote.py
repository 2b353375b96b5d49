"""An engine behind ssh: walked on by somebody who is nobody special, with Python, a Docker client and a context."""

from __future__ import annotations

import contextlib
import io
import subprocess
import tarfile
import uuid
from collections.abc import Callable, Iterator

import pytest

from helpers import MADE, ROOT, machines_left, small_project
from walkthrough.machine.bases import RELEASES, certificates, of_the_machine
from walkthrough.machine.engine import Engine
from walkthrough.machine.provision import provided
from walkthrough.machine.reader import Machines
from walkthrough.observe.containers import wait_for
from walkthrough.project import state_folder

PAGE = f"""\
# A page that is walked far away

{MADE}
```console
$ docker build -q -t made docker-labs/lab-01-small/app
…
```

```checks
image: made
size: 1 kB
present: [/made]
```
"""
Said = subprocess.CompletedProcess[str]


@pytest.fixture(scope="module")
def machine_with_author(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Yield a container in which the user ``author`` has a context that leads to the engine by ssh, on loopback."""
    name, image = f"labs-test-remote-{uuid.uuid4().hex[:8]}", "labs-test-remote"
    with provided(engine, of_the_machine("docker", RELEASES[0]), state_folder(), print) as bases:
        machine = Machines(engine, bases, RELEASES[0], print).provide("docker")
    source = str(ROOT / "tests/remote")
    built = engine.command("buildx", "build", "--load", f"--build-arg=MACHINE={machine}", f"--tag={image}", source)
    assert built.returncode == 0, built.stderr
    socket = "/run/labs/docker.sock" if engine.kind == "embedded" else engine.host.removeprefix("unix://")
    project = small_project(tmp_path_factory.mktemp("remote") / "p", PAGE.format(marker=uuid.uuid4().hex))
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w", dereference=True) as archive:
        archive.add(project, "home/author/project")
        for certificate in certificates():  # stand-ins are told by them too
            archive.add(certificate, str(certificate).lstrip("/"))
    made = engine.command("create", "--init", f"--name={name}", f"--volume={socket}:/run/host.sock", image)
    assert made.returncode == 0, made.stderr
    try:
        with contextlib.closing(engine.api()) as api:
            api.containers.get(name).put_archive("/", packed.getvalue())
        assert engine.command("start", name).returncode == 0
        ready = wait_for(lambda: "Server listening" in engine.command("logs", name).stderr or None, 60, 0.1)
        assert ready, engine.command("logs", name)
        yield name
    finally:
        engine.command("rm", "--force", "--volumes", name)


@pytest.fixture
def author(engine: Engine, machine_with_author: str) -> Callable[..., Said]:
    """Return what runs a command as that user, in the project."""
    variables = ("--env=HOME=/home/author", "--env=PYTHONPATH=hooks:/opt/docker-labs/libraries")
    where = ("--user=author", "--workdir=/home/author/project", *variables)
    return lambda *command: engine.command("exec", *where, machine_with_author, *command)


def test_a_page_is_walked_by_an_ordinary_user_over_ssh(engine: Engine, author: Callable[..., Said]) -> None:
    """Base images go there and back, what is measured comes back; the user has no other way to that engine."""
    assert author("id", "--user", "--name").stdout == "author\n"
    assert "permission denied" in author("docker", "--host=unix:///run/host.sock", "ps").stderr

    done = author("python3", "-m", "walkthrough", "verify")

    assert done.returncode == 0, done.stdout + done.stderr
    assert "1 page holds; 1 walked" in done.stdout
    assert '"key": "size"' in author("cat", "labs/lab-01-small/evidence/page.json").stdout
    assert machines_left(engine) == ""


def test_what_ssh_says_is_passed_on(author: Callable[..., Said]) -> None:
    """Of a host whose key nobody has seen: it asks nobody, so the author has to be told why it does not answer."""
    unseen = "DOCKER_HOST=ssh://far@localhost:2222"

    done = author("env", unseen, "python3", "-m", "walkthrough", "verify", "--fresh")

    said = "no Docker engine answers at ssh://far@localhost:2222, which DOCKER_HOST names"
    assert done.returncode == 2, done.stderr
    assert f"{said} (Host key verification failed.); the embedded one is used" in done.stderr
    assert "only root on Linux can start the embedded one" in done.stderr
