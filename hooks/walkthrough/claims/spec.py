"""Claims about an image: how a page declares them, and whether what was observed bears them out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

import yaml
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from walkthrough.schema import explain, line_of
from walkthrough.units import Kind, Limit, parse_limit, quantity_text

Size = Annotated[Limit, BeforeValidator(lambda value: parse_limit(value, "size"))]
Duration = Annotated[Limit, BeforeValidator(lambda value: parse_limit(value, "time"))]
Count = Annotated[Limit, BeforeValidator(lambda value: parse_limit("0" if value == "none" else value, "count"))]
_SETTINGS = {"image", "read_only", "init", "check"}
"""Keys of a checks block that say how to measure, and claim nothing."""
ROOT_USERS = {"", "0", "root", "0:0", "root:root"}
NOT_ROOT = "not root"


ExitCode = Annotated[int, Field(ge=0, le=255)]
ExitCodes = Annotated[
    tuple[ExitCode, ...], BeforeValidator(lambda value: value if isinstance(value, list) else [value])
]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True)


class Request(_Strict):
    """An HTTP request to the running container, and what it must answer."""

    path: str = Field(pattern=r"^/")
    status: int = Field(default=200, ge=100, le=599)
    contains: str | None = None
    within: Duration | None = None
    """Time from starting the container to the first such answer."""
    port: int | None = None


class Stop(_Strict):
    """How the container ends when it is sent a signal, as ``docker stop`` sends it (10 s of grace)."""

    signal: Literal["SIGTERM", "SIGINT"] = "SIGTERM"
    exit: ExitCodes = (0,)
    """Exit code, or several that are equally good."""
    within: Duration
    during: str | None = Field(default=None, pattern=r"^/")
    """Path of a slow request that is under way when the signal comes."""
    request: Literal["finished", "lost"] = "finished"
    """What becomes of that request: answered with 200, or cut off."""


class Guard(_Strict):
    """The stage whose tests guard the image, and a change to a file that these tests must catch."""

    stage: str
    file: str
    replace: str
    by: str


class Reuse(_Strict):
    """Build steps that an edit of the app must not run again, and what such an edit costs."""

    edit: str
    """File of the lab that is edited."""
    extend: str
    """Text in it, such as a comment, that is made longer by something never seen before."""
    steps: list[str] = Field(min_length=1)
    """Text of each step, as in its Dockerfile, that must come from the cache."""
    within: Duration | None = None
    """Time of the build after the edit."""


class ImageSpec(_Strict):
    """Everything that a page may claim of an image."""

    image: str
    size: Size | None = None
    """Uncompressed: the sum of the files of all layers."""
    compressed: Size | None = None
    """What a pull downloads: the sum of the layers, gzip level 6 each."""
    user: str | None = None
    """``UID:GID`` as configured, ``root``, or ``not root`` for any other."""
    ports: list[str | int] | None = None
    exec_form: bool | None = None
    present: list[str] = []
    absent: list[str] = []
    http: list[Request] = []
    healthy: Duration | None = None
    unhealthy: Duration | None = None
    """Time to turn unhealthy, probed every half second, after the server has been frozen by SIGSTOP."""
    stops: list[Stop] = []
    stages: Literal["reached"] | None = None
    guard: Guard | None = None
    reuses: Reuse | None = None
    upload: Size | None = None
    """What a push uploads after the edit that ``reuses`` makes: the layers that are new, compressed."""
    packages: Count | None = None
    """Packages that a scanner could find, of a distribution or of a language; ``none`` for no one."""
    programs: Count | None = None
    """Files that can be executed, libraries aside: what somebody who got in could run."""
    memory: Size | None = None
    """Memory that is the processes' own (no file is behind it) after the first answers."""
    static: list[str] = []
    """Programs that need no dynamic linker and no library."""
    check: str | None = Field(default=None, pattern=r"^[a-z][a-z0-9-]*$")
    """Name under which the lab's script offers this check to readers."""
    init: bool = False
    """Run every container of this check with ``--init``, as in ``docker run --init``."""
    read_only: bool = False
    """Run every container of this check with a read-only root file system."""

    @model_validator(mode="after")
    def _can_be_measured(self) -> ImageSpec:
        if self.upload and not self.reuses:
            raise ValueError("'upload' is measured after the edit that 'reuses' makes: claim that too")
        if self.memory and not self.http:
            raise ValueError("'memory' is measured after the first answers: claim 'http' too")
        return self

    @property
    def claims(self) -> list[str]:
        """The key of every single claim, such as ``size`` or ``http.0``: one finding is made for each."""
        keys: list[str] = []
        for name in type(self).model_fields:
            value = getattr(self, name)
            if name in _SETTINGS or value is None:
                continue
            if isinstance(value, list) and name != "ports":
                keys += [f"{name}.{index}" for index in range(len(value))]
            else:
                keys.append(name)
        return keys


def read_spec(text: str, first_line: int) -> tuple[ImageSpec | None, list[tuple[int, str, str]]]:
    """Read a checks block.

    Returns the specification, or None, and the problems found, each as line, what and what to do.
    """
    try:
        node = yaml.compose(text, yaml.SafeLoader)
        values = yaml.safe_load(text)
    except yaml.MarkedYAMLError as error:
        line = first_line + (error.problem_mark.line if error.problem_mark else 0)
        return None, [(line, f"the checks are not YAML: {error.problem}", "correct it")]
    if not isinstance(values, dict):
        return None, [(first_line, "the checks are not a mapping", "write 'image: NAME' and claims below it")]
    try:
        spec = ImageSpec.model_validate(values)
    except ValidationError as error:
        known = "known claims: " + ", ".join(ImageSpec.model_fields)
        return None, [
            (
                first_line + line_of(node, entry["loc"]),
                f"check '{'.'.join(map(str, entry['loc'])) or values.get('image')}': {explain(entry)}",
                known if entry["type"] == "extra_forbidden" else "correct it",
            )
            for entry in error.errors()
        ]
    if values.keys() <= _SETTINGS:
        return None, [(first_line, "the checks claim nothing", "add a claim, such as 'size: 10 MB'")]
    return spec, []


Unit = Literal["bytes", "seconds", "count", "text"]
_UNITS: dict[Kind, Unit] = {"size": "bytes", "time": "seconds", "count": "count"}
_KINDS = {unit: kind for kind, unit in _UNITS.items()}


@dataclass(frozen=True)
class Finding:
    """One claim and what was measured for it.

    ``key`` is the path of the claim in its block (``stops.0``); ``measured`` is the exact value (bytes, seconds,
    a count, text) and ``unit`` says which; ``hint`` helps where the claim failed.
    """

    key: str
    claim: str
    measured: int | float | str | None
    unit: Unit
    ok: bool
    hint: str = ""

    def measured_text(self) -> str:
        """Return the measured value as people read it."""
        if isinstance(self.measured, (int, float)) and self.unit != "text":
            return quantity_text(self.measured, _KINDS[self.unit])
        return "not measured" if self.measured is None else str(self.measured)


def claim_line(text: str, first_line: int, key: str) -> int:
    """Return the line of the claim ``key`` in a checks block that begins at ``first_line``."""
    loc = tuple(int(part) if part.isdigit() else part for part in key.split("."))
    return first_line + line_of(yaml.compose(text, yaml.SafeLoader), loc)


def limit_finding(key: str, name: str, limit: Limit, measured: float | None, hint: str = "") -> Finding:
    """Judge a measured quantity by its limit; None means that it never came about."""
    ok = measured is not None and limit.holds(measured)
    exact = measured if measured is None or limit.kind == "time" else int(measured)
    return Finding(key, f"{name} {limit}", exact, _UNITS[limit.kind], ok, "" if ok else hint)
