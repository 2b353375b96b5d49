"""Findings: what is under way, what is reused, what is static; and quiet while it is measured."""

from __future__ import annotations

import struct
import threading
from pathlib import Path

import pytest

from walkthrough.claims.spec import Finding, Reuse
from walkthrough.errors import StepError
from walkthrough.images.elf import dynamic_needs
from walkthrough.observe.builds import Rebuilt
from walkthrough.units import parse_limit
from walkthrough.walk.measure import _timed, reused
from walkthrough.walk.quiet import Quiet


def test_a_static_program_needs_nothing_and_a_dynamic_one_says_what() -> None:
    """The machine's own shell is dynamic; a bare ELF header is not."""
    assert any("libc" in name for name in dynamic_needs(Path("/bin/sh").resolve().read_bytes()))

    header = b"\x7fELF\x02\x01".ljust(32, b"\0") + struct.pack("<QQIHHHHHH", 64, 0, 0, 64, 56, 0, 0, 0, 0)
    assert dynamic_needs(header) == []
    with pytest.raises(StepError, match="no 64-bit ELF"):
        dynamic_needs(b"#!/bin/sh\n")


def test_a_time_over_its_limit_is_measured_again_and_the_least_counts() -> None:
    """Noise only adds to a time; anything that is not a time is believed at once."""
    tries = iter([2.0, 3.0, 0.5, 0.1])

    def look() -> list[Finding]:
        seconds = next(tries)
        return [
            Finding("stops.0", "stops", seconds, "seconds", seconds <= 1),
            Finding("user", "root", "0", "text", False),
        ]

    found = _timed(lambda: iter(look()), ["stops.0", "user"])

    assert [(finding.key, finding.measured, finding.ok) for finding in found] == [
        ("stops.0", 0.5, True),
        ("user", "0", False),
    ]
    assert next(tries) == 0.1


def test_a_quick_rebuild_counts_only_if_the_steps_were_reused() -> None:
    """The time is measured where nothing named ran again; else that is what the author must hear."""
    reuse = Reuse(edit="a", extend="b", steps=["npm ci"], within=parse_limit("2 s", "time"))

    def judged(cached: bool, seconds: float) -> Finding:
        vertexes = [
            {"name": "[build 1/2] RUN npm ci", "cached": cached},
            {"name": "[build 2/2] COPY . .", "cached": False},
        ]
        return reused(reuse, Rebuilt(0, vertexes, "", seconds))

    assert (judged(True, 1.5).measured, judged(True, 1.5).ok) == (1.5, True)
    assert (judged(True, 2.5).unit, judged(True, 2.5).ok) == ("seconds", False)
    assert (judged(False, 1.5).measured, judged(False, 1.5).ok) == ("2 steps ran again, npm ci among them", False)
    with pytest.raises(StepError, match="no step of the build contains"):
        reused(reuse, Rebuilt(0, [], "", 1))


def test_a_measurement_waits_for_quiet_and_nobody_disturbs_it() -> None:
    """Sharers go together; one that measures waits for them, and new ones wait for it."""
    quiet = Quiet()
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
