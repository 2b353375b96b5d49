"""The lab's folder is all that a reader needs: copied anywhere, each app builds with plain ``docker build``."""

from __future__ import annotations

import shutil
import uuid
from pathlib import Path

import pytest

from helpers import LAB, ROOT, small_project
from walkthrough.machine.bases import names_in
from walkthrough.machine.engine import Engine
from walkthrough.machine.provision import provided
from walkthrough.page.course import read_course
from walkthrough.project import Project, state_folder
from walkthrough.publish.labfolder import write_lab

APPS = ("go-app", "python-app", "node-app", "java-app", "rust-app", "solutions/c", "solutions/asm")


@pytest.mark.parametrize("app", APPS)
def test_an_app_folder_alone_builds(engine: Engine, tmp_path: Path, app: str) -> None:
    """Nothing outside of the app's folder is needed, and nothing that a walk leaves there."""
    folder = tmp_path / "empty" / app
    shutil.copytree(ROOT / "labs" / LAB / app, folder)
    name = f"labs-test-folder:{uuid.uuid4().hex[:8]}"

    with provided(engine, names_in([(folder / "Dockerfile").read_text()]), state_folder(), print):
        built = engine.command("build", "-t", name, ".", cwd=folder, timeout=900)
        try:
            assert built.returncode == 0, built.stderr[-3000:]
            assert engine.command("image", "inspect", name).returncode == 0
        finally:
            engine.command("image", "rm", "--force", name)


def test_line_ends_and_foreign_bytes_are_drift(tmp_path: Path) -> None:
    """Readers clone the bytes, not what a text file is read as."""
    project = Project(small_project(tmp_path, '```html title="a.html"\n<p>hi</p>\n```\n'))
    itinerary = read_course(project).itineraries["docs/lab-01-small/page.md"]
    write_lab(project, itinerary)
    assert write_lab(project, itinerary, write=False) == []
    for content in (b"<p>hi</p>\r\n", b"<p>\xff</p>\n"):
        (project.labs / "lab-01-small/a.html").write_bytes(content)
        assert [drift.how for drift in write_lab(project, itinerary, write=False)] == ["is not what this page shows"]
