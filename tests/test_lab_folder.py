"""The lab's folder holds the bytes that its pages show."""

from __future__ import annotations

from pathlib import Path

from helpers import small_project
from walkthrough.page.course import read_course
from walkthrough.project import Project
from walkthrough.publish.labfolder import write_lab


def test_line_ends_and_foreign_bytes_are_drift(tmp_path: Path) -> None:
    """Readers clone the bytes, not what a text file is read as."""
    project = Project(small_project(tmp_path, '```html title="a.html"\n<p>hi</p>\n```\n'))
    itinerary = read_course(project).itineraries["docs/lab-01-small/page.md"]
    write_lab(project, itinerary)
    assert write_lab(project, itinerary, write=False) == []
    for content in (b"<p>hi</p>\r\n", b"<p>\xff</p>\n"):
        (project.labs / "lab-01-small/a.html").write_bytes(content)
        assert [drift.how for drift in write_lab(project, itinerary, write=False)] == ["is not what this page shows"]
