"""A handle on a Docker engine that answers: its address, its client, its network."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import docker as sdk
import docker.errors as sdk_errors
import requests

from walkthrough.machine.dialled import DialledClient

_API_TIMEOUT = 300
"""Seconds for one call of the engine's API; exporting an image of a gigabyte takes some of them."""


@dataclass(frozen=True)
class Engine:
    """An engine at ``host``, used through the client ``docker`` (a path).

    ``network`` is the file of the network namespace in which published ports appear; None means this machine's own.
    ``variables`` are what the client needs in its environment.
    """

    host: str
    docker: Path
    kind: Literal["own", "embedded", "machine's"]
    network: Path | None = None
    variables: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def users(cls, host: str, client: tuple[Path, Mapping[str, str]]) -> Engine:
        """Return a handle on the user's own engine."""
        path, variables = client
        return cls(host, path, "own", None, variables)

    @property
    def environment(self) -> dict[str, str]:
        """The variables that make any ``docker`` command talk to this engine, by its own builder."""
        return {**self.variables, "DOCKER_HOST": self.host, "BUILDX_BUILDER": "default"}

    @property
    def whole_environment(self) -> dict[str, str]:
        """The environment of a ``docker`` command on this engine: this process's, and those variables."""
        return {**os.environ, **self.environment}

    def api(self) -> sdk.DockerClient:
        """Return a new SDK client; the caller closes it.

        Raises:
            OSError: where nobody listens.
            docker.errors.DockerException: where no engine answers.
        """
        return _api(self.host, self.docker, _API_TIMEOUT)

    def answers(self, timeout: float) -> bool:
        """Return whether it answers within ``timeout`` seconds."""
        return reachable(self.host, timeout, self.docker)

    @cached_property
    def version(self) -> dict[str, str]:
        """Versions for the record: engine, API, buildx, storage driver, platform."""
        with contextlib.closing(self.api()) as api:
            engine, info = api.version(), api.info()
        buildx = self.command("buildx", "version").stdout.split()
        return {
            "engine": str(engine["Version"]),
            "buildx": buildx[1] if len(buildx) > 1 else "unknown",
            "storage": str(info["Driver"]),
            "platform": f"{engine['Os']}/{engine['Arch']}",
        }

    @cached_property
    def _info(self) -> Mapping[str, Any]:
        with contextlib.closing(self.api()) as api:
            return dict(api.info())

    @property
    def identity(self) -> str:
        """The engine's own id, the same for everybody who talks to it."""
        return str(self._info["ID"])

    @property
    def architecture(self) -> str:
        """Its architecture as images name it."""
        machine = str(self._info["Architecture"])
        return {"x86_64": "amd64", "aarch64": "arm64"}.get(machine, machine)

    def command(
        self,
        *arguments: str,
        cwd: Path | None = None,
        timeout: float = 600,
        extra: Mapping[str, str] | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> subprocess.CompletedProcess[str]:
        """Run the docker client and return what it printed; a failing exit status is the caller's to judge.

        Args:
            timeout: seconds after which it is ended.
            extra: variables to add.
            environment: variables to have instead of this process's.

        Raises:
            subprocess.TimeoutExpired: where it does not end in time.
        """
        return subprocess.run(
            [str(self.docker), *arguments],
            cwd=cwd,
            env={**(os.environ if environment is None else environment), **self.environment, **(extra or {})},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=timeout,
            check=False,
        )


def _api(host: str, client: Path, timeout: int) -> sdk.DockerClient:
    if host.startswith("ssh://"):
        return DialledClient(client, host, timeout)
    if host.startswith("unix://"):
        # The SDK leaks its socket where nobody listens.
        with socket.socket(socket.AF_UNIX) as probe:
            probe.connect(host.removeprefix("unix://"))
    return sdk.DockerClient(base_url=host, timeout=timeout)


def reachable(host: str, timeout: float = 10, client: Path = Path("docker")) -> bool:
    """Return whether a Docker engine answers at ``host`` within ``timeout`` seconds; ``client`` dials where needed."""
    try:
        with contextlib.closing(_api(host, client, int(timeout))) as api:
            return bool(api.ping())
    except (sdk_errors.DockerException, requests.RequestException, OSError):
        return False


def client_with_buildx(roots: Iterable[Path]) -> tuple[Path, Mapping[str, str]] | None:
    """Return a docker client that has buildx, and its variables: the one in PATH, else one below ``roots``."""
    found = shutil.which("docker")
    home = {"DOCKER_CONFIG": os.environ.get("DOCKER_CONFIG") or str(Path("~/.docker").expanduser())}
    candidates: list[tuple[Path, Mapping[str, str]]] = [(Path(found), home)] if found else []
    candidates += [
        (root / "usr/bin/docker", client_config(root)) for root in roots if (root / "usr/bin/docker").is_file()
    ]
    for path, variables in candidates:
        asked: Any = subprocess.run(
            [str(path), "buildx", "version"],
            env={**os.environ, **variables},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
            timeout=30,
        )
        if asked.returncode == 0:
            return path, variables
    return None


def client_config(root: Path) -> dict[str, str]:
    """Return variables for the client below ``root``: a configuration folder beside it that names its plugins."""
    folder = root.parent / "client"
    plugins = folder / "cli-plugins"
    plugins.mkdir(parents=True, exist_ok=True)
    for plugin in (root / "usr/libexec/docker/cli-plugins").glob("docker-*"):
        link = plugins / plugin.name
        if not link.is_symlink():
            with contextlib.suppress(FileExistsError):
                link.symlink_to(plugin)
    return {"DOCKER_CONFIG": str(folder)}
