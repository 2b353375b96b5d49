"""The live preview: the page is there at once, the walk follows, and the verdict comes to the page."""

from __future__ import annotations

import contextlib
import subprocess
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from helpers import environment, free_port, small_project
from walkthrough.containers import wait_for

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


@contextlib.contextmanager
def preview(project: Path, log: Path) -> Iterator[str]:
    """Run ``mkdocs serve`` on a free port and yield the small page's address."""
    port = free_port()
    command = [sys.executable, "-m", "mkdocs", "serve", "--no-strict", "-a", f"127.0.0.1:{port}"]
    with log.open("wb") as output:
        process = subprocess.Popen(command, cwd=project, env=environment(), stdout=output, stderr=output)
        try:
            yield f"http://127.0.0.1:{port}/lab-01-small/page.html"
        finally:
            process.terminate()
            process.wait(30)


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
    with preview(project, log) as address:
        assert shows(address, "This page is verified"), log.read_text()

        page.write_text(PAGE.format(marker=marker, shown="something else"))
        assert shows(address, "does not print what the page shows"), log.read_text()
        assert "+" + marker in requests.get(address, timeout=10).text

        page.write_text(PAGE.format(marker=marker, shown=marker).replace('a.txt"', '/etc/a.txt"'))
        assert shows(address, "leaves the lab&#39;s folder"), log.read_text()

        page.write_text(PAGE.format(marker=marker, shown=marker) + "\nNew prose.\n")
        assert shows(address, "New prose."), log.read_text()
        assert shows(address, "This page is verified"), log.read_text()
