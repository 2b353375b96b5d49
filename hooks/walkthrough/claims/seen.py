"""What a claim may ask of the image that it is about, and what it is told.

The rooms that look at images and containers answer; a claim knows of neither engine nor client.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Literal, Protocol

from walkthrough.images.image import Image

GRACE_PERIOD = 10.0
"""Seconds that ``docker stop`` waits before it kills (docker container stop, default of --timeout)."""


@dataclass(frozen=True)
class Answer:
    """An HTTP answer: ``seconds`` from starting the container until it came; ``whole`` unless its body was cut off."""

    status: int
    body: str
    seconds: float
    whole: bool = True


@dataclass(frozen=True)
class End:
    """How a container ended.

    ``signal`` is what it was sent; ``seconds`` are counted from then; ``killed`` if it outlived its grace period;
    ``finished`` tells of a request under way, if there was one, whether it was answered with 200.
    """

    signal: str
    exit_code: int
    seconds: float
    killed: bool
    first_process: str
    finished: bool | None = None


@dataclass(frozen=True)
class File:
    """A file of an image: its owner by number, as ``UID:GID``, and its content."""

    owner: str
    content: bytes


@dataclass(frozen=True)
class BuildStep:
    """A step of a build as the builder names it, ``[build 2/5] COPY . .``, and whether it came from the cache."""

    instruction: str
    cached: bool


@dataclass(frozen=True)
class Rebuild:
    """A build after a change to a file of the lab.

    ``failed`` are the stages in which a step failed; ``words`` is the end of what the builder said.
    """

    exit_code: int
    seconds: float
    steps: tuple[BuildStep, ...]
    failed: frozenset[str]
    words: str


@dataclass(frozen=True)
class Report:
    """A known fault: its name, the package that has it and its version, and the version that mends it, if one does."""

    name: str
    package: str
    version: str
    mended: str


@dataclass(frozen=True)
class Scan:
    """One scan: what was scanned and how many of it, by what, on the word of which day (ISO 8601), what it found."""

    ecosystem: str
    packages: int
    by: str
    day: str
    reports: tuple[Report, ...]


@dataclass(frozen=True)
class Scanned:
    """The scans of an image, and why some of its packages were not scanned, by ecosystem."""

    scans: tuple[Scan, ...]
    missing: dict[str, str]

    @property
    def reports(self) -> list[Report]:
        """What all scans found, sorted."""
        return sorted({report for scan in self.scans for report in scan.reports}, key=lambda report: report.name)


class Container(Protocol):
    """A running container of the image, by its own entrypoint and command."""

    def answer(
        self, path: str, port: int | None, limit: float, status: int = 200, contains: str | None = None
    ) -> Answer | None:
        """Ask for ``path`` until the answer has this status and text, at most ``limit`` seconds; return the last one.

        None where nothing answered.
        """

    def health(self, wanted: Literal["healthy", "unhealthy"], limit: float) -> float | None:
        """Return the seconds until the engine calls it ``wanted``, or None if it does not within ``limit`` seconds."""

    def last_probe(self) -> str:
        """Return what the last probe said, in words."""

    def memory(self) -> int:
        """Return the bytes of memory that no file is behind."""

    def logs(self) -> str:
        """Return the end of what it printed."""

    def freeze(self) -> None:
        """Stop the first process and all that descend from it, so that the server hangs."""

    def stop(self, signal: str | None, during: str | None = None, port: int | None = None) -> End:
        """Send ``signal`` (None: the one that the image names, else SIGTERM) as ``docker stop`` does.

        A request for ``during`` is under way meanwhile.
        """


class Subject(Protocol):
    """An image that is measured, with the build that made it."""

    @property
    def image(self) -> Image:
        """The image as it is stored."""

    @property
    def server(self) -> Container:
        """A container that all claims share which only look at it."""

    def started(self, fast_probes: bool = False) -> AbstractContextManager[Container]:
        """Start a container of its own; with ``fast_probes`` it is probed every half second, one failure counts."""

    def ready(self, container: Container) -> None:
        """Wait until the server in ``container`` can be expected to handle signals: its first answer."""

    def file(self, path: str) -> File:
        """Return a file or folder of the image, links followed.

        Raises:
            StepError: where there is no such file.
        """

    def stages(self) -> Mapping[str, bool]:
        """Return each stage of the build, in order, and whether the page's builds needed it."""

    def after(self, file: str, old: str, new: str) -> Rebuild:
        """Replace ``old`` by ``new`` in a file of the lab, build again, and put the file back."""

    def uploaded(self) -> tuple[str, int]:
        """Return the file that was edited last, and the bytes of layers that its rebuild made new, compressed.

        Raises:
            StepError: where nothing was edited, or its build failed.
        """

    def built_twice(self) -> Sequence[str]:
        """Return what differs between two builds without cache, by path; nothing if they give the same image."""

    def scanned(self) -> Scanned:
        """Return what is known to be vulnerable in the image, and what of it was not scanned.

        Raises:
            StepError: where a scan could not be made.
        """
