"""Base images: the official ones where they can be had, else stand-ins rebuilt from package registries.

A recipe is a folder beside this file: a Dockerfile, and ``facts.yaml``, the table of what the official image is by its
public Dockerfile. A stand-in is checked against that table when it is built, and says what still differs.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import tempfile
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from pathlib import Path
from typing import Any

import docker
import docker.errors
import requests

from walkthrough.errors import BaseImageError, NoSuchImageError
from walkthrough.images.memory import LayerMemory
from walkthrough.images.reading import read_image
from walkthrough.machine.bases import STAND_IN_LABEL, Base, Recipe, certificates, recipes
from walkthrough.machine.embedded import bootstrap
from walkthrough.machine.engine import Engine
from walkthrough.machine.lent import Lent
from walkthrough.machine.together import lock_of, one_at_a_time, shared

_REGISTRY_LIMIT = 20
_BUILD_LIMIT = 1800
_PATIENCE = 0.5
"""Seconds between two looks at whether it was interrupted."""
_SIDE_BY_SIDE = 2
"""Stand-ins that are built at the same time: one unpacks packages or waits for a registry while another compiles."""


@contextlib.contextmanager
def provided(
    engine: Engine, names: Iterable[str], state: Path, say: Callable[[str], None], named: Iterable[str] = ()
) -> Iterator[dict[str, Base]]:
    """Make the named base images available on the engine while the context lasts.

    An image that is there locally, or that its registry offers, is used as it is. Otherwise the recipe's stand-in is
    built under the official name; on the user's own engine that name is taken away again in the end, by the last of
    those that need it. Stand-ins that do not need each other are built side by side, each by one run at a time.

    Args:
        named: images that are provided too where they can be had; without them the page says itself what is wrong.

    Raises:
        NoSuchImageError: where their registries answer, and have none of them.
        BaseImageError: naming every image that cannot be had, and why.
    """
    known = recipes()
    bases: dict[str, Base] = {}
    lent = Lent(state / "bases" / f"lent-{engine.identity}")
    faults: list[BaseImageError] = []
    with contextlib.ExitStack() as stack:
        api, asking = (stack.enter_context(contextlib.closing(engine.api())) for _ in range(2))
        asking.api.timeout = _REGISTRY_LIMIT
        provider = _Provider(engine, api, asking, known, state, say, lent)

        def last() -> None:
            if engine.kind == "own":
                lent.take_back(api)

        # Who has a name lent and who finds it both need it, whatever they call the engine.
        stack.enter_context(shared(lock_of(engine.identity, "-lent"), last=last))
        with ThreadPoolExecutor(_SIDE_BY_SIDE, "bases") as pool:
            first = sorted(names, key=lambda name: (_storeys(known, name), name))
            futures = {name: pool.submit(provider.provide, name) for name in first}
            try:
                # It wakes up now and then: a signal may have reached another thread, and is heard by this one alone.
                while wait(futures.values(), _PATIENCE).not_done:
                    pass
                for name, future in futures.items():
                    try:
                        bases[name] = future.result()
                    except BaseImageError as error:
                        faults.append(error)
            except BaseException:  # an interrupt, most likely: begin no other build, end those that run
                pool.shutdown(wait=False, cancel_futures=True)
                provider.stop()
                raise
        if faults:
            kind = NoSuchImageError if all(isinstance(f, NoSuchImageError) for f in faults) else BaseImageError
            raise kind("\n".join(map(str, faults)))
        for name in sorted(named):
            with contextlib.suppress(BaseImageError):
                bases[name] = provider.provide(name)
        yield bases


class _Provider:
    """Provides single images, to several threads; remembers the names it lent to stand-ins."""

    def __init__(
        self,
        engine: Engine,
        api: docker.DockerClient,
        asking: docker.DockerClient,
        known: dict[str, Recipe],
        state: Path,
        say: Callable[[str], None],
        lent: Lent,
    ) -> None:
        self._engine, self._api, self._asking, self._known = engine, api, asking, known
        self._state, self._say, self._lent = state, say, lent
        self._unreachable: dict[str, str] = {}
        self._one_each: dict[str, threading.Lock] = {}
        self._building: set[subprocess.Popen[bytes]] = set()
        self._stopped = False

    def provide(self, name: str) -> Base:
        """Provide an image; who needs one that another thread builds waits for it."""
        with self._one_each.setdefault(name, threading.Lock()):
            return self._provide(name)

    def stop(self) -> None:
        """End the builds that run, and let none begin."""
        self._stopped = True
        for building in tuple(self._building):
            _end(building)

    def _provide(self, name: str) -> Base:
        recipe = self._known.get(name)
        local = self._local(name)
        if local is not None:
            label = (local.labels or {}).get(STAND_IN_LABEL)
            if label is None:
                digests = local.attrs.get("RepoDigests") or []
                return Base(name=name, digest=digests[0].split("@")[-1] if digests else str(local.id), stand_in=False)
            if recipe and label == recipe.label(self._known):
                return self._stand_in(recipe, str(local.id))
            below = str(label).split()[0]
            if below != name:
                told = [f"it was built on the stand-in for {below}"]
                return Base(name=name, digest=str(local.id), stand_in=True, differs=told)
        missing = False
        why = self._unreachable.get(_registry(name))
        if why is None:
            try:
                return Base(name=name, digest=str(self._asking.images.get_registry_data(name).id), stand_in=False)
            except (docker.errors.APIError, requests.RequestException) as error:
                why = str(getattr(error, "explanation", None) or error)
                missing = isinstance(error, docker.errors.NotFound) or "denied" in why
                if not missing:
                    self._unreachable[_registry(name)] = why
        if recipe is None:
            kind = NoSuchImageError if missing else BaseImageError
            raise kind(
                f"the base image {name} is not on the engine, its registry does not give it ({why.strip()}),"
                " and there is no recipe for it; add one in hooks/walkthrough/machine/recipes/, or pull the image"
            )
        return self._build(recipe)

    def _local(self, name: str) -> Any:
        try:
            return self._api.images.get(name)
        except docker.errors.ImageNotFound:
            return None

    def _stand_in(self, recipe: Recipe, identity: str) -> Base:
        return Base(name=recipe.facts.image, digest=identity, stand_in=True, differs=recipe.facts.differs)

    def _build(self, recipe: Recipe) -> Base:
        """Build a stand-in, unless another run has built it meanwhile."""
        name = recipe.facts.image
        for needed in recipe.facts.needs:
            self.provide(needed)
        lock = self._scratch() / f"building-{self._engine.identity}-{recipe.folder.name}.lock"

        def waits() -> None:
            self._say(f"waiting: another run is rebuilding {name}")

        with one_at_a_time(lock, lambda: self._stopped, waits) as held:
            if not held:
                raise BaseImageError(f"{name} was not waited for")
            local = self._local(name)
            if local is not None and (local.labels or {}).get(STAND_IN_LABEL) == recipe.label(self._known):
                return self._stand_in(recipe, str(local.id))
            return self._built(recipe)

    def _built(self, recipe: Recipe) -> Base:
        facts = recipe.facts
        self._say(f"rebuilding {facts.image} from package registries (a stand-in)")
        with tempfile.TemporaryDirectory(prefix="base-", dir=self._scratch()) as folder:
            context = Path(folder)
            for path in recipe.folder.iterdir():
                if path.is_file():
                    shutil.copy(path, context)
            copied = context / "certificates"
            copied.mkdir()
            for certificate in certificates():
                shutil.copy(certificate, copied)
            if facts.root:
                shutil.copy(self._root(facts.suite), context / "root.tar")
            label = f"--label={STAND_IN_LABEL}={recipe.label(self._known)}"
            if self._engine.kind == "own":
                self._lent.add(facts.image)
            said = self._run("buildx", "build", "--progress=plain", label, f"--tag={facts.image}", str(context))
        if said is not None:
            raise BaseImageError(f"the stand-in for {facts.image} cannot be built:\n{said[-3000:]}")
        self._compare(recipe)
        return self._stand_in(recipe, str(self._local(facts.image).id))

    def _run(self, *arguments: str) -> str | None:
        """Run the docker client so that ``stop`` can end it; return what it said if it failed.

        It speaks to a file: the end of a pipe would be waited for as long as anybody holds it whom the client started.
        """
        with (
            tempfile.TemporaryFile("w+", errors="replace", dir=self._scratch()) as said,
            subprocess.Popen(
                [str(self._engine.docker), *arguments],
                env=self._engine.whole_environment,
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            ) as building,
        ):
            self._building.add(building)
            if self._stopped:
                _end(building)
            try:
                building.wait(_BUILD_LIMIT)
            except subprocess.TimeoutExpired:
                _end(building)
                return f"it took more than {_BUILD_LIMIT} s"
            finally:
                self._building.discard(building)
            said.seek(0)
            return said.read() if building.returncode else None

    def _scratch(self) -> Path:
        folder = self._state / "bases"
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def _root(self, suite: str) -> Path:
        root = self._scratch() / f"{suite}.tar"
        if not root.exists():
            new = root.with_name(f"{suite}.new.tar")
            bootstrap(new, suite=suite)
            new.replace(root)
        return root

    def _compare(self, recipe: Recipe) -> None:
        """Compare a fresh stand-in with its table.

        Raises:
            BaseImageError: naming every difference.
        """
        facts = recipe.facts
        image = read_image(self._api, facts.image, memory=LayerMemory(self._state / "layers"))
        environment = dict(entry.split("=", 1) for entry in image.setting("Env") or [])
        rows: list[tuple[str, Any, Any]] = [
            ("user", facts.user, image.setting("User") or ""),
            ("working directory", facts.workdir or "/", image.setting("WorkingDir") or "/"),
            ("entrypoint", facts.entrypoint, image.setting("Entrypoint") or []),
            ("command", facts.cmd, image.setting("Cmd") or []),
            ("environment", facts.env, environment),
            *((path, "present", "present" if image.under(path) else "absent") for path in facts.present),
            *((path, "absent", "present" if image.under(path) else "absent") for path in facts.absent),
        ]
        faults = [
            f"  {what}: official {official!r}, stand-in {ours!r}" for what, official, ours in rows if official != ours
        ]
        if faults:
            self._api.images.remove(facts.image, force=True)
            raise BaseImageError(f"the stand-in for {facts.image} is not what its table says:\n" + "\n".join(faults))


def _end(building: subprocess.Popen[bytes]) -> None:
    """End a client and the plugin that it has started: one that has not reached its client yet would outlive it."""
    if building.poll() is None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(building.pid, signal.SIGKILL)


def _storeys(known: dict[str, Recipe], name: str) -> int:
    """Return how many recipes a stand-in stands on; who is built before those above it keeps nobody waiting."""
    needs = known[name].facts.needs if name in known else []
    return max((1 + _storeys(known, needed) for needed in needs), default=0)


def _registry(name: str) -> str:
    first = name.split("/")[0]
    return first if "/" in name and ("." in first or ":" in first) else "the default registry"
