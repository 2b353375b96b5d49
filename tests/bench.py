"""What the memory saves, and what the preview's slots save: each as a ratio or a difference within one run."""

from __future__ import annotations

import contextlib
import shutil
import tempfile
import time
from pathlib import Path

import requests

from helpers import INDEX_PAGE, LAB, ROOT, preview
from walkthrough.doors.report import Progress
from walkthrough.doors.verify import Options, verify
from walkthrough.observe.containers import wait_for
from walkthrough.page.course import read_course
from walkthrough.project import Project

RIGHT, WRONG = "{{.Server.Os}}'\nlinux", "{{.Server.Os}}'\nminix"
TOLD = "does not print what the page shows"
LIMIT = 120.0


def walk(fresh: bool) -> float:
    """Return the seconds of one run over all pages."""
    started = time.monotonic()
    run = verify(read_course(Project(ROOT)), [], Progress(), Options(fresh=fresh))
    assert run.passed, run.problems
    return time.monotonic() - started


def lead() -> float:
    """Return by how many seconds an open page shows a failing step before the page is built anew."""
    with tempfile.TemporaryDirectory() as folder:
        project = Path(folder) / "project"
        left_out = shutil.ignore_patterns(".*", "site", "test-artefacts", "__pycache__")
        shutil.copytree(ROOT, project, ignore=left_out)
        page = project / INDEX_PAGE
        with preview(project, Path(folder) / "log") as address:
            built = f"{address}/{LAB}/index.html"

            def has(where: str, words: str) -> float | None:
                with contextlib.suppress(requests.RequestException):
                    return time.monotonic() if words in requests.get(where, timeout=LIMIT).text else None
                return None

            assert wait_for(lambda: has(built, "This page is verified"), LIMIT)
            page.write_text(page.read_text().replace(RIGHT, WRONG))
            heard = hear(address, TOLD)
            shown = wait_for(lambda: has(built, TOLD), LIMIT)
    assert shown
    return shown - heard


def hear(address: str, words: str) -> float:
    """Wait for a verdict with these words as an open page does; return the clock's time when it came."""
    seen, deadline = 0, time.monotonic() + LIMIT
    while time.monotonic() < deadline:
        answer = requests.get(f"{address}/walk-verdict/{seen}", timeout=LIMIT)
        if answer.status_code == requests.codes.ok:
            seen = answer.json()["number"]
            if words in answer.text:
                return time.monotonic()
    raise AssertionError("no such verdict came")


if __name__ == "__main__":
    walked, remembered = walk(fresh=True), walk(fresh=False)
    print(f"walked {walked:.1f} s, remembered {remembered:.2f} s: {walked / remembered:.0f} times faster")
    print(f"an open page shows a failing step {lead():.1f} s before the page is built anew")
