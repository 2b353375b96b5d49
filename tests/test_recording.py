"""Recording rewrites what pages show, and nothing else."""

from __future__ import annotations

import uuid
from pathlib import Path

import pytest

from helpers import run, small_project

PAGE = """\
# Small

- In a list:

    ```console
    $ printf 'one\\ntwo\\n'
    …ne
    wrong
    $ echo {marker}
    $ true
    superfluous
    ```

Prose stays.
"""


@pytest.mark.usefixtures("engine")
def test_outputs_are_rewritten_in_place(tmp_path: Path) -> None:
    """All outputs of a page in one run; wildcards that hold, indentation and prose stay; then the page holds."""
    marker = uuid.uuid4().hex
    project = small_project(tmp_path / "p", PAGE.format(marker=marker))

    done = run(project, "walkthrough", "record", "docs/lab-01-small/page.md")

    assert done.returncode == 0, done.stdout
    assert "3 outputs rewritten" in done.stdout
    expected = PAGE.format(marker=marker).replace("wrong", "two").replace(f"{marker}\n", f"{marker}\n    {marker}\n")
    assert (project / "docs/lab-01-small/page.md").read_text() == expected.replace("    superfluous\n", "")
    assert run(project, "walkthrough", "verify").returncode == 0
