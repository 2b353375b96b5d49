"""The host engines of a run: found, shared with other runs, with the base images of the pages on each of them."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from walkthrough.machine.bases import Base, recipes
from walkthrough.machine.cleanup import same_everywhere
from walkthrough.machine.engine import Engine
from walkthrough.machine.find import find_hosts
from walkthrough.machine.handing import forget, packed_folder
from walkthrough.machine.provision import provided
from walkthrough.machine.reader import Machines, remove_left
from walkthrough.machine.together import lock_of, numbered, shared
from walkthrough.project import state_folder

_ANSWER_LIMIT = 10.0
"""Seconds that a busy engine may take to say that it is there."""


@dataclass(frozen=True)
class Wanted:
    """The images that a page needs, and those that it names: without these it says itself what is wrong."""

    needed: frozenset[str]
    named: frozenset[str]


@dataclass
class Host:
    """A host engine in a run, the base images on it, and by page why some are not."""

    engine: Engine
    machines: Machines
    bases: Mapping[str, Base]
    faults: Mapping[str, Exception]
    gone: bool = False

    def lost(self) -> bool:
        """Return whether its engine does not answer any more; once it did not, nobody waits for it again."""
        self.gone = self.gone or not self.engine.answers(_ANSWER_LIMIT)
        return self.gone


@contextlib.contextmanager
def hosts_of(pages: Mapping[str, Wanted], release: str, say: Callable[[str], None]) -> Iterator[list[Host]]:
    """Yield the hosts, shared with other runs and provided with base images, in an order that is always the same.

    Raises:
        EngineMissingError: where no engine answers, or one is named that cannot be.
    """
    with contextlib.ExitStack() as stack:
        # In one order for all runs: who waits for one that somebody has alone never keeps another waiting in a circle.
        engines = sorted(find_hosts(say), key=lambda engine: engine.identity)
        alone = [stack.enter_context(_shared(engine, say)) for engine in engines]
        hosts = []
        for engine, first in zip(engines, alone, strict=True):
            bases, faults = stack.enter_context(_bases(engine, pages, say))
            number = stack.enter_context(numbered(engine.identity))
            hosts.append(Host(engine, Machines(engine, bases, release, say, number, first), bases, faults))
        if all(alone):
            _forget_packed(hosts)
        yield hosts


@contextlib.contextmanager
def _shared(engine: Engine, say: Callable[[str], None]) -> Iterator[bool]:
    """Share the engine with other runs, of this checkout or another; yield whether there were none at first.

    Who is alone on it cleans up what dead ones left: what another run has just made looks like that.
    """

    def clean() -> None:
        for name in remove_left(engine):
            say(f"cleaned up after a run that was killed: {name}")

    def waits() -> None:
        say("waiting: somebody has this Docker engine alone")

    with shared(lock_of(engine.identity), first=clean, waits=waits) as alone:
        yield alone


@contextlib.contextmanager
def _bases(
    engine: Engine, pages: Mapping[str, Wanted], say: Callable[[str], None]
) -> Iterator[tuple[dict[str, Base], dict[str, Exception]]]:
    """Provide the base images of the pages; yield those that could be had, and per page why not.

    All are asked for at once, so that they are made side by side; page by page only to tell which lacks one.
    """
    bases: dict[str, Base] = {}
    faults: dict[str, Exception] = {}
    with contextlib.ExitStack() as stack:
        with contextlib.suppress(Exception):
            every = set[str]().union(*(page.needed for page in pages.values()))
            bases |= stack.enter_context(provided(engine, every, state_folder(), say))
        for path, page in pages.items():
            needed, named = page.needed - bases.keys(), page.named - bases.keys()
            try:
                bases |= stack.enter_context(provided(engine, needed, state_folder(), say, named))
            except Exception as error:
                faults[path] = error
        yield bases, faults


def _forget_packed(hosts: list[Host]) -> None:
    """Remove archives of images that are on none of the hosts, or on none as they were."""
    kept = set[tuple[str, str]]()
    for host in hosts:
        with contextlib.suppress(Exception), contextlib.closing(host.engine.api()) as api:
            kept |= same_everywhere(api, host.bases.keys() | recipes().keys()).items()
    forget(packed_folder(state_folder()), kept)
