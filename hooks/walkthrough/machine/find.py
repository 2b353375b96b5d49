"""The Docker engine that pages are walked on: the user's own where one answers, else an embedded one."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable

from walkthrough.errors import EngineMissingError
from walkthrough.machine.embedded import Embedded
from walkthrough.machine.engine import Engine, client_with_buildx, reachable
from walkthrough.project import state_folder

__all__ = ["Embedded", "Engine", "find_engine"]


def find_engine(say: Callable[[str], None] = lambda _line: None, start: bool = True) -> Engine:
    """Return an engine that answers.

    Looked for in this order: the one that the user's Docker client points at (``DOCKER_HOST`` or the context), the
    embedded one if it runs, and, where ``start`` is true, an embedded one started now. ``LABS_ENGINE=embedded``
    passes the user's engine over.

    Raises:
        EngineMissingError: where none answers and none can be started.
    """
    embedded = Embedded(state_folder())
    if os.environ.get("LABS_ENGINE", "") != "embedded":
        host = _users_host()
        if host and reachable(host):
            client = client_with_buildx([embedded.root])
            if client is None:
                raise EngineMissingError(
                    f"a Docker engine answers at {host}, but the docker client has no buildx;"
                    " install the package docker-buildx-plugin (Docker's) or docker-buildx (Debian's, Ubuntu's)"
                )
            return Engine.users(host, client)
    if embedded.running() or start:
        return embedded.start(say)
    raise EngineMissingError("no Docker engine answers, and none may be started here")


def _users_host() -> str | None:
    """Return the address that the user's Docker client would talk to."""
    if os.environ.get("DOCKER_HOST"):
        return os.environ["DOCKER_HOST"]
    try:
        shown = subprocess.run(
            ["docker", "context", "inspect", "--format", "{{.Endpoints.docker.Host}}"],
            capture_output=True,
            text=True,
            timeout=20,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return "unix:///var/run/docker.sock"
    return shown.stdout.strip() or None
