"""Asking over HTTP: it ends whatever the server does, and nobody but the server is asked."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from walkthrough.observe.http import fetch


class Handler(BaseHTTPRequestHandler):
    """Answers at once, or with a body that trickles or floods for far longer than anybody asks."""

    def do_GET(self) -> None:
        """Answer."""
        self.send_response(200)
        self.end_headers()
        part, pause, times = {"/trickle": (b".", 0.1, 100), "/flood": (b"." * (1 << 20), 0.0, 16)}.get(
            self.path, (b"", 0.0, 0)
        )
        with contextlib.suppress(OSError):  # who has heard enough hangs up
            self.wfile.write(b"well")
            for _ in range(times):
                self.wfile.write(part)
                time.sleep(pause)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def server() -> Iterator[str]:
    """Yield the address of a server on this machine."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as serving:
        threading.Thread(target=serving.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{serving.server_port}"
        serving.shutdown()


@pytest.mark.parametrize("path", ["/trickle", "/flood"])
def test_a_body_without_an_end_is_cut_off(server: str, path: str) -> None:
    """By the limit of time where it trickles, by its length where it floods."""
    begun = time.monotonic()

    answer = fetch(f"{server}{path}", 1.0)

    assert time.monotonic() - begun < 5
    assert (answer.status, answer.whole) == (200, False)
    assert answer.body.startswith("well")
    assert len(answer.body) < 1 << 22


def test_no_proxy_is_asked(server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the environment names: at that address nobody answers."""
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)

    answer = fetch(f"{server}/", 5.0)

    assert (answer.status, answer.body, answer.whole) == (200, "well", True)
