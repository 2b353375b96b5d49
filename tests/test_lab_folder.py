"""The lab's folder holds the bytes that its pages show."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path

from helpers import small_project
from walkthrough.page.course import read_course
from walkthrough.project import Project
from walkthrough.publish.archive import archives
from walkthrough.publish.labfolder import drift_of, write_lab


def test_line_ends_and_foreign_bytes_are_drift(tmp_path: Path) -> None:
    """Readers clone the bytes, not what a text file is read as."""
    project = Project(small_project(tmp_path, '```html title="a.html"\n<p>hi</p>\n```\n'))
    itinerary = read_course(project).itineraries["docs/lab-01-small/page.md"]
    write_lab(project, itinerary)
    assert write_lab(project, itinerary, write=False) == []
    for content in (b"<p>hi</p>\r\n", b"<p>\xff</p>\n"):
        (project.labs / "lab-01-small/a.html").write_bytes(content)
        assert [drift.how for drift in write_lab(project, itinerary, write=False)] == ["is not what this page shows"]


def test_a_file_that_grows_from_page_to_page_is_kept_as_the_last_one_leaves_it(tmp_path: Path) -> None:
    """Whichever page is brought up to date last; the archive has the same."""
    root = small_project(tmp_path, '```text title="app/list.txt"\none\n```\n', "first")
    front = "---\ntitle: Second\ndescription: A page.\nfiles_of:\n  - first.md\n---\n\n# Second\n\n"
    later = f'{front}```text title="app/list.txt"\ntwo\n```\n'
    (root / "docs/lab-01-small/second.md").write_text(later)
    course = read_course(Project(root))
    assert course.problems == ()
    for names in (("first", "second"), ("second", "first")):
        for name in names:
            write_lab(course.project, course.itineraries[f"docs/lab-01-small/{name}.md"])
        assert (root / "labs/lab-01-small/app/list.txt").read_text() == "two\n"
        assert [problem for problem in drift_of(course) if "list.txt" in problem.what] == []
    packed = archives(course.itineraries)["lab-01-small/lab-01-small.tar.gz"]
    with tarfile.open(fileobj=io.BytesIO(packed)) as archive:
        member = archive.extractfile("lab-01-small/app/list.txt")
        assert member is not None
        assert member.read() == b"two\n"
