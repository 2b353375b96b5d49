"""The two memories: the cache decides what need not run again; the record is the evidence committed beside a lab."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from walkthrough.claims.finding import Finding, Unit
from walkthrough.errors import AbortedError
from walkthrough.files import write_whole
from walkthrough.machine.bases import Base
from walkthrough.page.pages import Page
from walkthrough.page.steps import IMAGE_TITLE
from walkthrough.project import Project
from walkthrough.schema import explain
from walkthrough.walk.outcome import Status

SCHEMA = 1


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
    status: Status
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


class Held(_Model):
    """Another machine on which a page of the same content held: its engine's versions, and the day."""

    walked: str
    engine: dict[str, str]


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
    also: list[Held] = []
    """Other machines than the record's own."""
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
    return read_file(record_path(project, page))


def read_file(path: Path) -> Record | None:
    """Return the record in a file, or None where there is none that can be read."""
    found = _look_at(path)
    return found if isinstance(found, Record) else None


def fault_of(path: Path) -> str:
    """Return why the record in a file cannot be read, such as "is cut off"; nothing where it can or is not there."""
    found = _look_at(path)
    return found if isinstance(found, str) else ""


def _look_at(path: Path) -> Record | str | None:
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    except IsADirectoryError:
        return "is a folder"
    except UnicodeDecodeError:
        return "is no text"
    except OSError as error:
        return f"cannot be read: {error.strerror}"
    if not text.strip():
        return "is empty"
    try:
        told = json.loads(text)
    except ValueError:
        return "is cut off, or no JSON"
    schema = told.get("record_schema") if isinstance(told, dict) else None
    if schema != SCHEMA:
        return f"has the schema {schema}, and this tool knows {SCHEMA}"
    try:
        return Record.model_validate(told)
    except ValidationError as error:
        first = error.errors()[0]
        return f"is no record: '{'.'.join(map(str, first['loc']))}' {explain(first)}"


def write_file(path: Path, record: Record) -> None:
    """Write a record, whole or not at all.

    Raises:
        AbortedError: where something stands in its place that is no file.
    """
    if path.is_dir():
        raise AbortedError(f"the record {path} is a folder", "remove it")
    write_whole(path, f"{record.model_dump_json(indent=1)}\n".encode())
