"""Files and changes stay inside the lab."""

from __future__ import annotations

from pathlib import Path

import pytest

from walkthrough.errors import StepError
from walkthrough.page.patch import apply_patch
from walkthrough.walk.labfiles import LabFiles


def test_files_are_written_where_the_brief_has_them(tmp_path: Path) -> None:
    """The lab is ~/docker-labs/<lab>; a script can be run."""
    files = LabFiles(tmp_path, "lab-x")
    files.write("a/run.sh", "#!/bin/sh\n")
    place = files.home / "docker-labs/lab-x/a/run.sh"

    assert place.read_text() == "#!/bin/sh\n"
    assert place.stat().st_mode & 0o111


def test_no_link_leads_out_of_the_lab(tmp_path: Path) -> None:
    """A folder, a file, or the lab itself being a link: nothing is written behind it."""
    outside = tmp_path / "outside"
    outside.mkdir()
    files = LabFiles(tmp_path / "w", "lab-x")
    (files.lab / "folder").symlink_to(outside)
    (files.lab / "file").symlink_to(outside / "file")
    for path in ("folder/x", "file"):
        with pytest.raises(StepError, match="through a link"):
            files.write(path, "x")
    files.lab.rename(files.home / "moved")
    files.lab.symlink_to(outside)
    with pytest.raises(StepError, match="through a link"):
        files.write("x", "x")

    assert list(outside.iterdir()) == []


def test_a_patch_applies_only_where_its_lines_stand() -> None:
    """Context must be there, once; headers may be left out; the error is at the hunk's line of the page."""
    source = "a\nb\nc\nd\n"

    assert apply_patch(source, " b\n-c\n+C\n d\n", 10) == "a\nb\nC\nd\n"
    assert apply_patch(source, "@@ -1,2 +1,2 @@\n-a\n+A\n b\n@@ -4 +4 @@\n-d\n+D\n", 10) == "A\nb\nc\nD\n"
    with pytest.raises(StepError) as caught:
        apply_patch(source, "@@ -1 +1 @@\n-a\n+A\n@@ -3 +3 @@\n-x\n+X\n", 10)
    assert caught.value.line == 13
    with pytest.raises(StepError, match="does not apply"):
        apply_patch("a\na\n", "-a\n+b\n", 1)
    with pytest.raises(StepError, match="begins with"):
        apply_patch(source, "x\n", 1)
    with pytest.raises(StepError, match="empty"):
        apply_patch(source, "", 1)


def test_a_hunk_of_no_old_lines_stands_after_the_line_that_it_names() -> None:
    """As ``patch`` and ``git apply`` place it."""
    assert apply_patch("a\nb\nc\n", "@@ -2,0 +3 @@\n+x\n", 1) == "a\nb\nx\nc\n"


def test_a_removed_line_that_looks_like_a_header_is_removed() -> None:
    """A comment of SQL or Lua begins with two dashes; a header is a pair of lines."""
    assert apply_patch("-- old\nctx\n", "--- old\n+-- new\n ctx\n", 1) == "-- new\nctx\n"
    assert apply_patch("old\n", "--- a/x\n+++ b/x\n@@ -1 +1 @@\n-old\n+new\n", 1) == "new\n"


def test_links_that_lead_to_each_other_and_bytes_that_are_no_text_are_the_pages_fault(tmp_path: Path) -> None:
    """Each is told as what it is, not as a fault of the tool."""
    files = LabFiles(tmp_path, "lab-01-small")
    (files.lab / "loop").symlink_to("loop")
    with pytest.raises(StepError, match="through a link"):
        files.write("loop/x", "x")
    (files.lab / "blob").write_bytes(b"\xff\n")
    with pytest.raises(StepError, match="is no text any more"):
        files.change("blob", "-x\n+y\n", 1)
