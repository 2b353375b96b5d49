"""The builds that a page ran, and BuildKit's own account of their stages.

Nothing here reads a Dockerfile: the frontend names its stages (sub-request ``targets``) and the solver names each
step that the wanted stage needs (``--progress=rawjson``).
"""

from __future__ import annotations

import contextlib
import json
import re
import time
import uuid
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import docker
import docker.errors

from walkthrough.errors import StepError
from walkthrough.machine.engine import Engine
from walkthrough.observe.vertexes import SOLE, Step, read_account, stage_of, step_of

__all__ = [
    "Build",
    "Rebuilt",
    "Stages",
    "as_image",
    "build_of",
    "packs_layers",
    "read_journal",
    "read_stages",
    "rebuild",
    "stage_of",
]

_TAKES_VALUE = re.compile(
    r"-(t|f|o)|--(tag|file|target|build-arg|label|secret|ssh|output|platform|progress|iidfile|"
    r"metadata-file|network|add-host|allow|annotation|attest|build-context|builder|cache-from|"
    r"cache-to|cgroup-parent|no-cache-filter|sbom|provenance|shm-size|ulimit|memory|cpuset-cpus)"
)


_RESULT = ("-t", "--tag", "-q", "--quiet", "--progress", "--load", "-o", "--output", "--iidfile", "--metadata-file")
"""Options that say what becomes of a build; leaving them out builds the same and makes no image."""
_NO_IMAGE = "--output=type=cacheonly"


@dataclass(frozen=True)
class Build:
    """One ``docker build`` of a page: where it ran, its arguments after ``build``, and the environment that it had."""

    folder: Path
    arguments: tuple[str, ...]
    environment: Mapping[str, str] | None = None
    """None stands for this process's own."""

    def values(self, *options: str) -> list[str]:
        """Return the values given to any of ``options``, in both spellings."""
        found = []
        for index, argument in enumerate(self.arguments):
            name, equals, value = argument.partition("=")
            if name in options:
                found.append(value if equals else next(iter(self.arguments[index + 1 : index + 2]), ""))
        return found

    @property
    def tags(self) -> list[str]:
        """The names that it gave the image, each with its tag."""
        return [tag if ":" in tag.rpartition("/")[2] else f"{tag}:latest" for tag in self.values("-t", "--tag")]

    def without(self, *options: str) -> list[str]:
        """Return the arguments less ``options`` and their values."""
        kept, skip = [], False
        for argument in self.arguments:
            name, equals, _ = argument.partition("=")
            if skip:
                skip = False
            elif name in options:
                skip = not equals and _TAKES_VALUE.fullmatch(name) is not None
            else:
                kept.append(argument)
        return kept


@dataclass(frozen=True)
class Stages:
    """The stages of a Dockerfile in order: ``reached`` are those that the built image needs."""

    names: tuple[str, ...]
    bases: tuple[str, ...]
    reached: frozenset[str]
    copies: Mapping[str, tuple[tuple[str, str], ...]] = field(default_factory=dict)
    """For a stage, the stages that it copies from, each with the instruction."""
    layers: Mapping[str, int] = field(default_factory=dict)
    """For a stage, how many layers its own instructions made."""

    def below(self, stage: str) -> str | None:
        """Return the stage that ``stage`` begins with, if it is one: only a stage that stands before it can be."""
        index = self.names.index(stage)
        base = self.bases[index].lower()
        return base if base in self.names[:index] else None

    def own_layers(self, stage: str) -> int:
        """Return how many layers of the image of ``stage`` this build made, those of the stages below it included."""
        stage = stage.lower()
        below = self.below(stage)
        return self.layers.get(stage, 0) + (self.own_layers(below) if below else 0)


def read_journal(folder: Path) -> list[Build]:
    """Return the builds that the page's docker client noted in ``folder``, in order."""
    return list(_journal(folder))


def _journal(folder: Path) -> Iterator[Build]:
    for entry in sorted(folder.glob("build-*"), key=lambda path: path.stat().st_mtime_ns):
        place, count, *words = entry.read_text(encoding="utf-8", errors="surrogateescape").split("\0")[:-1]
        arguments, variables = words[: int(count)], words[int(count) :]
        yield Build(Path(place), tuple(arguments), dict(variable.split("=", 1) for variable in variables))


def build_of(image: str, builds: list[Build]) -> Build:
    """Return the last build that gave ``image`` its name.

    Raises:
        StepError: where no command of the page did.
    """
    name = image if ":" in image.rpartition("/")[2] else f"{image}:latest"
    for build in reversed(builds):
        if name in build.tags:
            return build
    raise StepError(f"no command of this page builds '{image}'", f"build it with 'docker build -t {image} …'")


@dataclass(frozen=True)
class Rebuilt:
    """A build that was run again: its exit status, the solver's vertexes, why it failed, the seconds that it took."""

    exit_code: int
    vertexes: list[dict[str, Any]]
    words: str
    seconds: float


def rebuild(engine: Engine, build: Build, timeout: float) -> Rebuilt:
    """Run a build again without naming its result, and without making an image of it."""
    arguments = build.without(*_RESULT)
    started = time.monotonic()
    done = engine.command(
        "buildx",
        "build",
        "--progress=rawjson",
        _NO_IMAGE,
        *arguments,
        cwd=build.folder,
        timeout=timeout,
        environment=build.environment,
    )
    seconds = time.monotonic() - started
    account = read_account(done.stderr + done.stdout)
    if any(stage_of(vertex) == SOLE for vertex in account.vertexes):
        sole = _targets(engine, build)[0].get("name")  # which no step tells where there is only one
        account.vertexes[:] = [{**vertex, "stage": sole} for vertex in account.vertexes]
    return Rebuilt(done.returncode, account.vertexes, account.words, seconds)


@contextlib.contextmanager
def as_image(engine: Engine, api: docker.DockerClient, build: Build, target: str | None = None) -> Iterator[str]:
    """Run a build again, up to a stage if ``target`` names one, and yield the name of its image; it is then removed.

    Raises:
        StepError: where the build fails.
    """
    name = f"docker-labs-part:{uuid.uuid4().hex[:12]}"
    wanted = ["--target", target] if target else []
    arguments = build.without(*_RESULT, *(["--target"] if target else []))
    done = engine.command(
        "buildx",
        "build",
        *_kept_as(name, api),
        *wanted,
        *arguments,
        cwd=build.folder,
        environment=build.environment,
    )
    if done.returncode != 0:
        what = f"the stage '{target}' cannot be built alone" if target else "the build cannot be repeated"
        raise StepError(what, "see why", done.stderr[-1500:])
    try:
        yield name
    finally:
        with contextlib.suppress(docker.errors.APIError):
            api.images.remove(name, force=True)


def packs_layers(api: docker.DockerClient) -> bool:
    """Return whether the engine's image store is containerd's: it packs layers, and counts what they take on the disk.

    The classic store counts the files of a layer when it makes it, so its own size of an image is their sum.
    """
    return "io.containerd.snapshotter.v1" in str(api.info().get("DriverStatus"))


def _kept_as(name: str, api: docker.DockerClient) -> list[str]:
    """Return the options that keep a build as an image to be read once: to pack it may take longer than to build it."""
    return (
        [f"--output=type=image,name={name},compression=uncompressed"] if packs_layers(api) else ["--load", "-t", name]
    )


def _targets(engine: Engine, build: Build) -> list[dict[str, Any]]:
    """Return the stages of a build's Dockerfile, in order, as the frontend lists them.

    Raises:
        StepError: where it does not.
    """
    arguments = build.without(*_RESULT)
    for question, more in (("--call", {}), ("--print", {"BUILDX_EXPERIMENTAL": "1"})):  # as it was before buildx 0.17
        asked = engine.command(
            "buildx",
            "build",
            f"{question}=targets,format=json",
            _NO_IMAGE,
            *arguments,
            cwd=build.folder,
            extra=more,
            environment=build.environment,
        )
        with contextlib.suppress(ValueError, KeyError):
            targets: list[dict[str, Any]] = json.loads(asked.stdout[asked.stdout.index("{") :])["targets"]
            return targets
    raise StepError("BuildKit does not list the stages of this build", "see why", asked.stderr[-1500:])


def read_stages(engine: Engine, build: Build, timeout: float = 600) -> Stages:
    """Return the stages of a build's Dockerfile, by BuildKit's own account.

    Raises:
        StepError: where the build cannot be repeated.
    """
    targets = _targets(engine, build)
    names = tuple(target.get("name") or f"stage-{index}" for index, target in enumerate(targets))
    again = rebuild(engine, build, timeout)
    if again.exit_code != 0:
        raise StepError("the build cannot be repeated", "do the files still stand as they were built?", again.words)
    reached = frozenset(stage for stage in map(stage_of, again.vertexes) if stage)
    bases = tuple(target.get("base", "") for target in targets)
    stages = Stages(names, bases, reached, _copies(again.vertexes), _layers(again.vertexes))
    final = {target.lower() for target in build.values("--target")[-1:]} or {names[-1]}
    return replace(stages, reached=reached | final)


def _copies(vertexes: list[dict[str, Any]]) -> dict[str, tuple[tuple[str, str], ...]]:
    """Return what each stage takes from others: the steps of theirs that the solver feeds to a step that names one.

    The first thing that a step is fed is the file system that it changes. That is no copy, even where the solver found
    the same one in another stage. Only a step on an empty one is fed nothing but what it copies.
    """
    stage_by_digest = {vertex["digest"]: stage_of(vertex) for vertex in vertexes}
    found: dict[str, set[tuple[str, str]]] = {}
    for vertex in vertexes:
        step, fed = step_of(vertex), vertex.get("inputs") or []
        if step and "from=" in step.instruction:
            sources = {stage_by_digest.get(digest) for digest in fed[1:] or fed} - {None, step.stage}
            if sources:
                found.setdefault(step.stage, set()).update((str(source), step.instruction) for source in sources)
    return {stage: tuple(sorted(pairs)) for stage, pairs in found.items()}


def _layers(vertexes: list[dict[str, Any]]) -> dict[str, int]:
    """Return how many steps of each stage made a layer: all but its FROM; for several platforms each counts once."""
    steps = {(step.stage, step.number) for step in map(step_of, vertexes) if step and not _is_base(step)}
    return Counter(stage for stage, _ in steps)


def _is_base(step: Step) -> bool:
    return step.instruction.startswith("FROM ")
