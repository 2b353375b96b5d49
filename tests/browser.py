"""A real browser: Debian's chromium in a container on the engine, driven by Playwright."""

from __future__ import annotations

import contextlib
import ctypes
import functools
import os
import threading
import uuid
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from playwright.sync_api import Browser, Error, sync_playwright

from helpers import free_port
from walkthrough.machine.engine import Engine
from walkthrough.observe.containers import wait_for

DOCKERFILE = """\
FROM debian:trixie
RUN apt-get update \\
    && apt-get install -y --no-install-recommends chromium fonts-dejavu-core fonts-noto-color-emoji \\
    && rm -rf /var/lib/apt/lists/*
ENTRYPOINT ["chromium", "--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu"]
"""
SITE_IN_BROWSER = "/site"
"""Where in the browser's own file system a site is put."""
BLOCKS = "article div.highlight:not(.walk-changed *)"
"""The blocks of a page that are its fences; a file after a change is shown beside these."""
OPEN_ALL = """() => {
    for (const folded of document.querySelectorAll("article details")) folded.open = true;
}"""
_START_LIMIT = 60.0
_CLONE_NEWNET = 0x40000000


def html_of(page_path: str) -> str:
    """Return the address of a published page, relative to the site's root."""
    return page_path.removeprefix("docs/").removesuffix(".md") + ".html"


@contextlib.contextmanager
def network_of(engine: Engine) -> Iterator[None]:
    """Move the calling thread to where published ports appear, and back in the end."""
    if engine.network is None:
        yield
        return
    with Path("/proc/thread-self/ns/net").open() as home, engine.network.open() as network:
        _move_thread(network.fileno())
        try:
            yield
        finally:
            _move_thread(home.fileno())


def _move_thread(network: int) -> None:
    """Move the calling thread to a network namespace, given as an open descriptor of its file (setns(2))."""
    if ctypes.CDLL(None, use_errno=True).setns(network, _CLONE_NEWNET) != 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))


@dataclass(frozen=True)
class Chromium:
    """A running browser and the container that it runs in."""

    browser: Browser
    engine: Engine
    container: str
    scratch: Path

    def put(self, archive: Path) -> str:
        """Unpack a zip archive where the browser can open it as files; return that folder."""
        unpacked = self.scratch / "site"
        with zipfile.ZipFile(archive) as packed:
            packed.extractall(unpacked)
        copied = self.engine.command("cp", f"{unpacked}/.", f"{self.container}:{SITE_IN_BROWSER}")
        assert copied.returncode == 0, copied.stderr
        return SITE_IN_BROWSER


@contextlib.contextmanager
def chromium(engine: Engine, folder: Path) -> Iterator[Chromium]:
    """Yield a browser that sees the ports of this thread, which is in the engine's network.

    ``folder`` is an empty one, for the build and what is put there. The image stays on the engine for the next test.
    """
    context = folder / "context"
    context.mkdir()
    (context / "Dockerfile").write_text(DOCKERFILE)
    built = engine.command("buildx", "build", "--load", "-q", "-t", "labs-test-browser", str(context), timeout=900)
    assert built.returncode == 0, built.stderr
    port, name = free_port(), f"labs-test-browser-{uuid.uuid4().hex[:8]}"
    address = f"http://127.0.0.1:{port}"
    started = engine.command(
        "run", "-d", "--rm", "--init", "--network=host", f"--name={name}", "labs-test-browser",
        f"--remote-debugging-port={port}", "--user-data-dir=/tmp/profile",
        # As on a phone, where they lie above the page: the picture of a whole page has no room for one, and was cut.
        "--hide-scrollbars",
    )  # fmt: skip
    assert started.returncode == 0, started.stderr
    try:
        with sync_playwright() as playwright:

            def connect() -> Browser | None:
                with contextlib.suppress(Error):
                    return playwright.chromium.connect_over_cdp(address, timeout=5000)
                return None

            browser = wait_for(connect, _START_LIMIT, 0.2)
            assert browser is not None, engine.command("logs", name).stderr
            with contextlib.closing(browser):
                yield Chromium(browser, engine, name, folder)
    finally:
        engine.command("rm", "--force", name)


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Say nothing: the tests look at what the browser saw."""


@contextlib.contextmanager
def served(site: Path) -> Iterator[str]:
    """Serve a folder as a plain static server does; yield its address."""
    handler = functools.partial(_Quiet, directory=str(site))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, name="site", daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join(10)
