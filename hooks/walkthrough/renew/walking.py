"""Walking pages of a copy of the checkout, by the program that is in this copy."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path

from walkthrough.errors import AbortedError
from walkthrough.renew.results import PageTold, read_results
from walkthrough.renew.running import run

_LIMIT = 4 * 60 * 60
"""Seconds that all pages of the course may take; each has a limit of its own besides."""


def walk_pages(copy: Path, pages: Iterable[str]) -> dict[str, PageTold]:
    """Return what came of pages of a copy; what it keeps of them, such as records, is brought up to date there.

    Raises:
        AbortedError: where it took too long, or no verdict came at all.
    """
    wanted = sorted(pages)
    variables = {name: value for name, value in os.environ.items() if name != "GITHUB_ACTIONS"}
    variables["PYTHONPATH"] = str(copy / "hooks")
    with tempfile.TemporaryDirectory(prefix="renew-") as folder:
        told = Path(folder) / "told.json"
        command = (sys.executable, "-m", "walkthrough", "verify", f"--results={told}", *wanted)
        try:
            run(command, copy, _LIMIT, variables, show_errors=True)
            results = {one.page: one for one in read_results(told)}
        except subprocess.TimeoutExpired:
            raise AbortedError(
                f"walking took more than {_LIMIT // 3600} hours", "renew fewer kinds at a time"
            ) from None
        except FileNotFoundError:
            raise AbortedError("the pages could not be walked", "see why above, and run it again") from None
    return {page: results.get(page, PageTold(page, "aborted")) for page in wanted}
