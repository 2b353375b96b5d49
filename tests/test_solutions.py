"""The scripts of the challenges: honest solutions that no page shows pass, and near misses get the right hint."""

from __future__ import annotations

import os
import re
import uuid
from pathlib import Path

import pytest

from helpers import ROOT, run, small_project

LONG = "solutions-compose"
"""Takes six minutes: who runs the tests by hand walks it; it is left out where ``CI`` is set, whose time is short."""
PAGES = {
    path.stem: path.read_text()
    for path in sorted((ROOT / "tests/pages").glob("solutions-*.md"))
    if path.stem != LONG or not os.environ.get("CI")
}
"""What readers might hand in, in the form of pages: each script's words are the output that the page shows.

Pages are walked by the alphabet, so the one that takes longest comes first.
"""
PUBLISHED = re.compile(r"^@(\S+) (\S+)$", re.MULTILINE)
"""Stands for files of a lab as its pages leave them: what is below ``labs/``, and where it is written to."""


def with_files(page: str) -> str:
    """Return the page with the lab's own files in it, each as a block, in place of the lines that name them."""

    def blocks(named: re.Match[str]) -> str:
        source = ROOT / "labs" / named[1]
        found = sorted(path for path in source.rglob("*") if path.is_file()) if source.is_dir() else [source]
        assert found, named[0]
        places = {path: (Path(named[2]) / path.relative_to(source)).as_posix() for path in found}
        return "\n".join(f'````text title="{place}"\n{path.read_text()}````\n' for path, place in places.items())

    return PUBLISHED.sub(blocks, page)


@pytest.fixture(scope="module")
def verdicts(engine: object, tmp_path_factory: pytest.TempPathFactory) -> str:
    """Return what is said of the pages, which are walked side by side, each in a reader's machine."""
    project = tmp_path_factory.mktemp("solutions")
    for name, page in PAGES.items():
        small_project(project, with_files(page) + f"\n```console\n$ : {uuid.uuid4().hex}\n```\n", name)
    return run(project, "walkthrough", "verify").stdout


@pytest.mark.parametrize("name", PAGES)
def test_honest_solutions_pass_and_near_misses_get_the_right_hint(verdicts: str, name: str) -> None:
    """A script says of each what the page shows, word for word; the near misses of Lab 03 are in test_reader_check."""
    page = PAGES[name]
    assert f"/{name}.md: verified" in verdicts, verdicts
    assert len(re.findall(r"^(All holds\.|(\d) of \2 claims hold)$", page, re.MULTILINE)) >= 2
    assert len(re.findall(r"^ *FAILS?[: ]", page, re.MULTILINE)) >= 5 or name == "solutions-tiny"
