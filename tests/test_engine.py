"""Engines: the user's own is left as it was, the embedded one is apart, of a killed run nothing is left."""

from __future__ import annotations

import contextlib
import io
import os
import shutil
import signal
import socketserver
import subprocess
import sys
import threading
import uuid
from collections.abc import Iterator
from pathlib import Path

import docker
import pytest

from helpers import MADE, ROOT, environment, run, small_project, snapshot
from walkthrough.machine import embedded
from walkthrough.machine.embedded import Embedded
from walkthrough.machine.engine import Engine
from walkthrough.machine.reader import MACHINE_LABEL
from walkthrough.observe.containers import running, wait_for
from walkthrough.project import state_folder

PAGE = f"""\
# A page that makes one of each

{MADE}
```console
$ cd ~/docker-labs/lab-01-small/app
$ docker build -q -t mine:1 .
sha256:…
$ docker network create nets
…
$ docker volume create vols
vols
$ docker create --name box --network nets -v vols:/data mine:1
…
$ docker run --rm debian:trixie cat /etc/debian_version
13.…
```

```checks
image: mine:1
size: 1 kB
present: [/made]
absent: [/bin/sh]
stages: reached
```
"""


def on_users_engine(other: Embedded, tools: Path) -> tuple[tuple[str, ...], dict[str, str]]:
    """Return a command prefix and variables that put a process where that engine is the user's own."""
    handle = other.start(print)
    client = tools / "bin"
    client.mkdir(exist_ok=True)
    if not (client / "docker").exists():
        (client / "docker").symlink_to(handle.docker)
    variables = {
        "DOCKER_HOST": handle.host,
        "DOCKER_CONFIG": handle.variables["DOCKER_CONFIG"],
        "PATH": f"{client}:{os.environ['PATH']}",
    }
    return ("nsenter", f"--net={handle.network}"), variables


def test_the_users_engine_is_used_and_left_as_it_was(second: Embedded, tmp_path: Path) -> None:
    """After a walk it holds what it held before, even a tag that the page took for itself."""
    project = small_project(tmp_path / "p", PAGE.format(marker=uuid.uuid4().hex))
    prefix, variables = on_users_engine(second, tmp_path)
    handle = second.start(print)
    with contextlib.closing(handle.api()) as api:
        empty = tmp_path / "empty"
        empty.mkdir()
        (empty / "Dockerfile").write_text('FROM scratch\nCOPY Dockerfile /d\nCMD ["/d"]\n')
        handle.command("build", "-q", "-t", "mine:1", "-t", "keep:1", str(empty))
        handle.command("create", "--name", "resident", "keep:1")
        handle.command("volume", "create", "resident")
        handle.command("network", "create", "resident")
        before = snapshot(api)
        assert before["containers"]

        done = run(project, "walkthrough", "verify", prefix=prefix, **variables)

        assert done.returncode == 0, done.stdout
        assert "6/6" in done.stdout
        assert "4/4" in done.stdout
        assert snapshot(api) == before
    record = (project / "labs/lab-01-small/evidence/page.json").read_text()
    assert '"machine": "with Docker"' in record


def test_the_embedded_engine_leaves_the_machine_alone(engine: Engine) -> None:
    """Its bridge and its published ports are in a network of its own; the machine has neither."""
    if engine.kind != "embedded":
        pytest.skip("there is no embedded engine on this machine: its own is used")
    here = subprocess.run(["ip", "-o", "link"], capture_output=True, text=True, check=True).stdout
    there = subprocess.run(
        ["nsenter", f"--net={engine.network}", "ip", "-o", "link"], capture_output=True, text=True, check=True
    ).stdout

    assert "docker0" not in here
    assert "docker0" in there
    assert not Path("/var/run/docker.sock").exists()


class Resolver(socketserver.BaseRequestHandler):
    """Answers whatever is asked for an address: 10.9.8.7."""

    def handle(self) -> None:
        """Answer one request (RFC 1035, section 4)."""
        asked, reply = self.request
        question = asked[12 : asked.index(0, 12) + 5]
        answer = b"\xc0\x0c\0\1\0\1\0\0\0\x3c\0\4\x0a\x09\x08\x07" if question[-4:-2] == b"\0\1" else b""
        head = asked[:2] + b"\x81\x80\0\1" + bytes([0, bool(answer)]) + bytes(4)
        reply.sendto(head + question + answer, self.client_address)


def test_names_are_looked_up_where_the_machine_asks_itself(engine: Engine, tmp_path: Path) -> None:
    """A server at a loopback address, as systemd-resolved is one: in the engine's network nobody is there."""
    if engine.kind != "embedded":
        pytest.skip("there is no embedded engine on this machine: its own is used")
    resolv = tmp_path / "resolv.conf"
    resolv.write_text("nameserver 127.0.0.53\n")
    state = Path(f"/tmp/labs-{uuid.uuid4().hex[:8]}")
    other = Embedded(state)
    other.folder.mkdir(parents=True)
    subprocess.run(["cp", "-a", str(Embedded(state_folder()).root), str(other.root)], check=True)
    there = ("unshare", "--mount", "sh", "-c", 'mount --bind "$0" /etc/resolv.conf && exec "$@"', str(resolv))
    try:
        with socketserver.UDPServer(("127.0.0.53", 53), Resolver) as resolver:
            threading.Thread(target=resolver.serve_forever, daemon=True).start()
            started = run(
                ROOT, "walkthrough", "engine", "start", prefix=there, LABS_STATE=str(state), LABS_ENGINE="embedded"
            )
            assert started.returncode == 0, started.stdout
            within = ["nsenter", f"--target={(other.folder / 'pid').read_text().strip()}", "--mount", "--net"]
            found = subprocess.run([*within, "getent", "hosts", "labs-test.example"], capture_output=True, text=True)
            resolver.shutdown()
    finally:
        other.remove()
        state.rmdir()

    assert found.stdout.split() == ["10.9.8.7", "labs-test.example"]


def test_what_is_installed_on_the_machine_is_told_of(monkeypatch: pytest.MonkeyPatch) -> None:
    """The README says what the embedded engine needs, where it says that the machine is left as it was."""
    asked: list[list[str]] = []
    monkeypatch.setattr(embedded, "_checked", lambda command, _environment: asked.append(command))
    monkeypatch.setattr(shutil, "which", lambda name: None if name == "mmdebstrap" else f"/usr/bin/{name}")

    embedded.bootstrap(Path("/nowhere"))

    (installed,) = [command for command in asked if command[:2] == ["apt-get", "install"]]
    wanted = next(word for word in installed[2:] if not word.startswith("-"))
    sentences = " ".join((ROOT / "README.md").read_text().split()).split(". ")
    (said,) = [sentence for sentence in sentences if "leaves the machine as it was" in sentence]
    assert f"installs `{wanted}` where that is missing" in said


ENDLESS = "# A page that does not end\n\n```console\n$ sleep 1000 & sleep 1000 # {marker}\n```\n"


def machines(api: docker.DockerClient) -> list[str]:
    """Return the names of the machines that are on the engine."""
    found = api.containers.list(all=True, filters={"label": MACHINE_LABEL}, ignore_removed=True)
    return [str(one.name) for one in found]


@pytest.fixture
def walking(engine: Engine, debian: str, tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Yield a run in the middle of a page that does not end, beside a container of somebody else."""
    project = small_project(tmp_path / "p", ENDLESS.format(marker=uuid.uuid4().hex))
    log = tmp_path / "log"
    command, changed = [sys.executable, "-m", "walkthrough", "verify"], environment(PYTHONPATH=str(project / "hooks"))
    with contextlib.closing(engine.api()) as api, log.open("wb") as output:
        stranger = api.containers.create(debian)
        process = subprocess.Popen(command, cwd=project, env=changed, stdout=output, stderr=output)
        try:
            assert wait_for(lambda: True if "walking 1 steps" in log.read_text() else None, 120, 0.1), log.read_text()
            assert machines(api)
            yield process
            stranger.reload()
        finally:
            process.kill()
            process.wait()
            stranger.remove(force=True)


def test_of_a_run_that_is_killed_nothing_is_left(
    engine: Engine, walking: subprocess.Popen[bytes], tmp_path: Path
) -> None:
    """SIGKILL in the middle of a walk: its machine ends by itself, and the next run has nothing to clean up."""
    walking.send_signal(signal.SIGKILL)
    walking.wait()

    with contextlib.closing(engine.api()) as api:
        assert wait_for(lambda: True if not machines(api) else None, 60, 0.1)
    done = run(small_project(tmp_path / "q", f'```text title="x"\n{uuid.uuid4().hex}\n```\n'), "walkthrough", "verify")
    assert done.returncode == 0, done.stdout
    assert "cleaned up" not in done.stdout


def test_a_run_that_is_ended_takes_its_machine_along(engine: Engine, walking: subprocess.Popen[bytes]) -> None:
    """SIGTERM in the middle of a command: the run ends soon, and nothing of it is left."""
    walking.terminate()

    assert walking.wait(60) == 143
    with contextlib.closing(engine.api()) as api:
        assert machines(api) == []


def test_a_machine_that_nobody_ended_is_removed_by_the_next_run(engine: Engine, debian: str, tmp_path: Path) -> None:
    """As where the client that held its other end lives on."""
    with contextlib.closing(engine.api()) as api:
        left = api.containers.create(debian, ["true"], labels=[MACHINE_LABEL])

        done = run(small_project(tmp_path, f'```text title="x"\n{uuid.uuid4().hex}\n```\n'), "walkthrough", "verify")

        assert f"cleaned up after a run that was killed: {left.name}" in done.stdout
        assert machines(api) == []


def test_a_container_that_ends_is_not_waited_for(engine: Engine, debian: str) -> None:
    """Observing something that has died fails at once, with its last words."""
    from walkthrough.errors import StepError

    with (
        contextlib.closing(engine.api()) as api,
        running(api, debian, ports=[80]) as container,
        pytest.raises(StepError, match="has ended"),
    ):
        container.answer("/", 80, 60)


def test_a_frozen_server_is_frozen_whole_and_nothing_beside_it(engine: Engine, debian: str) -> None:
    """A supervisor's workers stop with it; what the engine runs in the container beside them, a probe say, goes on."""
    look = 'for of in /proc/[0-9]*; do echo "$(tr "\\0" " " <$of/cmdline)$(cut -d " " -f 3 $of/stat)"; done'
    dockerfile = f'FROM {debian}\nCMD ["sh", "-c", "sleep 1001 & (sleep 1002; true) & wait"]\n'
    with contextlib.closing(engine.api()) as api:
        image, _ = api.images.build(fileobj=io.BytesIO(dockerfile.encode()), rm=True)
        nothing = f"FROM scratch\nLABEL one={uuid.uuid4().hex}\n"
        bare, _ = api.images.build(fileobj=io.BytesIO(nothing.encode()), rm=True)
        try:
            with running(api, str(image.id), helpers=["labs-test.invalid/nobody", str(bare.id), debian]) as server:
                server.container.exec_run(["sleep", "1003"], detach=True)

                def seen() -> dict[str, str]:
                    of = f"container:{server.container.id}"
                    command = ["sh", "-c", look]
                    told = api.containers.run(debian, command, pid_mode=of, remove=True)
                    lines = told.decode().splitlines()
                    return {words: state for words, _, state in (line.rpartition(" ") for line in lines)}

                sleeping = {f"sleep {seconds}" for seconds in (1001, 1002, 1003)}
                assert wait_for(lambda: sleeping <= seen().keys() or None, 30, 0.1)
                server.freeze()
                states = seen()
            # One without a shell is made to freeze others, and cannot be started.
            assert api.containers.list(all=True, filters={"ancestor": str(bare.id)}, ignore_removed=True) == []
        finally:
            api.images.remove(str(image.id), force=True)
            api.images.remove(str(bare.id), force=True)

    assert {words: states[words] for words in sleeping} == {"sleep 1001": "T", "sleep 1002": "T", "sleep 1003": "S"}
    assert all(state == "T" for words, state in states.items() if words.startswith("sh -c sleep"))
