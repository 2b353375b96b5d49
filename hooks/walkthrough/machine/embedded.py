"""The embedded engine: a private Docker engine that leaves the machine as it was.

It has a root file system, a data root and a socket of its own below the state folder, and mount, process and
network namespaces of its own. Its network reaches out through slirp4netns, a process in user space, so that no bridge,
address, route or firewall rule of the machine is made or changed; when its first process ends, all of it is gone.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from walkthrough.errors import EngineMissingError
from walkthrough.files import remove_tree
from walkthrough.machine.engine import Engine, client_config, reachable

SUITE = "trixie"
PACKAGES = (
    "docker.io",
    "docker-cli",
    "docker-buildx",
    "docker-compose",
    "iptables",
    "iproute2",
    "slirp4netns",
    "ca-certificates",
    "curl",
    "procps",
)
_STAMP = "etc/docker-labs"
"""File of the root that says what was installed, so that a newer tool installs anew."""
_SOCKET_PATH_LIMIT = 107
"""Bytes that fit in ``sockaddr_un.sun_path`` (unix(7)), less the final null."""
_START_LIMIT = 60.0
_INSTALLING = threading.Lock()
"""Roots may be made side by side, but apt-get serves one at a time."""
_STOP_LIMIT = 20.0
_CERTIFICATES = Path("/etc/ssl/certs/ca-certificates.crt")


class Embedded:
    """The embedded engine of one state folder."""

    def __init__(self, state: Path) -> None:
        self.folder = state / "engine"
        self.root = self.folder / "root"
        self._data = self.folder / "data"
        self._run = self.folder / "run"
        self._pid = self.folder / "pid"
        self.socket = self._run / "docker.sock"

    @property
    def host(self) -> str:
        """The engine's address."""
        return f"unix://{self.socket}"

    def _first_process(self) -> int | None:
        """Return the id of the process that holds the engine's namespaces, if it lives and is ours."""
        try:
            pid = int(self._pid.read_text())
            command = Path(f"/proc/{pid}/cmdline").read_bytes()
        except (OSError, ValueError):
            return None
        return pid if str(self.root).encode() in command.split(b"\0") else None

    def running(self) -> bool:
        """Return whether the engine answers."""
        return self._first_process() is not None and reachable(self.host)

    def start(self, say: Callable[[str], None]) -> Engine:
        """Return a handle on the running engine, starting (and first installing) it where needed.

        Raises:
            EngineMissingError: where this machine cannot run it.
        """
        self._require()
        self.folder.mkdir(parents=True, exist_ok=True)
        with self._locked():
            if not self._installed():
                self._end()
                self._install(say)
            if not self.running():
                self._end()
                say("starting the embedded Docker engine")
                self._launch()
        pid = self._first_process()
        network = Path(f"/proc/{pid}/ns/net")
        return Engine(self.host, self.root / "usr/bin/docker", "embedded", network, client_config(self.root))

    def stop(self) -> bool:
        """Stop the engine and all that it runs; return whether it was running."""
        if not self.folder.exists():
            return False
        with self._locked():
            return self._end()

    def remove(self) -> None:
        """Stop the engine and remove its root, images and containers."""
        self.stop()
        if self.folder.exists():
            remove_tree(self.folder)

    def _require(self) -> None:
        if os.uname().sysname != "Linux" or os.geteuid() != 0:
            raise EngineMissingError(
                "no Docker engine answers and only root on Linux can start the embedded one;"
                " install Docker (https://docs.docker.com/engine/install/), or run this as root"
            )
        if len(str(self.socket)) > _SOCKET_PATH_LIMIT:
            raise EngineMissingError(
                f"the state folder's path is too long for a socket ({len(str(self.socket))} of at most"
                f" {_SOCKET_PATH_LIMIT} bytes: {self.socket}); name a shorter one in LABS_STATE"
            )

    @contextlib.contextmanager
    def _locked(self) -> Iterator[None]:
        with (self.folder / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def _installed(self) -> bool:
        stamp = self.root / _STAMP
        return stamp.is_file() and stamp.read_text().split() == [SUITE, *PACKAGES]

    def _install(self, say: Callable[[str], None]) -> None:
        say(f"installing the embedded Docker engine (Debian {SUITE}, about half a minute)")
        new = self.folder / "root.new"
        if new.exists():
            remove_tree(new)
        bootstrap(new, PACKAGES)
        if _CERTIFICATES.exists():
            shutil.copy(_CERTIFICATES, new / "etc/ssl/certs/ca-certificates.crt")
        (new / "mnt").mkdir(exist_ok=True)
        (new / _STAMP).write_text("\n".join([SUITE, *PACKAGES]))
        if self.root.exists():
            remove_tree(self.root)
        new.rename(self.root)

    def _launch(self) -> None:
        for folder in (self._data, self._run):
            folder.mkdir(exist_ok=True)
        self.socket.unlink(missing_ok=True)
        # unshare stays outside of the process namespace as its holder; should it die, the kernel ends all inside.
        script = 'exec 3</proc/self/ns/net; exec unshare --net --mount --pid --fork --kill-child sh "$0" "$1" "$2" "$3"'
        starter = str(Path(__file__).with_name("start.sh"))
        command = ["sh", "-c", script, starter, str(self.root), str(self._data), str(self._run)]
        with (self._run / "start.log").open("wb") as log, Path(os.devnull).open("rb") as nothing:
            # Not a Popen: the engine is meant to outlive whoever starts it.
            actions = [(os.POSIX_SPAWN_DUP2, file.fileno(), to) for file, to in ((nothing, 0), (log, 1), (log, 2))]
            pid = os.posix_spawn("/bin/sh", command, os.environ, file_actions=actions, setsid=True)
        self._pid.write_text(f"{pid}\n")
        deadline = time.monotonic() + _START_LIMIT
        while not reachable(self.host, 2):
            if _ended(pid) or time.monotonic() > deadline:
                logs = sorted(self._run.glob("*.log"))
                tail = "\n".join(log.read_text(errors="replace")[-1500:] for log in logs)
                self._end()
                raise EngineMissingError(f"the embedded Docker engine did not start; its logs end with:\n{tail}")
            time.sleep(0.1)

    def _end(self) -> bool:
        pid = self._first_process()
        if pid is None:
            return False
        with contextlib.suppress(OSError):
            children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
            for child in children:
                os.kill(int(child), signal.SIGTERM)
        deadline = time.monotonic() + _STOP_LIMIT
        while self._first_process() is not None and time.monotonic() < deadline:
            _ended(pid)
            time.sleep(0.05)
        with contextlib.suppress(ProcessLookupError):
            if self._first_process() is not None:
                os.kill(pid, signal.SIGKILL)
        self._pid.unlink(missing_ok=True)
        return True


def _ended(pid: int) -> bool:
    """Return whether a process is gone, and lay it to rest if it is our child."""
    with contextlib.suppress(ChildProcessError):
        return os.waitpid(pid, os.WNOHANG)[0] == pid
    return not Path(f"/proc/{pid}").exists()


def bootstrap(target: Path, packages: tuple[str, ...] = (), suite: str = SUITE) -> None:
    """Make a minimal Debian at ``target`` (a folder, or a ``.tar`` file) by mmdebstrap, installed where missing.

    Raises:
        EngineMissingError: where neither mmdebstrap nor apt-get is there, or they fail; with the end of their output.
    """
    with _INSTALLING:
        _install_mmdebstrap()
    # Nothing is lost by not writing each file to the disk at once: what fails is made anew.
    command = ["mmdebstrap", "--variant=minbase", "--quiet", "--dpkgopt=force-unsafe-io"]
    command += [f"--include={','.join(packages)}"] if packages else []
    _checked([*command, suite, str(target)], dict(os.environ))


def _install_mmdebstrap() -> None:
    if shutil.which("mmdebstrap") is None:
        if shutil.which("apt-get") is None:
            raise EngineMissingError(
                "mmdebstrap is missing and this is no Debian or Ubuntu; install mmdebstrap, or Docker"
            )
        quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        _checked(["apt-get", "update", "-q"], quiet)
        needed = ["mmdebstrap", "debian-archive-keyring", "util-linux"]
        _checked(["apt-get", "install", "-q", "-y", "--no-install-recommends", *needed], quiet)


def _checked(command: list[str], environment: dict[str, str]) -> None:
    done = subprocess.run(
        command,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        check=False,
        timeout=1200,
    )
    if done.returncode != 0:
        raise EngineMissingError(f"'{' '.join(command[:3])} …' failed:\n{done.stdout[-2000:]}")
