"""A kind of pin: how it is found in a text, which newer patch releases there are, how it is written."""
# ruff: noqa: ARG002 - all kinds are asked in one way

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar

from walkthrough.renew.place import Edit, Place

_RELEASE = re.compile(r"(?P<series>v?\d+\.\d+)(?:\.(?P<patch>\d+(?:\.\d+)*))?(?P<build>\+incompatible)?")


@dataclass(frozen=True)
class Spot:
    """Where a version stands: characters ``start`` to ``end`` of a place's text."""

    place: Place
    start: int
    end: int

    @property
    def line(self) -> int:
        """The line in the file, from 1."""
        return self.place.line(self.place.text.count("\n", 0, self.start) + 1)


@dataclass(frozen=True)
class Pin:
    """A pinned thing: its name as the client knows it, its version, and every spot where that stands."""

    name: str
    version: str
    spots: tuple[Spot, ...]


@dataclass(frozen=True)
class Renewal:
    """A pin that has a newer release: what is pinned, the release until now, the new one, where it stands."""

    name: str
    old: str
    new: str
    path: str
    line: int

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.name} {self.old} -> {self.new}"


@dataclass(frozen=True)
class Change:
    """Renewals that hold or fall together, with the changes of files that make them.

    ``images`` are those whose content they change where no file says so: a tag behind which is another digest.
    """

    kind: str
    renewals: tuple[Renewal, ...]
    edits: tuple[Edit, ...]
    images: tuple[str, ...] = ()

    def __str__(self) -> str:
        return ", ".join(f"{one.name} {one.old} -> {one.new}" for one in self.renewals)


class Kind(ABC):
    """A kind of pin. Its file below ``kinds`` is all that knows of it."""

    name: ClassVar[str]
    """What ``KINDS=`` calls it."""
    order: ClassVar[int] = 50
    """Kinds with a lower number look first; a version is one kind's only."""
    where: ClassVar[str]
    """Where it stands, in words, for the guide."""
    client: ClassVar[str]
    """Who is asked, in words, for the guide."""
    evidence: ClassVar[bool] = False
    """Whether it stands in the committed records, not in what they are made from."""
    together: ClassVar[bool] = False
    """Whether the pins of a place are renewed as one; else each is asked for by itself."""
    unasked: ClassVar[str] = ""
    """Why its releases are asked for nowhere, if they are not."""

    @abstractmethod
    def pins(self, place: Place, beside: Sequence[Place]) -> Iterator[Pin]:
        """Yield the pins of a place; nobody is asked. ``beside`` are the places that belong together, it included."""

    def newest(self, pin: Pin) -> str | None:
        """Return the newest patch release of what is pinned, or None where it is the newest.

        Raises:
            UnaskedError: where the client gives no answer.
        """
        raise NotImplementedError

    def changes(self, place: Place, pins: Sequence[Pin], beside: Sequence[Place]) -> Iterator[Change]:
        """Yield the changes that renew these pins of a place.

        Raises:
            UnaskedError: where the client gives no answer.
        """
        for pin in pins:
            new = self.newest(pin)
            if new and new != pin.version:
                yield written(self.name, [(pin, new)])


def written(kind: str, news: Iterable[tuple[Pin, str]]) -> Change:
    """Return the change that writes new versions at each spot of their pins."""
    news = list(news)
    renewals = [Renewal(p.name, p.version, new, p.spots[0].place.path, p.spots[0].line) for p, new in news]
    edits = {spot.place.edit(spot.start, spot.end, new) for pin, new in news for spot in pin.spots}
    return Change(kind, tuple(renewals), tuple(sorted(edits)))


def series(version: str) -> str | None:
    """Return the part of a release's number that patch releases share, such as ``1.27``; None for a pre-release."""
    found = _RELEASE.fullmatch(version)
    return found["series"].removeprefix("v") if found else None


def _number(version: str) -> tuple[int, ...]:
    found = _RELEASE.fullmatch(version)
    return tuple(int(part) for part in (found["patch"] or "0").split(".")) if found else ()


def newest_patch(version: str, versions: Iterable[str]) -> str | None:
    """Return the newest of ``versions`` with the same major and minor number, if it is newer than ``version``."""
    own = series(version)
    same = [one for one in versions if own and series(one) == own]
    best = max(same, key=_number, default=version)
    return best if _number(best) > _number(version) else None
