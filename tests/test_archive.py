"""The archive, the folder and the pages hold the same bytes."""

from __future__ import annotations

import hashlib
import io
import tarfile

from helpers import LAB, ROOT
from walkthrough.page.course import read_course
from walkthrough.project import Project
from walkthrough.publish.archive import archives


def test_archive_and_folder_hold_the_same_bytes() -> None:
    """Every file of the lab's folder but the evidence is in the archive, byte for byte, and nothing else is."""
    downloads = archives(read_course(Project(ROOT)).itineraries)
    packed = downloads[f"{LAB}/{LAB}.tar.gz"]
    folder = ROOT / "labs" / LAB

    with tarfile.open(fileobj=io.BytesIO(packed)) as archive:
        held = {entry.name: archive.extractfile(entry) for entry in archive.getmembers()}
        contents = {name: file.read() for name, file in held.items() if file}

    on_disk = {
        f"{LAB}/{path.relative_to(folder).as_posix()}": path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and path.relative_to(folder).parts[0] != "evidence"
    }
    assert contents == on_disk
    assert len(contents) > 50
    checksum = downloads[f"{LAB}/{LAB}.tar.gz.sha256"].decode()
    assert checksum == f"{hashlib.sha256(packed).hexdigest()}  {LAB}.tar.gz\n"


def test_the_same_files_make_the_same_archive() -> None:
    """No time and no owner is in it, of the file nor of what is packed: no run on another day could differ."""
    course = read_course(Project(ROOT))

    for name, packed in archives(course.itineraries).items():
        if name.endswith(".sha256"):
            continue
        assert packed[4:8] == bytes(4), "the time in gzip's header (RFC 1952, MTIME)"
        with tarfile.open(fileobj=io.BytesIO(packed)) as archive:
            entries = archive.getmembers()
        assert {(entry.mtime, entry.uid, entry.gid, entry.uname, entry.gname) for entry in entries} == {
            (0, 0, 0, "", "")
        }
        assert [entry.name for entry in entries] == sorted(entry.name for entry in entries)
