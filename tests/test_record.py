"""The record is rewritten when a page says something new, and not because another run went a little differently."""

from __future__ import annotations

import shutil
import uuid
from collections.abc import Callable
from pathlib import Path

import pytest

from helpers import GO_PAGE, ROOT, run, small_project
from walkthrough.errors import AbortedError
from walkthrough.page.course import read_course
from walkthrough.page.pages import Page
from walkthrough.project import Project
from walkthrough.publish.acceptance import accept, accept_other, unreadable
from walkthrough.record.evidence import Record, read_record, record_path
from walkthrough.record.making import kept


def again(record: Record, **factors: float) -> Record:
    """Return the record of another run: each claim named has ``factors`` times the measured value."""
    steps = [
        step.model_copy(
            update={
                "seconds": step.seconds * 2,
                "findings": [
                    finding.model_copy(update={"measured": int(finding.measured * factors[finding.key])})
                    if finding.key in factors and isinstance(finding.measured, int)
                    else finding
                    for finding in step.findings
                ],
            }
        )
        for step in record.steps
    ]
    return record.model_copy(update={"steps": steps, "seconds": record.seconds * 2, "walked": "2099-01-01"})


def with_record(folder: Path) -> tuple[Project, Page, Record]:
    """Return a project in ``folder`` that holds one committed record, its page, and the record."""
    page = read_course(Project(ROOT)).pages[GO_PAGE]
    project = Project(folder)
    place = record_path(project, page)
    place.parent.mkdir(parents=True)
    shutil.copy(record_path(Project(ROOT), page), place)
    known = read_record(project, page)
    assert known is not None
    return project, page, known


@pytest.mark.parametrize(
    ("factors", "rewritten"),
    [({}, False), ({"memory": 1.5}, False), ({"size": 1.01}, False), ({"size": 1.05}, True), ({"compressed": 2}, True)],
)
def test_only_what_the_image_is_rewrites_a_record(tmp_path: Path, factors: dict[str, float], rewritten: bool) -> None:
    """Times and memory are of the run; a size that moved by more than 2 % is news, and the old one becomes history."""
    project, page, known = with_record(tmp_path)

    assert accept(project, page, again(known, **factors)) is rewritten
    kept = read_record(project, page)
    assert kept is not None
    assert (kept.walked == "2099-01-01") is rewritten
    assert len(kept.past) - len(known.past) == ("size" in factors and rewritten)


def become_a_folder(place: Path) -> None:
    """Put a folder in the place of a file."""
    place.unlink()
    place.mkdir()


UNREADABLE: dict[str, Callable[[Path], object]] = {
    "is cut off, or no JSON": lambda place: place.write_text(place.read_text()[:-100]),
    "is empty": lambda place: place.write_text(""),
    "has the schema 99, and this tool knows 1": lambda place: place.write_text(
        place.read_text().replace('"record_schema": 1', '"record_schema": 99')
    ),
    "has the schema None, and this tool knows 1": lambda place: place.write_text("[]"),
    "is no record: 'seconds' is missing": lambda place: place.write_text(
        place.read_text().replace('"seconds"', '"secs"')
    ),
    "is no text": lambda place: place.write_bytes(b"\xff\xfe"),
    "is a folder": become_a_folder,
}


def test_a_page_that_holds_on_another_machine_too_says_so(tmp_path: Path) -> None:
    """Once a release, with the newest of it; its own figures stay, and what held of another content is forgotten."""
    project, page, known = with_record(tmp_path)

    def on(version: str, content: str = known.content) -> Record:
        engine = {**known.engine, "engine": version}
        return again(known, size=2).model_copy(update={"engine": engine, "content": content})

    said = [accept_other(project, page, on(version)) for version in ("26.1.5", "26.1.5", "26.1.6", "28.0.1")]
    assert said == [True, False, True, True]
    assert not accept_other(project, page, on("27.0.0", "another"))
    kept = read_record(project, page)
    assert kept is not None
    assert [held.engine["engine"] for held in kept.also] == ["26.1.6", "28.0.1"]
    assert kept.model_copy(update={"also": known.also}) == known

    accept(project, page, again(known, size=1.05))
    assert len(getattr(read_record(project, page), "also", ())) == 2
    accept(project, page, again(known).model_copy(update={"content": "another"}))
    assert getattr(read_record(project, page), "also", None) == []


@pytest.mark.parametrize("fault", UNREADABLE)
def test_a_record_that_cannot_be_read_is_told_with_the_reason(tmp_path: Path, fault: str) -> None:
    """Cut off, empty, of another schema, a folder: a problem where files are compared, and no record elsewhere."""
    project, page, known = with_record(tmp_path)
    assert unreadable(project, page) == []

    place = record_path(project, page)
    UNREADABLE[fault](place)

    assert [problem.what for problem in unreadable(project, page)] == [f"the record {project.relative(place)} {fault}"]
    assert read_record(project, page) is None
    if fault == "is a folder":
        with pytest.raises(AbortedError, match="is a folder; remove it"):
            accept(project, page, known)
    else:
        assert accept(project, page, known)
        assert unreadable(project, page) == []


@pytest.mark.usefixtures("engine")
def test_a_check_of_committed_files_looks_at_records(tmp_path: Path) -> None:
    """``verify --check`` names one that cannot be read; a folder in its place costs no other page its verdict."""
    project = small_project(tmp_path / "p", f"```console\n$ echo {uuid.uuid4().hex} >/dev/null\n```\n", "a")
    small_project(tmp_path / "p", f"```console\n$ echo {uuid.uuid4().hex} >/dev/null\n```\n", "b")
    assert run(project, "walkthrough", "verify").returncode == 0
    place = project / "labs/lab-01-small/evidence/a.json"
    place.write_text("")

    checked = run(project, "walkthrough", "verify", "--check")

    assert checked.returncode == 1, checked.stdout
    assert (
        "docs/lab-01-small/a.md:1: the record labs/lab-01-small/evidence/a.json is empty; run 'make'" in checked.stdout
    )
    place.unlink()
    place.mkdir()
    accepted = run(project, "walkthrough", "verify")
    assert accepted.returncode == 2, accepted.stdout
    assert "Traceback" not in accepted.stdout
    assert "evidence/a.json is a folder; remove it" in accepted.stdout
    assert "1 of 2 pages could not be walked" in accepted.stdout


def test_a_record_names_no_mirror_of_the_machine_that_made_it() -> None:
    """Of apt's lines all but the host is kept, and of a long output the end."""
    lines = [f"line {n}" for n in range(50)]
    lines += ["#6 0.9 Get:1 http://mirror.example.org/debian trixie InRelease [140 kB]", "curl http://example.org/a"]

    assert kept(lines) == [
        *lines[12:-2],
        "#6 0.9 Get:1 http://…/debian trixie InRelease [140 kB]",
        "curl http://example.org/a",
    ]
