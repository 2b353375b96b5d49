"""The two memories: the cache decides what need not run again; the record is the evidence committed beside a lab."""

from __future__ import annotations

import contextlib
import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict

from walkthrough.bases import Base
from walkthrough.checks import Finding, Unit
from walkthrough.pages import Page
from walkthrough.project import Project
from walkthrough.steps import IMAGE_TITLE, ApplyDiff, CheckImage, NotRun, RunCommands, RunScript, Step, WriteFile
from walkthrough.walk import Itinerary, Walked

SCHEMA = 1
_OUTPUT_LINES = 40
"""Lines of a command's output that the record keeps, from its end."""
_SAME_SIZE = 0.02
"""Two measured sizes within 2 % say the same: a stand-in rebuilt from newer packages moves by less."""
_OF_THE_RUN = {"memory"}
"""Claims whose bytes depend on how a run went, as a time does, and not on what the image is."""
_APPEARANCE = {"linenums", "hl_lines"}
_PRESENTATION = {
    "archive.py",
    "downloads.py",
    "figures.py",
    "labfolder.py",
    "pictures.py",
    "policy.py",
    "preview.py",
    "publish.py",
    "readercheck.py",
    "report.py",
    "templates",
}
"""What of this package shows a verdict and has no part in reaching it."""


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class FindingRecord(_Model):
    """A claim and its measured value: exact bytes, seconds, or text."""

    key: str
    claim: str
    measured: int | float | str | None
    unit: Unit
    ok: bool

    @property
    def finding(self) -> Finding:
        """The finding that was recorded."""
        return Finding(self.key, self.claim, self.measured, self.unit, self.ok)


class CommandRecord(_Model):
    """A command as it ran: its text, exit status, the end of its output, seconds."""

    text: str
    exit_code: int
    output: list[str]
    seconds: float


class LayerRecord(_Model):
    """A layer of a measured image: the instruction that made it, its size in bytes."""

    instruction: str
    size: int
    base: bool


class ContentRecord(_Model):
    """What fills a measured image: a path, and the bytes in it that no other content counts."""

    path: str
    size: int


class StageRecord(_Model):
    """A stage of a build: what it begins with, its uncompressed size in bytes, its copies as (stage, instruction)."""

    name: str
    base: str
    size: int
    copies: list[tuple[str, str]]


class AnatomyRecord(_Model):
    """What a measured image is made of."""

    layers: list[LayerRecord]
    contents: list[ContentRecord]
    stages: list[StageRecord]


class StepRecord(_Model):
    """A step and what came of it."""

    kind: str
    title: str
    status: str
    seconds: float
    commands: list[CommandRecord] = []
    findings: list[FindingRecord] = []
    stand_in: str | None = None
    """The stand-in whose files are part of the measured image."""
    anatomy: AnatomyRecord | None = None


class Coverage(_Model):
    """How much of a page is verified: counts of files, commands and claims, and of each those verified."""

    files: int = 0
    files_verified: int = 0
    commands: int = 0
    commands_verified: int = 0
    claims: int = 0
    claims_verified: int = 0

    @property
    def percent(self) -> float:
        """Verified items of all, in percent."""
        total = self.files + self.commands + self.claims
        done = self.files_verified + self.commands_verified + self.claims_verified
        return 100 * done / total if total else 0.0


class Past(_Model):
    """What an earlier record of a page said: its date, its engine, and the size in bytes of each measured image."""

    walked: str
    engine: str
    sizes: dict[str, int]


class Record(_Model):
    """What an accepted walk of a page saw. ``content`` is the digest of all that was executable in it."""

    record_schema: int
    page: str
    content: str
    walked: str
    engine: dict[str, str]
    bases: list[Base]
    coverage: Coverage
    seconds: float
    steps: list[StepRecord]
    past: list[Past] = []
    """Earlier records, oldest first, each of which measured something else than the next."""

    @property
    def sizes(self) -> dict[str, int]:
        """The uncompressed size in bytes of each image that the page measures."""
        return {
            step.title.removeprefix(IMAGE_TITLE): int(finding.measured)
            for step in self.steps
            for finding in step.findings
            if finding.key == "size" and isinstance(finding.measured, (int, float))
        }


_KINDS: dict[type[Step], str] = {
    WriteFile: "file",
    ApplyDiff: "file",
    RunCommands: "commands",
    RunScript: "script",
    CheckImage: "checks",
    NotRun: "not run",
}


def content_digest(itinerary: Itinerary) -> str:
    """Return the digest (sha256, hex) of all that decides what a walk of the page does.

    That is each step's language, options and text, of the page and of the pages it builds on. Prose, line numbers
    and a fence's looks are no part of it.
    """
    told = [
        [page.lab, [_told(step) for step in steps]]
        for page, steps in (*itinerary.before, (itinerary.page, itinerary.steps))
    ]
    return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()


def _told(step: Step) -> list[Any]:
    options = {name: value for name, value in step.fence.options.items() if name not in _APPEARANCE}
    return [step.fence.language, options, step.fence.text]


@cache
def tool_digest() -> str:
    """Return the digest of this package's files that reach verdicts: a changed tool believes no old one."""
    package = Path(__file__).parent
    digest = hashlib.sha256()
    for path in sorted(package.rglob("*")):
        parts = set(path.relative_to(package).parts)
        if path.is_file() and not parts & {"__pycache__", *_PRESENTATION}:
            digest.update(f"{path.relative_to(package)}\0".encode() + path.read_bytes() + b"\0")
    return digest.hexdigest()


def cache_key(content: str, bases: Iterable[Base], engine: dict[str, str]) -> str:
    """Return the key under which a verdict is remembered: content, base images, engine, tool."""
    told = [content, sorted((base.name, base.digest) for base in bases), engine, tool_digest()]
    return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()


def make_record(itinerary: Itinerary, walked: Walked, bases: Sequence[Base], engine: dict[str, str]) -> Record:
    """Return the record of a walk."""
    steps = [
        StepRecord(
            kind=_KINDS[type(step)],
            title=outcome.title,
            status=outcome.status,
            seconds=round(outcome.seconds, 3),
            stand_in=outcome.stand_in,
            anatomy=AnatomyRecord.model_validate(asdict(outcome.anatomy)) if outcome.anatomy else None,
            commands=[
                CommandRecord(
                    text=command.text,
                    exit_code=command.exit_code,
                    output=list(command.output[-_OUTPUT_LINES:]),
                    seconds=round(command.seconds, 3),
                )
                for command in outcome.commands
            ],
            findings=[
                FindingRecord(
                    key=finding.key,
                    claim=finding.claim,
                    measured=round(finding.measured, 3) if isinstance(finding.measured, float) else finding.measured,
                    unit=finding.unit,
                    ok=finding.ok,
                )
                for finding in outcome.findings
            ],
        )
        for step, outcome in zip(itinerary.steps, walked.outcomes, strict=True)
    ]
    return Record(
        record_schema=SCHEMA,
        page=walked.page,
        content=content_digest(itinerary),
        walked=datetime.now(UTC).strftime("%Y-%m-%d"),
        engine=engine,
        bases=list(bases),
        coverage=coverage(itinerary.steps, walked),
        seconds=round(walked.seconds, 1),
        steps=steps,
    )


def coverage(steps: Sequence[Step], walked: Walked) -> Coverage:
    """Count the files, commands and claims of a page, and those that the walk verified."""
    counts = dict.fromkeys(Coverage.model_fields, 0)

    def count(what: str, number: int, verified: int) -> None:
        counts[what] += number
        counts[f"{what}_verified"] += verified

    for step, outcome in zip(steps, walked.outcomes, strict=True):
        passed = outcome.status == "passed"
        if isinstance(step, (WriteFile, ApplyDiff)):
            count("files", 1, int(passed))
        elif isinstance(step, RunCommands):
            count("commands", len(step.commands), len(step.commands) if passed else 0)
        elif isinstance(step, RunScript):
            count("commands", 1, int(passed))
        elif isinstance(step, CheckImage):
            count("claims", len(step.spec.claims), sum(finding.ok for finding in outcome.findings))
        elif isinstance(step, NotRun):
            count("commands", step.commands, 0)
    return Coverage(**counts)


def whole_coverage(parts: Iterable[Coverage]) -> Coverage:
    """Return the coverage of several pages together."""
    counts = Counter[str]()
    for part in parts:
        counts.update(part.model_dump())
    return Coverage(**counts)


def record_path(project: Project, page: Page) -> Path:
    """Return where a page's record is committed."""
    return project.labs / str(page.lab) / "evidence" / f"{page.flat_name}.json"


def read_record(project: Project, page: Page) -> Record | None:
    """Return a page's committed record, or None where there is none that can be read."""
    return _read(record_path(project, page))


def _read(path: Path) -> Record | None:
    with contextlib.suppress(OSError, ValueError):
        record = Record.model_validate_json(path.read_text(encoding="utf-8"))
        return record if record.record_schema == SCHEMA else None
    return None


def accept(project: Project, page: Page, record: Record) -> bool:
    """Commit ``record`` to the project if it says something new; return whether it was written.

    New is a changed page or verdict, or a size that moved by more than 2 %. Times, dates, output and the like of a
    second machine are not: its run leaves the checkout clean.
    """
    path = record_path(project, page)
    known = _read(path)
    if known and _meaning(known) == _meaning(record) and _same_sizes(known, record):
        return False
    _write(path, record.model_copy(update={"past": _past(known, record)}))
    return True


def _past(known: Record | None, record: Record) -> list[Past]:
    """Return the history of a record that replaces ``known``, which joins it if its sizes were others."""
    if known is None:
        return []
    if known.sizes == record.sizes:
        return known.past
    return [*known.past, Past(walked=known.walked, engine=known.engine["engine"], sizes=known.sizes)]


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


def _same_sizes(known: Record, new: Record) -> bool:
    def sizes(record: Record) -> list[int]:
        return [
            int(finding.measured)
            for step in record.steps
            for finding in step.findings
            if finding.unit == "bytes" and finding.key not in _OF_THE_RUN
            if isinstance(finding.measured, (int, float))
        ]

    pairs = zip(sizes(known), sizes(new), strict=True)
    return all(abs(before - after) <= _SAME_SIZE * max(before, after) for before, after in pairs)


class Cache:
    """Verdicts of passed walks by key, in the state folder."""

    def __init__(self, state: Path) -> None:
        self._folder = state / "verdicts"

    def get(self, key: str) -> Record | None:
        """Return the record of the passed walk with this key, if there was one."""
        return _read(self._folder / f"{key}.json")

    def put(self, key: str, record: Record) -> None:
        """Remember a passed walk."""
        _write(self._folder / f"{key}.json", record)


def _write(path: Path, record: Record) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_name(path.name + ".new")
    new.write_text(record.model_dump_json(indent=1) + "\n", encoding="utf-8")
    new.replace(path)
