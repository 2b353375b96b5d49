"""BuildKit's account of a build: the steps that its solver did, the names that it gives them, and what they printed.

A step of a Dockerfile is named ``[platform stage number/total] instruction``. The platform is there where there are
several, with that of the image where it is another: ``linux/amd64->arm64``. The stage is there where the Dockerfile has
several; one without a name is called ``stage-`` and its index. The number is padded to the total's width. All other
names (``[internal] …``, ``exporting to image``) are BuildKit's own.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

SOLE = "stage-0"
"""What the only stage of a Dockerfile is called where nobody gives it a name."""
_STEP = re.compile(r"\[(?:(?P<of>[^\]]*\S)\s+|\s*)(?P<number>\d+)/\d+\] (?P<instruction>.*)", re.DOTALL)
_LAST_LINES = 12


@dataclass(frozen=True)
class Step:
    """A step of a stage: its number, from 1, and its instruction, such as ``COPY --from=build /server /server``."""

    stage: str
    number: int
    instruction: str


def step_of(vertex: dict[str, Any]) -> Step | None:
    """Return the step of a stage that a vertex is, or None for BuildKit's own."""
    found = _STEP.fullmatch(vertex.get("name", ""))
    if found is None:
        return None
    # A platform has a slash, and the name of a stage has none.
    words = [word for word in (found["of"] or "").split() if "/" not in word]
    return Step(words[-1] if words else str(vertex.get("stage") or SOLE), int(found["number"]), found["instruction"])


def stage_of(vertex: dict[str, Any]) -> str | None:
    """Return the stage that a vertex belongs to, or None for BuildKit's own."""
    step = step_of(vertex)
    return step.stage if step else None


@dataclass(frozen=True)
class Account:
    """What the solver told: its vertexes in the order in which they were told of, and why it failed, if it did."""

    vertexes: list[dict[str, Any]]
    words: str


def read_account(text: str) -> Account:
    """Read what ``--progress=rawjson`` printed."""
    vertexes: dict[str, dict[str, Any]] = {}
    printed: dict[str, bytes] = {}
    rest = text
    for event, end in _events(text):
        rest = text[end:]
        for vertex in event.get("vertexes") or []:
            vertexes.setdefault(vertex["digest"], {}).update(vertex)
        for log in event.get("logs") or []:
            printed[log["vertex"]] = printed.get(log["vertex"], b"") + base64.b64decode(log.get("data") or "")
    told = [_failure(vertex, printed.get(digest, b"")) for digest, vertex in vertexes.items() if vertex.get("error")]
    return Account(list(vertexes.values()), "\n".join(told) or "\n".join(rest.strip().splitlines()[-_LAST_LINES:]))


def _events(text: str) -> Iterator[tuple[dict[str, Any], int]]:
    """Yield the JSON objects in a text, each with where it ends; what stands between them is skipped."""
    decoder, at = json.JSONDecoder(), text.find("{")
    while at >= 0:
        try:
            event, end = decoder.raw_decode(text, at)
        except ValueError:
            return
        yield event, end
        at = text.find("{", end)


def _failure(vertex: dict[str, Any], printed: bytes) -> str:
    """Return what a failed step is called, the end of what it printed, and BuildKit's words on it."""
    lines = printed.decode(errors="replace").splitlines()[-_LAST_LINES:]
    return "\n".join([vertex.get("name", ""), *lines, str(vertex["error"])])
