"""An image that is measured: what its claims ask is looked up on the engine, each thing once."""

from __future__ import annotations

import contextlib
import io
import tarfile
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack
from functools import cached_property
from pathlib import Path, PurePosixPath
from types import TracebackType
from typing import Self

import docker
import docker.errors

from walkthrough.claims.kinds.http import READY_LIMIT, Request
from walkthrough.claims.seen import BuildStep, Container, File, Rebuild, Scanned
from walkthrough.claims.spec import ImageSpec
from walkthrough.errors import StepError
from walkthrough.images.image import MOST_LINKS, Image
from walkthrough.images.memory import LayerMemory
from walkthrough.images.reading import read_image
from walkthrough.machine.containerd import Containerd
from walkthrough.machine.engine import Engine
from walkthrough.observe import builds
from walkthrough.observe.containers import Running, running
from walkthrough.observe.reproducing import differences
from walkthrough.observe.scan import scan
from walkthrough.project import state_folder

_BUILD_LIMIT = 600.0
"""Seconds for one build that is repeated."""


class ImageSubject:
    """The image of a checks block, with the builds of the page and the lab's folder; to be entered, and left.

    Args:
        spec: what is claimed of it.
        engine: where it is.
        made: the page's builds, in order.
        lab: the folder of the lab's files.
    """

    def __init__(self, spec: ImageSpec, engine: Engine, made: list[builds.Build], lab: Path) -> None:
        self.spec, self.engine, self.made, self.lab = spec, engine, made, lab
        self._open = ExitStack()
        self._running = ExitStack()
        self._server: Running | None = None
        self._starting = threading.Lock()
        self._edited: tuple[str, int] | None = None

    def __enter__(self) -> Self:
        self.api: docker.DockerClient = self._open.enter_context(contextlib.closing(self.engine.api()))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.renew()
        self._open.close()

    def renew(self) -> None:
        """Let the next claim that asks for the server have a new one."""
        self._server = None
        self._running.close()

    @cached_property
    def image(self) -> Image:
        """The image as it is stored; its layers are compressed only where that is claimed."""
        return read_image(self.api, self.spec.name, "compressed" in self.spec.made, self.memory, self.store)

    @cached_property
    def memory(self) -> LayerMemory:
        """What is known of layers."""
        return LayerMemory(state_folder() / "layers")

    @cached_property
    def store(self) -> Containerd | None:
        """The image store of the machine's Docker, where that is containerd's."""
        return Containerd() if builds.packs_layers(self.api) else None

    @property
    def server(self) -> Container:
        """A container that all claims share which only look at it."""
        with self._starting:
            if self._server is None:
                self._server = self._running.enter_context(self._run())
            return self._server

    def started(self, fast_probes: bool = False) -> AbstractContextManager[Container]:
        """Start a container of its own."""
        return self._run(fast_probes)

    def _run(self, fast_probes: bool = False) -> AbstractContextManager[Running]:
        return running(
            self.api,
            self.spec.name,
            ports=[request.port for request in self._requests if request.port],
            read_only=self.spec.read_only,
            init=self.spec.init,
            fast_probes=fast_probes,
            helpers=[tag for build in self.made for tag in build.tags],
        )

    @property
    def _requests(self) -> list[Request]:
        return list(self.spec.made.get("http", []))

    def ready(self, container: Container) -> None:
        """Wait until the server can be expected to handle signals: its first answer, whatever the status."""
        first = next(iter(self._requests), None)
        if first:
            container.answer(first.path, first.port, READY_LIMIT, first.status, first.contains)
            return
        with contextlib.suppress(StepError):
            container.answer("/", None, READY_LIMIT)

    def file(self, path: str) -> File:
        """Return a file or folder of the image, links followed, without running anything.

        Raises:
            StepError: where there is no such file.
        """
        container = self.api.containers.create(self.spec.name, ["-"])
        place = PurePosixPath(path)
        try:
            for _ in range(MOST_LINKS):
                found = self.image.under(str(place))
                blocks, _ = container.get_archive(found[0])
                with tarfile.open(fileobj=io.BytesIO(b"".join(blocks))) as archive:
                    entry = archive.next() or tarfile.TarInfo()
                    if entry.issym():
                        place = PurePosixPath(found[0]).parent / entry.linkname
                        continue
                    stream = archive.extractfile(entry) if entry.isfile() else None
                    return File(f"{entry.uid}:{entry.gid}", stream.read() if stream else b"")
        except (docker.errors.NotFound, IndexError):
            pass
        finally:
            container.remove(v=True)
        raise StepError(f"there is no file '{path}' in '{self.spec.name}'", "name a file that the image has")

    @cached_property
    def build(self) -> builds.Build:
        """The build that gave the image its name."""
        return builds.build_of(self.spec.name, self.made)

    @cached_property
    def account(self) -> builds.Stages:
        """BuildKit's own account of the stages of that build."""
        return builds.read_stages(self.engine, self.build, _BUILD_LIMIT)

    def stages(self) -> Mapping[str, bool]:
        """Return each stage of the build, in order, and whether the page's builds needed it."""
        targeted = {target.lower() for build in self.made for target in build.values("--target")}
        return {name: name in self.account.reached | targeted for name in self.account.names}

    def after(self, file: str, old: str, new: str) -> Rebuild:
        """Replace ``old`` by ``new`` in a file of the lab, build again, and put the file back."""
        self._edited = None
        with self._changed(file, old, new):
            built = builds.rebuild(self.engine, self.build, _BUILD_LIMIT)
            if built.exit_code == 0 and "upload" in self.spec.made:
                with builds.as_image(self.engine, self.api, self.build) as edited:
                    layers = read_image(self.api, edited, True, self.memory, self.store).layers
                known = {layer.digest for layer in self.image.layers}
                self._edited = file, sum(layer.compressed or 0 for layer in layers if layer.digest not in known)
        failed = {
            builds.stage_of(vertex)
            for vertex in built.vertexes
            if vertex.get("error") and not str(vertex["error"]).endswith("context canceled")
        }
        steps = [
            BuildStep(str(vertex["name"]), bool(vertex.get("cached")))
            for vertex in built.vertexes
            if builds.stage_of(vertex)
        ]
        named = frozenset(stage for stage in failed if stage)
        return Rebuild(built.exit_code, built.seconds, tuple(steps), named, built.words[-600:])

    def uploaded(self) -> tuple[str, int]:
        """Return the file that was edited last, and the bytes of layers that its rebuild made new, compressed."""
        if self._edited is None:
            raise StepError("no edit was built", "see why 'reuses' fails")
        return self._edited

    def built_twice(self) -> Sequence[str]:
        """Return what differs between two builds without cache, by path."""
        return differences(self.engine, self.api, self.build)

    def scanned(self) -> Scanned:
        """Return what is known to be vulnerable in the image, and what of it was not scanned."""
        return scan(self.engine, self.api, self.spec.name, self.image, state_folder())

    @contextlib.contextmanager
    def _changed(self, file: str, old: str, new: str) -> Iterator[None]:
        """Replace ``old`` by ``new`` in a file of the lab while the context lasts."""
        place = self.lab / file
        if not place.is_file() or not place.resolve().is_relative_to(self.lab.resolve()):
            raise StepError(f"there is no file '{file}' to edit", "name a file that the page shows")
        original = place.read_bytes()
        if old.encode() not in original:
            raise StepError(f"'{file}' does not contain {old!r}", "name text that is in it")
        try:
            place.write_bytes(original.replace(old.encode(), new.encode()))
            yield
        finally:
            place.write_bytes(original)
