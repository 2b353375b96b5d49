"""The live preview: the page is there at once, the walk follows, and the verdict comes to the page."""

from __future__ import annotations

import contextlib
import signal
import subprocess
import sys
import uuid
from pathlib import Path

import pytest
import requests
from playwright.sync_api import expect

from browser import chromium, network_of
from helpers import environment, free_port, machines_left, preview, small_project
from walkthrough.doors.verify import Options
from walkthrough.machine.engine import Engine
from walkthrough.observe.containers import wait_for

ADDRESS = "lab-01-small/page.html"
PAGE = """\
# Small

```text title="a.txt"
{marker}
```

```console
$ cat docker-labs/lab-01-small/a.txt
{shown}
```
"""


def shows(address: str, text: str) -> bool:
    """Wait until the page shows ``text``."""

    def look() -> bool | None:
        with contextlib.suppress(requests.RequestException):
            return True if text in requests.get(address, timeout=10).text else None
        return None

    return bool(wait_for(look, 90, 0.1))


@pytest.mark.usefixtures("engine")
def test_the_verdict_comes_to_the_page_while_it_is_edited(tmp_path: Path) -> None:
    """Never walked, verified, failing where it fails, broken, and verified again, without a restart."""
    marker = uuid.uuid4().hex
    project = small_project(tmp_path / "p", PAGE.format(marker=marker, shown=marker))
    page, log = project / "docs/lab-01-small/page.md", tmp_path / "log"
    with preview(project, log) as site:
        address = f"{site}/{ADDRESS}"
        assert shows(address, "This page is verified"), log.read_text()

        page.write_text(PAGE.format(marker=marker, shown="something else"))
        assert shows(address, "does not print what the page shows"), log.read_text()
        assert "+" + marker in requests.get(address, timeout=10).text

        page.write_text(PAGE.format(marker=marker, shown=marker).replace('a.txt"', '/etc/a.txt"'))
        assert shows(address, "leaves the lab&#39;s folder"), log.read_text()

        page.write_text(PAGE.format(marker=marker, shown=marker) + "\nNew prose.\n")
        assert shows(address, "New prose."), log.read_text()
        assert shows(address, "This page is verified"), log.read_text()


def test_an_open_page_hears_the_verdict_without_being_built_anew(engine: Engine, debian: str, tmp_path: Path) -> None:
    """The failing step is shown below its block, and goes away when it is mended; the page is never loaded again."""
    assert debian
    marker = uuid.uuid4().hex
    text = PAGE.format(marker=marker, shown=marker)
    project, log = small_project(tmp_path / "p", text), tmp_path / "log"
    source = project / "docs/lab-01-small/page.md"
    scratch = tmp_path / "chromium"
    scratch.mkdir()
    with network_of(engine), chromium(engine, scratch) as web, preview(project, log) as site:
        address = f"{site}/{ADDRESS}"
        assert shows(address, "This page is verified"), log.read_text()
        page = web.browser.new_page()
        page.route("**/livereload/**", lambda route: route.abort())  # the other way by which news would come
        page.goto(address)
        page.evaluate("window.first = true")

        source.write_text(PAGE.format(marker=marker, shown="something else"))
        problem = page.locator("#slot-1 .walk-problem")
        expect(problem).to_contain_text("does not print what the page shows", timeout=60_000)
        expect(problem).to_contain_text("+" + marker)
        expect(page.locator(".walk-line")).to_contain_text("does not hold")
        above = page.evaluate("document.querySelector('#slot-1').previousElementSibling.textContent")
        assert "$ cat docker-labs/lab-01-small/a.txt" in above

        source.write_text(text)
        expect(problem).to_have_count(0, timeout=60_000)
        expect(page.locator(".walk-line")).to_contain_text("is verified")
        assert page.evaluate("window.first")


def test_a_preview_that_is_ended_walks_no_more(engine: Engine, tmp_path: Path) -> None:
    """Ctrl-C: the pages under way are ended and cleaned up after, those that wait are not begun."""
    project = tmp_path / "p"
    for number in range(8):
        small_project(project, f"```console\n$ sleep 1000 # {uuid.uuid4().hex}\n```\n", f"page-{number}")
    log, port = tmp_path / "log", free_port()
    command = [sys.executable, "-m", "mkdocs", "serve", "--no-strict", "-a", f"127.0.0.1:{port}"]
    with log.open("wb") as output:
        changed = environment(PYTHONPATH=str(project / "hooks"))
        serving = subprocess.Popen(command, cwd=project, env=changed, stdout=output, stderr=output)
        assert wait_for(lambda: True if "walking 1 steps" in log.read_text() else None, 90, 0.1), log.read_text()
        assert wait_for(lambda: True if "Serving on" in log.read_text() else None, 90, 0.1), log.read_text()

        serving.send_signal(signal.SIGINT)

        serving.wait(40)
    begun = log.read_text().count("walking 1 steps")
    assert 1 <= begun <= Options().workers, log.read_text()
    assert machines_left(engine) == ""
    assert "Traceback" not in log.read_text()
