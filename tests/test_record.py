"""The record is rewritten when a page says something new, and not because another run went a little differently."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from helpers import GO_PAGE, ROOT
from walkthrough.page.course import read_course
from walkthrough.project import Project
from walkthrough.publish.acceptance import accept
from walkthrough.record.evidence import Record, read_record, record_path


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


@pytest.mark.parametrize(
    ("factors", "rewritten"),
    [({}, False), ({"memory": 1.5}, False), ({"size": 1.01}, False), ({"size": 1.05}, True), ({"compressed": 2}, True)],
)
def test_only_what_the_image_is_rewrites_a_record(tmp_path: Path, factors: dict[str, float], rewritten: bool) -> None:
    """Times and memory are of the run; a size that moved by more than 2 % is news, and the old one becomes history."""
    page = read_course(Project(ROOT)).pages[GO_PAGE]
    project = Project(tmp_path)
    place = record_path(project, page)
    place.parent.mkdir(parents=True)
    shutil.copy(record_path(Project(ROOT), page), place)
    known = read_record(project, page)
    assert known is not None

    assert accept(project, page, again(known, **factors)) is rewritten
    kept = read_record(project, page)
    assert kept is not None
    assert (kept.walked == "2099-01-01") is rewritten
    assert len(kept.past) - len(known.past) == ("size" in factors and rewritten)
