"""The lab's folder is all that a reader needs: each app builds with plain ``docker build``, wherever it is."""

from __future__ import annotations

from pathlib import Path

from helpers import LAB, ROOT, run, small_project
from walkthrough.machine.engine import Engine
from walkthrough.page.course import read_course
from walkthrough.project import Project
from walkthrough.publish.labfolder import write_lab

APPS = ("go-app", "python-app", "node-app", "java-app", "rust-app", "solutions/c", "solutions/asm")
FENCE = "~" * 9


def test_each_app_folder_alone_builds(engine: Engine, tmp_path: Path) -> None:
    """Nothing outside of the app's folder is needed, and nothing that a walk leaves there."""
    del engine
    page = ""
    for number, app in enumerate(APPS):
        folder = ROOT / "labs" / LAB / app
        # Other Dockerfiles stand on images of the page's own, which are not built here.
        for file in sorted(set(filter(Path.is_file, folder.rglob("*"))) - set(folder.glob("Dockerfile.*"))):
            page += f'{FENCE} title="alone-{number}/{file.relative_to(folder)}"\n{file.read_text()}{FENCE}\n\n'
        page += f"```console\n$ cd ~/docker-labs/lab-01-small/alone-{number}\n$ docker build -q -t alone-{number} .\n"
        page += "sha256:…\n```\n\n"
    project = small_project(tmp_path, f"# {LAB}\n\n{page}")

    walked = run(project, "walkthrough", "verify")

    assert "docs/lab-01-small/page.md: verified" in walked.stdout, walked.stdout[-3000:]


def test_line_ends_and_foreign_bytes_are_drift(tmp_path: Path) -> None:
    """Readers clone the bytes, not what a text file is read as."""
    project = Project(small_project(tmp_path, '```html title="a.html"\n<p>hi</p>\n```\n'))
    itinerary = read_course(project).itineraries["docs/lab-01-small/page.md"]
    write_lab(project, itinerary)
    assert write_lab(project, itinerary, write=False) == []
    for content in (b"<p>hi</p>\r\n", b"<p>\xff</p>\n"):
        (project.labs / "lab-01-small/a.html").write_bytes(content)
        assert [drift.how for drift in write_lab(project, itinerary, write=False)] == ["is not what this page shows"]
