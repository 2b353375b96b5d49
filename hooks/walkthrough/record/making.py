"""Making a record of a walk, and counting what it verified."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime

from walkthrough.machine.bases import Base
from walkthrough.page.expected import ANY_TEXT
from walkthrough.page.itinerary import Itinerary, content_digest
from walkthrough.page.steps import (
    ApplyDiff,
    Check,
    CheckImage,
    CheckStanding,
    CompareFragment,
    NotRun,
    RunCommands,
    RunScript,
    Step,
    WriteFile,
)
from walkthrough.record.evidence import (
    SCHEMA,
    AnatomyRecord,
    CommandRecord,
    Coverage,
    FindingRecord,
    Record,
    StepRecord,
)
from walkthrough.walk.outcome import Walked

_OUTPUT_LINES = 40
"""Lines of a command's output that the record keeps, from its end."""
_MIRROR = re.compile(r"(?P<before>\b(?:Get|Hit|Ign|Err):\d+ \w+://)[^/\s]+")
"""The host that apt asks: which mirror a machine has says nothing of the page."""

_KINDS: dict[type[Step], str] = {
    WriteFile: "file",
    ApplyDiff: "file",
    CompareFragment: "fragment",
    RunCommands: "commands",
    RunScript: "script",
    CheckImage: "checks",
    CheckStanding: "checks",
    NotRun: "not run",
}


def kept(output: Sequence[str]) -> list[str]:
    """Return what the record keeps of a command's output."""
    return [_MIRROR.sub(rf"\g<before>{ANY_TEXT}", line) for line in output[-_OUTPUT_LINES:]]


def make_record(itinerary: Itinerary, walked: Walked, bases: Sequence[Base]) -> Record:
    """Return the record of a walk."""
    machine = "without Docker" if itinerary.page.front.machine == "fresh" else "with Docker"
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
                    output=kept(command.output),
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
        engine={**walked.engine, "machine": machine},
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
        if isinstance(step, (WriteFile, ApplyDiff, CompareFragment)):
            count("files", 1, int(passed))
        elif isinstance(step, RunCommands):
            count("commands", len(step.commands), len(step.commands) if passed else 0)
        elif isinstance(step, RunScript):
            count("commands", 1, int(passed))
        elif isinstance(step, Check):
            count("claims", len(step.spec.keys), sum(finding.ok for finding in outcome.findings))
        elif isinstance(step, NotRun):
            count("commands", step.commands, 0)
    return Coverage(**counts)
