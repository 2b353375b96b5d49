"""Findings: what is under way, what is reused, what is static; and quiet while it is measured."""

from __future__ import annotations

import struct
import threading
from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Self, cast

import pytest

from walkthrough.claims import spec
from walkthrough.claims.claim import Claim
from walkthrough.claims.finding import Finding
from walkthrough.claims.kinds.healthy import HealthyClaim
from walkthrough.claims.kinds.http import HttpClaim, Request
from walkthrough.claims.kinds.reuses import Reuse, reused
from walkthrough.claims.seen import Answer, BuildStep, Rebuild, Subject
from walkthrough.claims.spec import ImageSpec
from walkthrough.errors import StepError
from walkthrough.images.elf import dynamic_needs
from walkthrough.images.image import Image
from walkthrough.observe.subject import ImageSubject
from walkthrough.units import Limit, parse_limit
from walkthrough.walk import measure as measuring
from walkthrough.walk.measure import Alone, measure, measured
from walkthrough.walk.quiet import Quiet


def test_a_static_program_needs_nothing_and_a_dynamic_one_says_what() -> None:
    """The machine's own shell is dynamic, a program of one segment is not; what loads nothing is none at all."""
    assert any("libc" in name for name in dynamic_needs(Path("/bin/sh").resolve().read_bytes()))

    def program(segments: int) -> bytes:
        header = b"\x7fELF\x02\x01".ljust(32, b"\0") + struct.pack("<QQIHHHHHH", 64, 0, 0, 64, 56, segments, 0, 0, 0)
        return header + struct.pack("<IIQQQQQQ", 1, 5, 0, 0, 0, 120, 120, 4096) * segments

    assert dynamic_needs(program(1)) == []
    for other in (b"#!/bin/sh\n", program(0)):
        with pytest.raises(StepError, match="is no ELF program"):
            dynamic_needs(other)


class Tries(ImageSubject):
    """A subject on which nothing is measured; it counts how often its server would be a new one."""

    def __init__(self) -> None:
        self.renewed = 0

    def renew(self) -> None:
        """Count."""
        self.renewed += 1


class Scripted(HealthyClaim):
    """A claim whose findings are known beforehand."""

    def __init__(self, *findings: Finding) -> None:
        self.findings = list(findings)

    def measure(self, value: Limit, subject: Subject, key: str) -> Finding:
        """Return the next one."""
        return self.findings.pop(0)


def timed(seconds: float) -> Finding:
    return Finding("healthy", "healthy", seconds, "seconds", seconds <= 1)


NEVER = Finding("healthy", "healthy", None, "seconds", False)
WRONG = Finding("healthy", "healthy", "500", "text", False)


@pytest.mark.parametrize(
    ("findings", "expected", "renewed"),
    [
        ([timed(2.0), timed(3.0), timed(0.5)], timed(0.5), 2),
        ([timed(2.0), timed(0.5)], timed(0.5), 1),
        ([timed(3.0), timed(4.0), timed(2.0), timed(4.0)], timed(2.0), 3),
        ([timed(0.5)], timed(0.5), 0),
        ([WRONG], WRONG, 0),
        ([timed(2.0), WRONG], WRONG, 1),
        ([NEVER, timed(0.5)], timed(0.5), 1),
        ([NEVER, timed(3.0), timed(2.0), timed(4.0)], timed(2.0), 3),
        ([NEVER, NEVER], NEVER, 1),
    ],
)
def test_a_late_time_is_measured_again_and_the_least_counts(
    findings: list[Finding], expected: Finding, renewed: int
) -> None:
    """Noise only adds to a time. Nothing else is tried twice, and a try that goes wrong otherwise is what is told.

    What never came is waited for once more.
    """
    claim, subject = Scripted(*findings), Tries()

    assert measured(claim, parse_limit("1 s", "time"), subject, "healthy", Alone()) == expected
    assert subject.renewed == renewed
    assert claim.findings == []


@pytest.mark.parametrize(("answer", "late"), [(None, True), (Answer(404, "nobody", 0.1, True), False)])
def test_a_server_that_does_not_answer_in_time_is_late_and_a_wrong_answer_is_wrong(
    answer: Answer | None, late: bool
) -> None:
    """A JVM may need more than the usual time while three pages build: it is asked once more in quiet."""
    server = SimpleNamespace(answer=lambda *_: answer, logs=lambda: "starting")
    subject = cast("Subject", SimpleNamespace(server=server))

    finding = HttpClaim().measure(Request(path="/"), subject, "http.0")

    assert (finding.ok, finding.late) == (False, late)
    assert finding.measured_text() == ("404" if answer else "not measured")


class Whole(Tries):
    """A subject of an empty image, of which the claims ``late`` and ``wrong`` are made."""

    def __init__(self) -> None:
        super().__init__()
        limit = parse_limit("1 s", "time")
        self.spec = ImageSpec("empty", {"late": limit, "wrong": limit})
        self.image = Image("sha256:0", (), {"config": {}}, {})

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass


def known(monkeypatch: pytest.MonkeyPatch, kinds: Mapping[str, Claim[Any]]) -> None:
    """Let these be the kinds of claims that there are."""
    for module in (measuring, spec):
        monkeypatch.setattr(module, "claims", lambda: kinds)


def test_a_late_time_is_measured_again_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    """What else was found of the image stays as it was seen, also where another look would be kinder."""
    late, wrong = Scripted(timed(2.0), timed(0.5)), Scripted(WRONG, timed(0.1))
    known(monkeypatch, {"late": late, "wrong": wrong})

    found = measure(Whole(), Alone())

    assert found.findings == (timed(0.5), WRONG)
    assert wrong.findings == [timed(0.1)]


def test_claims_that_wait_are_measured_beside_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two that wait and one that does not are under way at the same time; what is late comes when all are through."""
    meeting, under_way, alone = threading.Barrier(3), set[str](), list[bool]()

    class Meeting(Scripted):
        def __init__(self, name: str, waits: bool, *findings: Finding) -> None:
            super().__init__(*findings)
            self.called, self.is_waiting = name, waits

        def waits(self, value: Limit) -> bool:
            return self.is_waiting

        def measure(self, value: Limit, subject: Subject, key: str) -> Finding:
            if len(self.findings) == 2 or self.called != "late":
                under_way.add(self.called)
                meeting.wait(10)
                under_way.discard(self.called)
            else:
                alone.append(not under_way)
            return super().measure(value, subject, key)

    kinds = {
        "late": Meeting("late", True, timed(2.0), timed(0.6)),
        "other": Meeting("other", True, timed(0.5)),
        "quick": Meeting("quick", False, timed(0.4)),
    }
    known(monkeypatch, kinds)
    subject = Whole()
    subject.spec = ImageSpec("empty", dict.fromkeys(kinds, parse_limit("1 s", "time")))

    assert measure(subject, Alone()).findings == (timed(0.6), timed(0.5), timed(0.4))
    assert alone == [True]


def test_what_is_late_in_company_is_measured_again_when_the_others_are_quiet(tmp_path: Path) -> None:
    """The first try shares the machine; the second begins when nobody else works, and nobody begins before its end."""
    quiet, shared, over = Quiet(tmp_path), threading.Event(), threading.Event()
    at_work, seen = {"the other page"}, list[bool]()

    class Watched(Scripted):
        def measure(self, value: Limit, subject: Subject, key: str) -> Finding:
            seen.append(bool(at_work))
            over.set()
            return super().measure(value, subject, key)

    def other() -> None:
        with quiet.shared():
            shared.set()
            over.wait(10)
            at_work.clear()

    page = threading.Thread(target=other)
    page.start()
    assert shared.wait(10)

    found = measured(Watched(timed(2.0), timed(0.5)), parse_limit("1 s", "time"), Tries(), "healthy", quiet)
    page.join(10)

    assert found == timed(0.5)
    assert seen == [True, False]


def test_a_quick_rebuild_counts_only_if_the_steps_were_reused() -> None:
    """The time is measured where nothing named ran again; else that is what the author must hear."""
    reuse = Reuse(edit="a", extend="b", steps=["npm ci"], within=parse_limit("2 s", "time"))

    def judged(cached: bool, seconds: float) -> Finding:
        steps = (BuildStep("RUN npm ci", cached), BuildStep("COPY . .", False))
        return reused("reuses", reuse, Rebuild(0, seconds, steps, frozenset(), ""))

    assert (judged(True, 1.5).measured, judged(True, 1.5).ok) == (1.5, True)
    assert (judged(True, 2.5).unit, judged(True, 2.5).ok) == ("seconds", False)
    assert (judged(False, 1.5).measured, judged(False, 1.5).ok) == ("2 steps ran again, npm ci among them", False)
    with pytest.raises(StepError, match="no step of the build contains"):
        reused("reuses", reuse, Rebuild(0, 1, (), frozenset(), ""))


def test_a_measurement_waits_for_quiet_and_nobody_disturbs_it(tmp_path: Path) -> None:
    """Sharers go together; one that measures waits for them, and new ones wait for it."""
    quiet = Quiet(tmp_path)
    order: list[str] = []
    inside = threading.Event()
    let_go = threading.Event()

    def share() -> None:
        with quiet.shared():
            inside.set()
            let_go.wait(10)
            order.append("shared")

    def measure() -> None:
        with quiet.alone():
            order.append("alone")

    sharer = threading.Thread(target=share)
    sharer.start()
    assert inside.wait(10)
    measurer = threading.Thread(target=measure)
    measurer.start()
    let_go.set()
    sharer.join(10)
    measurer.join(10)
    with quiet.shared():
        order.append("late")

    assert order == ["shared", "alone", "late"]
