"""A kind of claim: its schema, its words, how it is measured, the reader's own test of it, and the lie that it catches.

Each kind is one file below ``kinds/``, which is all that adding one takes.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Generic, Literal, TypeVar, cast

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict

from walkthrough.claims.finding import Finding
from walkthrough.units import Limit, parse_limit

Size = Annotated[Limit, BeforeValidator(lambda value: parse_limit(value, "size"))]
Duration = Annotated[Limit, BeforeValidator(lambda value: parse_limit(value, "time"))]
Count = Annotated[Limit, BeforeValidator(lambda value: parse_limit("0" if value == "none" else value, "count"))]
_PATTERNS = "*?[]{}"
"""Characters that a shell or a .dockerignore would take for a pattern; here they would be a name that nobody has."""


def _path(path: str) -> str:
    parts = path.split("/")
    if not path.startswith("/"):
        raise ValueError(f"'{path}' is not a path from the root; write it with a leading slash")
    if any(letter in path for letter in _PATTERNS):
        raise ValueError(f"'{path}' looks like a pattern, and none is expanded here; write each path out")
    if path != path.strip() or not path.isprintable() or any(part in (".", "..") for part in parts):
        raise ValueError(f"'{path}' is not a plain path; leave out blanks at its ends, '.' and '..'")
    if "" in parts[1:-1] or parts == ["", ""]:
        raise ValueError(f"'{path}' names no file or folder; name one, such as /bin/sh")
    return path


Of = Literal["image", "container", "service", "network", "volume", "repository", "url"]
"""What a checks block may be about: the first key of it, whose value is a name."""

ImagePath = Annotated[str, AfterValidator(_path)]
"""An absolute path inside an image. One that could never be there is refused, as its absence would say nothing."""

V = TypeVar("V")
C = TypeVar("C", bound=str)


class Strict(BaseModel):
    """A part of a claim: unknown keys are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True)


S = TypeVar("S", bound=Strict)


@dataclass(frozen=True)
class Lie:
    """A claim that is false of the image that the tests build, as it is written, and words of what is said of it."""

    written: str
    says: str
    image: str = ""
    """Tag of the image that it is told of, where it is another than the usual one."""


class Claim(Generic[V]):
    """A kind of claim on values of type ``V``. One whose value is a list or a mapping makes a finding of each entry.

    A claim on what a container does may be measured again where a time is over its limit, as noise only adds to it.
    """

    name: ClassVar[str]
    """Its key in a checks block."""
    of: ClassVar[Of] = "image"
    """What it is about. What is claimed of a container may be claimed of a service: then it is of each of its own."""
    place: ClassVar[int]
    """Where it stands among the others: on pages, in the guide, in the reader's script, and when it is measured."""
    schema: ClassVar[Any]
    """The type that its value is validated by."""
    title: ClassVar[str]
    """What it is about, where nothing could be measured: 'answers HTTP'."""
    guide: ClassVar[str]
    """Its row in the authoring guide, in Markdown."""
    how: ClassVar[str] = ""
    """How its figure came about, for the reader who points at it; empty where there is none."""
    lie: ClassVar[Lie]
    needs: ClassVar[tuple[str, str] | None] = None
    """Another claim that must be made beside it, and why."""
    images: ClassVar[tuple[str, ...]] = ()
    """Names of images that are needed to measure it."""
    many: ClassVar[bool] = False
    """Whether its value is a list or a mapping whose entries are claims of their own."""
    of_build: ClassVar[bool] = False
    """Whether it measures the build, and so every base image in it, not the finished image alone."""
    of_run: ClassVar[bool] = False
    """Whether its bytes depend on how a run went, as a time does, and not on what the image is."""
    weighs: ClassVar[bool] = False
    """Whether it is a size that may be compared with other such sizes."""
    shell: ClassVar[str] = ""
    """POSIX shell functions by which a reader tests it; see ``page/check.sh`` for what they may use."""

    def measure(self, value: V, subject: Any, key: str) -> Finding:
        """Hold one value (one entry, where it is of many) against what is seen.

        Args:
            subject: the image, as ``claims/seen.py`` has it, or what stands, as ``claims/standing.py`` has it.

        Raises:
            StepError: where it cannot be measured, with the reason.
        """
        raise NotImplementedError

    def waits(self, value: V) -> bool:
        """Return whether to measure it is to wait for a container, so that others are measured meanwhile."""
        del value
        return False

    def limits(self, value: V) -> Iterator[Limit]:
        """Yield the sizes and times that one value keeps as budgets."""
        if isinstance(value, Limit):
            yield value

    def calls(self, value: V) -> Iterator[str]:
        """Yield the lines of the reader's script that test one value."""
        del value
        yield from ()

    def mutants(self, value: V, finding: Finding, subject: Any) -> Iterator[tuple[str, V]]:
        """Yield values that are false where ``finding`` on ``value`` holds, each with words of what was changed.

        By default a limit is drawn to either side of what was measured, and a yes is made a no. A claim with other
        values says itself what is false; one of which only the image can be changed has none.
        """
        del subject
        if isinstance(value, Limit):
            yield from cast("Iterator[tuple[str, V]]", edges(value, finding))
        elif isinstance(value, bool):
            yield f"{self.name}: {str(not value).lower()}", cast("V", not value)

    def entries(self, value: Any) -> Iterator[tuple[str, V]]:
        """Yield key and value of each single claim that ``value`` makes; of a mapping, a pair of name and value."""
        if not self.many:
            yield self.name, value
            return
        parts = value.items() if isinstance(value, dict) else value
        for index, part in enumerate(parts):
            yield f"{self.name}.{index}", part


def edges(limit: Limit, finding: Finding) -> Iterator[tuple[str, Limit]]:
    """Yield the limits to either side of what ``finding`` measured, and closest to it: one unit, of a time 1 %."""
    measured = finding.measured
    if isinstance(measured, (int, float)):
        step = measured / 100 if limit.kind == "time" else 1
        for bound, at_least in ((measured - step, False), (measured + step, True)):
            if bound >= 0:
                side = "at least a little more" if at_least else "at most a little less"
                yield f"{side} than was measured", Limit(bound, at_least, limit.kind)


def other_pairs(pair: tuple[str, str]) -> Iterator[tuple[str, tuple[str, str]]]:
    """Yield, for a name and its value, another value, the beginning of the value, and another name."""
    name, value = pair
    yield "another value", (name, f"{value}x")
    yield "another name", (f"{name}X", value)
    if value:
        yield "the beginning of the value", (name, value[:-1])


def other_lists(names: list[str], more: str, another: str) -> Iterator[tuple[str, list[str]]]:
    """Yield, for a list of all that there is, one with ``another`` besides, in the words ``more``, and each less."""
    yield more, [*names, another]
    yield from ((f"without {name}", [other for other in names if other != name]) for name in names)


def other_choices(name: str, choices: Iterable[C], value: C) -> Iterator[tuple[str, C]]:
    """Yield all other choices that the claim ``name`` has."""
    yield from ((f"{name}: {other}", other) for other in choices if other != value)


def within(value: S, finding: Finding) -> Iterator[tuple[str, S]]:
    """Yield ``value`` with each of the times that are false of its ``within``, where it has one and it was measured."""
    limit = getattr(value, "within", None)
    if isinstance(limit, Limit) and finding.unit == "seconds":
        for words, mutant in edges(limit, finding):
            yield f"within {words}", value.model_copy(update={"within": mutant})


def call(*words: object) -> str:
    """Return a command of the reader's script, each word quoted."""
    return " ".join(shlex.quote(str(word)) for word in words)


def bound(limit: Limit) -> tuple[str, int]:
    """Return a limit as the reader's script compares it: ``le`` or ``ge``, and bytes or a count."""
    return ("ge" if limit.at_least else "le", int(limit.bound))
