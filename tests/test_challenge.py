"""Both servers of the challenge: a real browser, a crowd, junk, halves and silence; then they stop at once."""

from __future__ import annotations

import contextlib
import selectors
import socket
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from browser import chromium, network_of
from helpers import LAB, ROOT, published
from walkthrough.machine.engine import Engine
from walkthrough.machine.provision import provided
from walkthrough.observe.containers import wait_for
from walkthrough.project import state_folder

pytestmark = pytest.mark.beside
GREETINGS = {"c": b"Hello from a tiny image!\n", "asm": b"Hello!\n"}
CROWD = 1000
GET = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"
JUNK = (
    b"",
    b"\r\n\r\n",
    b"\0" * 5000,
    b"\xff\xfe\xfd" * 3000 + b"\r\n\r\n",
    b"GET",
    b"GET / HTTP/1.1\nHost: no carriage return\n\n",
    b"POST / HTTP/1.1\r\nContent-Length: 99999999\r\n\r\nabc",
    b"GET " + b"/" * 20_000 + b" HTTP/1.1\r\n\r\n",
    b"GET /../../etc/passwd HTTP/1.1\r\n\r\n",
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x11" * 500,  # how TLS begins
)


@dataclass(frozen=True)
class Server:
    """A running server: its container, the port that it is published at, what it greets with."""

    engine: Engine
    container: str
    port: int
    greeting: bytes

    def ask(self, *pieces: bytes) -> bytes:
        """Send a request in pieces, each in a segment of its own, and return all that comes back."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=20) as connection:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # it may have had enough already
                for piece in pieces:
                    connection.sendall(piece)
                connection.shutdown(socket.SHUT_WR)
            return read_all(connection)

    def inspect(self, what: str) -> str:
        """Return what Docker says of the container."""
        return self.engine.command("inspect", "-f", f"{{{{{what}}}}}", self.container).stdout.strip()


def read_all(connection: socket.socket) -> bytes:
    got = b""
    with contextlib.suppress(ConnectionResetError):
        while piece := connection.recv(65536):
            got += piece
    return got


@pytest.fixture(params=GREETINGS)
def server(request: pytest.FixtureRequest, engine: Engine) -> Iterator[Server]:
    """Build a solution from the lab's folder and start it as its page does; leave nothing behind."""
    folder = ROOT / "labs" / LAB / "solutions" / request.param
    name = f"labs-test-{request.param}-{uuid.uuid4().hex[:8]}"
    with provided(engine, {"debian:trixie-slim"}, state_folder(), print), network_of(engine):
        built = engine.command("buildx", "build", "--load", "-t", name, str(folder), timeout=600)
        assert built.returncode == 0, built.stderr
        with published(engine, name) as port:
            running = Server(engine, name, port, GREETINGS[request.param])

            def answers() -> bool | None:
                with contextlib.suppress(OSError):
                    return running.ask(GET).endswith(running.greeting) or None
                return None

            assert wait_for(answers, 30, 0.05), engine.command("logs", name).stderr
            yield running


@pytest.fixture
def browser(engine: Engine, server: Server, tmp_path: Path) -> Iterator[Browser]:
    """Yield a browser beside the server."""
    with chromium(engine, tmp_path) as running:
        yield running.browser


def assert_well(server: Server) -> None:
    assert server.ask(GET).endswith(b"\r\n\r\n" + server.greeting)
    assert server.inspect(".State.Running") == "true"
    assert server.inspect(".RestartCount") == "0"


def test_a_browser_shows_the_page_and_the_missing_one(server: Server, browser: Browser, debian: str) -> None:
    """What is served is HTTP to a browser, not only to curl."""
    assert debian
    page = browser.new_page()
    found = page.goto(f"http://127.0.0.1:{server.port}/")
    assert found is not None
    assert found.status == 200
    assert page.inner_text("body") == server.greeting.decode()
    assert page.evaluate("fetch('/nowhere').then(answer => answer.status)") == 404


def test_a_thousand_connections_at_once_are_answered(server: Server) -> None:
    """All are open before the first asks; each gets the whole answer."""
    with contextlib.ExitStack() as stack, selectors.DefaultSelector() as selector:
        crowd = []
        for _ in range(CROWD):
            connection = stack.enter_context(socket.create_connection(("127.0.0.1", server.port), timeout=30))
            crowd.append(connection)
        answers = dict.fromkeys(crowd, b"")
        for connection in crowd:
            connection.sendall(GET)
            connection.setblocking(False)
            selector.register(connection, selectors.EVENT_READ)
        deadline = time.monotonic() + 60
        while selector.get_map() and time.monotonic() < deadline:
            for key, _ in selector.select(1):
                answering = key.fileobj
                assert isinstance(answering, socket.socket)
                piece = answering.recv(65536)
                answers[answering] += piece
                if not piece:
                    selector.unregister(answering)
        whole = [answer for answer in answers.values() if answer.endswith(b"\r\n\r\n" + server.greeting)]
        assert len(whole) == CROWD
    assert_well(server)


def test_junk_leaves_it_well(server: Server) -> None:
    """No request makes it crash, greet a stranger's path, or leak what lies on its disk."""
    for junk in JUNK:
        answer = server.ask(junk)
        assert not answer.endswith(server.greeting), junk[:40]
        assert b"root:" not in answer
        assert_well(server)


def test_split_and_slow_requests_are_answered_and_keep_nobody_waiting(server: Server) -> None:
    """Byte by byte is as good as whole; a hundred that never finish do not stand in the way."""
    assert server.ask(*(GET[i : i + 1] for i in range(len(GET)))).endswith(server.greeting)
    with contextlib.ExitStack() as stack:
        for _ in range(100):
            silent = stack.enter_context(socket.create_connection(("127.0.0.1", server.port), timeout=20))
            silent.sendall(b"GET / HT")
        assert_well(server)
        halves = stack.enter_context(socket.create_connection(("127.0.0.1", server.port), timeout=20))
        halves.sendall(GET[:10])
        assert_well(server)
        halves.sendall(GET[10:])
        assert read_all(halves).endswith(server.greeting)


@pytest.mark.parametrize("signal", ["TERM", "INT"])
def test_it_stops_at_once_even_with_open_connections(server: Server, signal: str) -> None:
    """Docker would wait ten seconds and kill; exit code 0 says that it went by itself."""
    with contextlib.ExitStack() as stack:
        for _ in range(50):
            silent = stack.enter_context(socket.create_connection(("127.0.0.1", server.port), timeout=20))
            silent.sendall(b"GET / HT")
        assert server.engine.command("kill", f"--signal={signal}", server.container).returncode == 0
        waited = server.engine.command("wait", server.container, timeout=9)
    assert waited.stdout.strip() == "0"
    assert server.inspect(".State.OOMKilled") == "false"
