"""An engine that is reached by ssh: its API is asked through the docker client, which dials it.

The SDK has a way of its own, for which it wants a second implementation of ssh. The client's takes what the user's
``ssh`` takes: keys, agents, jump hosts, aliases.
"""

from __future__ import annotations

import os
import socket
import subprocess
import threading
from pathlib import Path
from typing import Any

import docker
from docker.api import APIClient
from docker.transport.basehttpadapter import BaseHTTPAdapter
from requests import PreparedRequest
from urllib3.connection import HTTPConnection
from urllib3.connectionpool import HTTPConnectionPool


class DialledClient(docker.DockerClient):
    """The SDK's client of the engine at ``host``, where the docker client ``program`` dials.

    Raises:
        docker.errors.DockerException: where no engine answers.
    """

    def __init__(self, program: Path, host: str, timeout: int) -> None:
        self.api = _Api([str(program), "--host", host, "system", "dial-stdio"], timeout)


class _Api(APIClient):
    def __init__(self, dial: list[str], timeout: int) -> None:
        self._dialling = _Adapter(dial, timeout)
        super().__init__(base_url="http://localhost:80", timeout=timeout)

    def get_adapter(self, url: str | bytes) -> Any:
        """Return the one way to the engine, whatever is asked."""
        del url
        return self._dialling

    def close(self) -> None:
        """Let go of the engine."""
        super().close()
        self._dialling.close()


class _Adapter(BaseHTTPAdapter):
    def __init__(self, dial: list[str], timeout: int) -> None:
        super().__init__()
        self._pool = _Pool(dial, timeout)

    def get_connection(self, url: Any, proxies: Any = None) -> HTTPConnectionPool:
        del url, proxies
        return self._pool

    def request_url(self, request: PreparedRequest, proxies: Any) -> str:
        del proxies  # there are none on this way
        return request.path_url

    def close(self) -> None:
        super().close()
        self._pool.close()


class _Pool(HTTPConnectionPool):
    def __init__(self, dial: list[str], timeout: int) -> None:
        super().__init__("localhost", timeout=timeout, maxsize=10)
        self._dial = dial

    def _new_conn(self) -> _Connection:
        return _Connection(self._dial)


class _Connection(HTTPConnection):
    """A connection whose other end is a process; it ends by itself when this end is closed."""

    def __init__(self, dial: list[str]) -> None:
        super().__init__("localhost")
        self._dial = dial

    def connect(self) -> None:
        ours, theirs = socket.socketpair()
        with theirs:
            # In a session of its own: Ctrl-C is for this program, and ssh asks nobody at the terminal.
            process = subprocess.Popen(
                self._dial,
                env={**os.environ, "SSH_ASKPASS_REQUIRE": "never"},
                stdin=theirs.fileno(),
                stdout=theirs.fileno(),
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            )
        threading.Thread(target=process.wait, name="dialled", daemon=True).start()
        ours.settimeout(self.timeout)
        self.sock = ours
