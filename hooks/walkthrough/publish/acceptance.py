"""Accepting a record: it is rewritten where a page says something new, not where a run went a little differently."""

from __future__ import annotations

from typing import Any

from walkthrough.claims.registry import claim_of
from walkthrough.errors import Problem
from walkthrough.page.pages import Page
from walkthrough.project import Project
from walkthrough.publish.labfolder import TODO
from walkthrough.record.evidence import Held, Past, Record, fault_of, read_file, record_path, write_file

_SAME_SIZE = 0.02
"""Two measured sizes within 2 % say the same: a stand-in rebuilt from newer packages moves by less."""


def accept(project: Project, page: Page, record: Record) -> bool:
    """Commit ``record`` to the project if it says something new; return whether it was written.

    New is a changed page or verdict, or a size that moved by more than 2 %. Times, dates, output and the like of a
    second machine are not: its run leaves the checkout clean.
    """
    path = record_path(project, page)
    known = read_file(path)
    if known and _meaning(known) == _meaning(record) and _same_sizes(known, record):
        return False
    also = known.also if known and known.content == record.content else []
    write_file(path, record.model_copy(update={"past": _past(known, record), "also": also}))
    return True


def accept_other(project: Project, page: Page, record: Record) -> bool:
    """Note in a page's record that it also holds on the machine of ``record``; return whether that is new.

    The figures of the page stay those of its own record. Where that is of another content, there is nothing to add to.
    """
    path = record_path(project, page)
    known = read_file(path)
    if known is None or known.content != record.content or "engine" not in record.engine:
        return False
    if any(held.engine == record.engine for held in known.also):
        return False
    others = [held for held in known.also if _release(held.engine) != _release(record.engine)]
    also = sorted([*others, Held(walked=record.walked, engine=record.engine)], key=lambda held: _release(held.engine))
    write_file(path, known.model_copy(update={"also": also}))
    return True


def _release(engine: dict[str, str]) -> str:
    return engine["engine"].partition(".")[0]


def unreadable(project: Project, page: Page) -> list[Problem]:
    """Return a problem where a page's record is committed and cannot be read."""
    place = record_path(project, page)
    fault = fault_of(place)
    return [Problem(page.at(1), f"the record {project.relative(place)} {fault}", TODO)] if fault else []


def _past(known: Record | None, record: Record) -> list[Past]:
    """Return the history of a record that replaces ``known``, which joins it if its sizes were others."""
    if known is None:
        return []
    if known.sizes == record.sizes:
        return known.past
    return [*known.past, Past(walked=known.walked, engine=known.engine.get("engine", ""), sizes=known.sizes)]


def _meaning(record: Record) -> list[Any]:
    verdicts = [
        (
            (step.kind, step.title, step.status, step.stand_in),
            [(finding.claim, finding.unit, finding.ok) for finding in step.findings],
            [(stage.name, stage.base, stage.copies) for stage in step.anatomy.stages] if step.anatomy else None,
        )
        for step in record.steps
    ]
    bases = sorted((base.name, base.stand_in, base.differs) for base in record.bases)
    return [record.page, record.content, record.coverage, verdicts, bases]


def _of_run(key: str) -> bool:
    claim = claim_of(key)
    return claim is not None and claim.of_run


def _same_sizes(known: Record, new: Record) -> bool:
    def sizes(record: Record) -> list[int]:
        return [
            int(finding.measured)
            for step in record.steps
            for finding in step.findings
            if finding.unit == "bytes" and not _of_run(finding.key)
            if isinstance(finding.measured, (int, float))
        ]

    pairs = zip(sizes(known), sizes(new), strict=True)
    return all(abs(before - after) <= _SAME_SIZE * max(before, after) for before, after in pairs)
