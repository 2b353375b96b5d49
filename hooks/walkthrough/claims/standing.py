"""What a claim may ask of what stands: containers, a network, a volume, a registry's repository, an address.

The room that looks at them answers; a claim knows of neither engine nor client.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from walkthrough.claims.finding import Finding, told


@dataclass(frozen=True)
class Seen:
    """A container as the engine tells of it.

    ``memory_limit`` is in bytes, 0 for none; ``user`` is the ``UID:GID`` of its first process, empty where none runs;
    ``mounts`` has by path what is mounted there, such as ``volume numbers`` or ``bind read-only``; ``published`` are
    the ports that it opens on the machine, such as ``127.0.0.1:8080->80/tcp``.
    """

    name: str
    state: str = "running"
    exit_code: int = 0
    restart: str = "no"
    memory_limit: int = 0
    user: str = ""
    mounts: Mapping[str, str] = field(default_factory=dict)
    networks: tuple[str, ...] = ()
    published: tuple[str, ...] = ()


class Containers(Protocol):
    """A container, or all those of a service of Compose."""

    @property
    def seen(self) -> Sequence[Seen]:
        """Each of them; at least one.

        Raises:
            StepError: where there is none.
        """

    def healths(self) -> Mapping[str, str]:
        """Return the verdict of the health check of each, by name, once none is starting any more."""

    def reach(self, name: str, host: str, port: int) -> str:
        """Connect from where the container ``name`` is; return why it fails, or an empty text.

        Raises:
            StepError: where the container does not run.
        """

    def listens(self, host: str, port: int) -> bool | None:
        """Return whether the container that others call ``host`` listens at a port; None where nobody is called so."""


class Network(Protocol):
    """A network of the engine."""

    @property
    def internal(self) -> bool:
        """Whether it has no way out."""

    @property
    def members(self) -> Sequence[str]:
        """The names of the containers that run on it, sorted."""


class Volume(Protocol):
    """A volume of the engine."""

    @property
    def users(self) -> Sequence[str]:
        """The names of the containers that mount it, sorted."""

    def has(self, path: str) -> bool:
        """Return whether there is a file or folder at a path below it."""


class Repository(Protocol):
    """A repository of a registry."""

    @property
    def tags(self) -> Sequence[str]:
        """Its tags, sorted; none where the registry has no such repository.

        Raises:
            StepError: where the registry does not answer, or wants a login.
        """

    def digest(self, tag: str) -> str:
        """Return the digest of what a tag leads to: the sum of its manifest, such as ``sha256:…``.

        Raises:
            StepError: where there is no such tag.
        """

    @property
    def stored(self) -> int:
        """The bytes of the layers of all tags, as they were pushed, each once."""


@dataclass(frozen=True)
class Loaded:
    """What came of a stream of requests: how many were asked and lost, and why the first of these was."""

    asked: int
    lost: int
    why: str = ""


class Address(Protocol):
    """An address that a server answers at."""

    def load(self, rate: int, seconds: int, meanwhile: str) -> Loaded:
        """Ask ``rate`` times a second, for ``seconds`` and until a command that begins in the middle has ended.

        Raises:
            StepError: where the command fails, or so much cannot be asked.
        """


def each(
    containers: Containers, key: str, claim: str, look: Callable[[Seen], str], right: Callable[[str], bool], hint: str
) -> Finding:
    """Judge something of every container: what is told is what each has, or what those have that are wrong."""
    found = {one.name: look(one) for one in containers.seen}
    wrong = {name: what for name, what in found.items() if not right(what)}
    shown = wrong or found
    alone = len(found) == 1 or (not wrong and len(set(found.values())) == 1)
    words = ", ".join(sorted(set(shown.values())) if alone else [f"{name}: {what}" for name, what in shown.items()])
    return told(key, claim, words, not wrong, hint)
