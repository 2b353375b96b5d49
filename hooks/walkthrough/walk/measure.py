"""Hold claims against what they are about: a finding for each; of an image, also what it is made of."""

from __future__ import annotations

import contextlib
import math
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from walkthrough.claims.claim import Claim
from walkthrough.claims.finding import Finding
from walkthrough.claims.registry import claims
from walkthrough.claims.spec import StandingSpec
from walkthrough.errors import StepError
from walkthrough.images.anatomy import Anatomy, anatomy
from walkthrough.machine.bases import STAND_IN_LABEL
from walkthrough.machine.engine import Engine
from walkthrough.observe.stages import stage_parts
from walkthrough.observe.standing import standing
from walkthrough.observe.subject import ImageSubject
from walkthrough.walk.quiet import Quiet

TRIES = 4
"""How often a time is measured that is over its limit: whatever else the machine does can only add to it.

The first time other pages may be at work; each further time nobody is. What is waited for in vain in quiet, too, is
not waited for again.
"""

_WAITING = 4
"""How many claims wait for their containers at a time."""


class Alone:
    """Quiet that is kept already, by who measures."""

    shared = alone = contextlib.nullcontext


@dataclass(frozen=True)
class Measured:
    """The findings on an image, and the stand-in (an official base image's name) that is part of it, if one is."""

    findings: tuple[Finding, ...]
    stand_in: str | None
    anatomy: Anatomy


def measure(subject: ImageSubject, quiet: Quiet | Alone) -> Measured:
    """Return a finding for every claim, measured while others work, and what is late for it once more in quiet.

    A measurement that cannot be made is a finding that does not hold, with the reason; nothing is left out.

    Raises:
        StepError: where the image itself cannot be read.
    """
    with subject:
        with quiet.shared():
            label = (subject.image.setting("Labels") or {}).get(STAND_IN_LABEL)
        stand_in = label.split()[0] if label else None
        findings = _every(subject, quiet)
        with quiet.shared():
            return Measured(tuple(findings), stand_in, _anatomy(subject, stand_in))


def look(spec: StandingSpec, engine: Engine) -> tuple[Finding, ...]:
    """Return a finding for every claim about what stands on an engine; where nothing does, each says so."""
    with standing(spec, engine) as subject:
        return tuple(tried(claims()[name], entry, subject, key) for name, entry, key in spec.entries)


def _every(subject: ImageSubject, quiet: Quiet | Alone) -> list[Finding]:
    """Return a finding for every claim, in order: those that wait side by side, and beside these the others in turn.

    What is late is measured again when all others are through.
    """
    made = [(claims()[name], entry, key) for name, entry, key in subject.spec.entries]
    findings: dict[int, Finding] = {}
    with ThreadPoolExecutor(_WAITING, "claims") as pool:
        waiting = {
            number: pool.submit(_first, claim, entry, subject, key, quiet)
            for number, (claim, entry, key) in enumerate(made)
            if claim.waits(entry)
        }
        for number, (claim, entry, key) in enumerate(made):
            if number not in waiting:
                findings[number] = _first(claim, entry, subject, key, quiet)
        findings |= {number: future.result() for number, future in waiting.items()}
    return [_again(findings[n], claim, entry, subject, key, quiet) for n, (claim, entry, key) in enumerate(made)]


def measured(claim: Claim[Any], value: Any, subject: ImageSubject, key: str, quiet: Quiet | Alone) -> Finding:
    """Return the finding on one claim; a time that is over its limit is measured again, and the least of them counts.

    Each try stands for itself: one that goes wrong in another way is what is told.
    """
    return _again(_first(claim, value, subject, key, quiet), claim, value, subject, key, quiet)


def _first(claim: Claim[Any], value: Any, subject: ImageSubject, key: str, quiet: Quiet | Alone) -> Finding:
    with quiet.shared():
        return tried(claim, value, subject, key)


def _again(
    best: Finding, claim: Claim[Any], value: Any, subject: ImageSubject, key: str, quiet: Quiet | Alone
) -> Finding:
    if not best.late:
        return best
    with quiet.alone():
        for _ in range(TRIES - 1):
            subject.renew()
            again = tried(claim, value, subject, key)
            if not again.late or again.measured is None:
                return again
            best = min(best, again, key=lambda late: math.inf if late.measured is None else float(late.measured))
    return best


def tried(claim: Claim[Any], value: Any, subject: Any, key: str) -> Finding:
    """Return the finding on one claim, measured once; one that cannot be measured does not hold, and says why."""
    try:
        return claim.measure(value, subject, key)
    except StepError as error:
        hint = "; ".join(filter(None, [error.what, error.todo])) + (f"\n{error.detail}" if error.detail else "")
        return Finding(key, claim.title, None, "text", False, hint)


def _anatomy(subject: ImageSubject, stand_in: str | None) -> Anatomy:
    """Return what the image is made of; the stages of its build too, where its page claims something of them."""
    image = subject.image
    if "stages" in subject.spec.made:
        # Where the builder cannot account for the stages, the finding on them says so; the picture then has none.
        with contextlib.suppress(StepError):
            build, stages = subject.build, subject.account
            parts = stage_parts(subject.engine, subject.api, build, stages, image, subject.memory, subject.store)
            target = next(iter(build.values("--target")[-1:]), stages.names[-1])
            return anatomy(image, parts, stages.own_layers(target))
    return anatomy(image, own_layers=_layers_above(subject, stand_in) if stand_in else None)


def _layers_above(subject: ImageSubject, base: str) -> int | None:
    """Return how many layers the image has above those of the local image ``base``, or None if it is not on it."""
    below = subject.api.images.get(base).attrs["RootFS"]["Layers"]
    layers = [layer.digest for layer in subject.image.layers]
    return len(layers) - len(below) if layers[: len(below)] == below else None
