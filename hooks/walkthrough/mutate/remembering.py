"""A subject that remembers what was seen of it: another claim on that is judged without a new look."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Literal, TypeVar

from walkthrough.claims.seen import Answer, Container, End, File, Rebuild, Scanned
from walkthrough.claims.spec import ImageSpec
from walkthrough.machine.engine import Engine
from walkthrough.observe.builds import Build
from walkthrough.observe.subject import ImageSubject

_NEVER_SEEN = re.compile(r" [0-9a-f]{32}$")
"""What makes an edit one that was never made before: two of them are the same edit."""
_T = TypeVar("_T")


class Memory:
    """What was seen, by what was asked. While it is ``fixed``, nothing that was seen is looked at again."""

    def __init__(self) -> None:
        self._seen: dict[tuple[Any, ...], Any] = {}
        self.fixed = False

    def recall(self, key: tuple[Any, ...], look: Callable[[], _T]) -> _T:
        """Return what was seen, or ``look`` and remember it. What cannot be seen is not remembered."""
        if not self.fixed or key not in self._seen:
            self._seen[key] = look()
        found: _T = self._seen[key]
        return found


class RememberedContainer:
    """A container of which much is known; it is started when something else is asked."""

    def __init__(self, name: str, memory: Memory, start: Callable[[], Container]) -> None:
        self._name, self._memory, self._start = name, memory, start

    def answer(
        self, path: str, port: int | None, limit: float, status: int = 200, contains: str | None = None
    ) -> Answer | None:
        """Return the answer that was seen, whatever its status and text."""
        look = lambda: self._start().answer(path, port, limit, status, contains)  # noqa: E731
        return self._memory.recall((self._name, "answer", path, port), look)

    def health(self, wanted: Literal["healthy", "unhealthy"], limit: float) -> float | None:
        """Return the seconds that were seen."""
        return self._memory.recall((self._name, "health", wanted), lambda: self._start().health(wanted, limit))

    def last_probe(self) -> str:
        """Return what the last probe said when it was asked first."""
        return self._memory.recall((self._name, "probe"), lambda: self._start().last_probe())

    def memory(self) -> int:
        """Return the bytes that were seen."""
        return self._memory.recall((self._name, "memory"), lambda: self._start().memory())

    def logs(self) -> str:
        """Return the end of what it printed."""
        return self._memory.recall((self._name, "logs"), lambda: self._start().logs())

    def freeze(self) -> None:
        """Freeze it once."""
        self._memory.recall((self._name, "freeze"), lambda: self._start().freeze())

    def stop(self, signal: str | None, during: str | None = None, port: int | None = None) -> End:
        """Return how it ended."""
        look = lambda: self._start().stop(signal, during, port)  # noqa: E731
        return self._memory.recall((self._name, "stop", signal, during, port), look)


class RememberingSubject(ImageSubject):
    """An image that is measured once, and of which then other things are claimed."""

    def __init__(self, spec: ImageSpec, engine: Engine, made: list[Build], lab: Path) -> None:
        super().__init__(spec, engine, made, lab)
        self.seen = Memory()

    @property
    def server(self) -> Container:
        """The container that is shared."""
        return RememberedContainer("server", self.seen, lambda: super(RememberingSubject, self).server)

    def started(self, fast_probes: bool = False) -> AbstractContextManager[Container]:
        """Start a container of its own, once it is asked for what nobody has seen."""
        return self._started(fast_probes)

    @contextlib.contextmanager
    def _started(self, fast_probes: bool) -> Iterator[Container]:
        with contextlib.ExitStack() as stack:
            made: list[Container] = []

            def start() -> Container:
                if not made:
                    made.append(stack.enter_context(super(RememberingSubject, self).started(fast_probes)))
                return made[0]

            yield RememberedContainer(f"started {fast_probes}", self.seen, start)

    def file(self, path: str) -> File:
        """Return the file as it was seen."""
        return self.seen.recall(("file", path), lambda: super(RememberingSubject, self).file(path))

    def after(self, file: str, old: str, new: str) -> Rebuild:
        """Return the build as it was seen; one that cannot be made leaves what was uploaded."""
        uploaded = self._edited
        key = ("after", file, old, _NEVER_SEEN.sub("", new))
        try:
            return self.seen.recall(key, lambda: super(RememberingSubject, self).after(file, old, new))
        finally:
            if self.seen.fixed:
                self._edited = uploaded

    def built_twice(self) -> Sequence[str]:
        """Return the differences that were seen."""
        return self.seen.recall(("built twice",), lambda: super(RememberingSubject, self).built_twice())

    def scanned(self) -> Scanned:
        """Return the scans that were made."""
        return self.seen.recall(("scanned",), lambda: super(RememberingSubject, self).scanned())
