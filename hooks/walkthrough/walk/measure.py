"""Measure an image against its claims: from claims and observations to findings, each with a hint where it failed."""

from __future__ import annotations

import contextlib
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import docker

from walkthrough.claims.spec import NOT_ROOT, ROOT_USERS, Finding, ImageSpec, Reuse, limit_finding
from walkthrough.errors import StepError
from walkthrough.images import reading
from walkthrough.images.anatomy import Anatomy, anatomy
from walkthrough.images.elf import dynamic_needs
from walkthrough.images.image import Image
from walkthrough.machine.bases import STAND_IN_LABEL
from walkthrough.machine.engine import Engine
from walkthrough.observe import builds
from walkthrough.observe.containers import GRACE_PERIOD, Running, running
from walkthrough.observe.stages import stage_parts
from walkthrough.units import size_text, time_text

_READY_LIMIT = 30.0
_HEALTH_LIMIT = 120.0
_TRIES = 3
_SHELLS = {"sh", "bash", "dash", "ash"}
_PATIENCE = 2.0
"""A limit that is missed is waited for this many times longer, so that the finding can say by how much."""


@dataclass(frozen=True)
class Subject:
    """What is measured, and where: the claims, the engine, the walk's id, the page's builds, the lab's folder."""

    spec: ImageSpec
    engine: Engine
    walk: str
    builds: list[builds.Build]
    lab: Path
    timeout: float = 600.0


@dataclass(frozen=True)
class Measured:
    """The findings on an image, and the stand-in (an official base image's name) that is part of it, if one is."""

    findings: tuple[Finding, ...]
    stand_in: str | None
    anatomy: Anatomy


def measure(subject: Subject) -> Measured:
    """Return a finding for every claim.

    A measurement that cannot be made is a finding that does not hold, with the reason; nothing is left out.
    """
    findings: list[Finding] = []
    with contextlib.closing(subject.engine.api()) as api:
        spec = subject.spec
        image = reading.read_image(api, spec.image, compress=spec.compressed is not None)
        findings += _of_image(spec, image)
        findings += _timed(lambda: _of_start(subject, api), _start_keys(spec))
        for index, _ in enumerate(spec.stops):
            findings += _timed(lambda index=index: _of_stop(subject, api, index), [f"stops.{index}"])  # type: ignore[misc]
        if spec.unhealthy:
            findings += _timed(lambda: _of_breaking(subject, api), ["unhealthy"])
        label = (image.setting("Labels") or {}).get(STAND_IN_LABEL)
        stand_in = label.split()[0] if label else None
        whole = anatomy(image, own_layers=_layers_above(api, image, stand_in) if stand_in else None)
        if spec.stages:
            seen: list[builds.Stages] = []
            findings += _guarded(lambda: _of_stages(subject, seen), ["stages"])
            whole = _whole(subject, api, image, seen[0]) if seen else whole
        if spec.guard:
            findings += _guarded(lambda: _of_guard(subject), ["guard"])
        if spec.reuses:
            findings += _timed(lambda: _of_reuse(subject, api, image), ["reuses"] + ["upload"] * bool(spec.upload))
        if spec.static:
            keys = [f"static.{index}" for index in range(len(spec.static))]
            findings += _guarded(lambda: _of_programs(subject, api), keys)
    return Measured(tuple(findings), stand_in, whole)


def _layers_above(api: docker.DockerClient, image: Image, base: str) -> int | None:
    """Return how many layers ``image`` has above those of the local image ``base``, or None if it is not on it."""
    below = api.images.get(base).attrs["RootFS"]["Layers"]
    layers = [layer.digest for layer in image.layers]
    return len(layers) - len(below) if layers[: len(below)] == below else None


def _whole(subject: Subject, api: docker.DockerClient, image: Image, stages: builds.Stages) -> Anatomy:
    """Return what the image is made of, the stages of its build included."""
    build = builds.build_of(subject.spec.image, subject.builds)
    parts = stage_parts(subject.engine, api, build, stages, subject.walk, image)
    target = next(iter(build.values("--target")[-1:]), stages.names[-1])
    return anatomy(image, parts, stages.own_layers(target))


def _started(
    subject: Subject, api: docker.DockerClient, fast_probes: bool = False
) -> contextlib.AbstractContextManager[Running]:
    """Return a container of the subject's image, to be entered; the ports that requests name are published."""
    spec = subject.spec
    ports = [request.port for request in spec.http if request.port]
    return running(
        api, spec.image, subject.walk, ports=ports, read_only=spec.read_only, init=spec.init, fast_probes=fast_probes
    )


def _guarded(look: Callable[[], Iterator[Finding]], keys: list[str]) -> list[Finding]:
    """Return the findings of ``look``; those that an error kept from being made fail with its words."""
    made: list[Finding] = []
    try:
        made.extend(look())
    except StepError as error:
        hint = "; ".join(filter(None, [error.what, error.todo])) + (f"\n{error.detail}" if error.detail else "")
        missing = [key for key in keys if key not in {finding.key for finding in made}]
        made += [Finding(key, _NAMES.get(key.split(".")[0], key), None, "text", False, hint) for key in missing]
    return made


def _timed(look: Callable[[], Iterator[Finding]], keys: list[str]) -> list[Finding]:
    """Return the findings of ``look``, looking up to three times where a time is over its limit.

    The least of them counts: whatever else the machine does can only add to a time, as with Python's ``timeit``.
    """
    best = _guarded(look, keys)
    for _ in range(_TRIES - 1):
        if all(finding.ok or finding.unit != "seconds" or finding.measured is None for finding in best):
            break
        again = {finding.key: finding for finding in _guarded(look, keys)}
        best = [again[known.key] if again[known.key].ok and not known.ok else known for known in best]
    return best


_NAMES = {
    "http": "answers HTTP",
    "healthy": "becomes healthy",
    "unhealthy": "turns unhealthy when the server hangs",
    "stops": "stops on a signal",
    "stages": "every stage is used",
    "guard": "tests guard the image",
    "reuses": "an edit reuses earlier steps",
    "upload": "a push after an edit uploads",
    "memory": "memory of its own",
    "static": "is static",
}


def _of_image(spec: ImageSpec, image: Image) -> Iterator[Finding]:
    if spec.size:
        largest = max(image.layers, key=lambda layer: layer.size, default=None)
        hint = f"its largest layer is {size_text(largest.size)}: {largest.created_by[:100]}" if largest else ""
        yield limit_finding("size", "size, uncompressed", spec.size, image.size, hint)
    if spec.compressed:
        yield limit_finding("compressed", "size, compressed", spec.compressed, image.compressed)
    if spec.user is not None:
        user = str(image.setting("User") or "")
        is_root, wants_root = user in ROOT_USERS, spec.user in ROOT_USERS
        ok = (is_root and wants_root) or user == spec.user or (spec.user == NOT_ROOT and not is_root)
        hint = "the image runs as root: is there a USER line in its final stage?" if is_root and not ok else ""
        yield Finding(
            "user",
            f"runs as {'any user but root' if spec.user == NOT_ROOT else spec.user or 'root'}",
            user or "root",
            "text",
            ok,
            hint,
        )
    if spec.ports is not None:
        ports = sorted(image.setting("ExposedPorts") or {})
        wanted = sorted(str(port) if "/" in str(port) else f"{port}/tcp" for port in spec.ports)
        measured = ", ".join(ports) or "none"
        yield Finding("ports", f"exposes {', '.join(wanted) or 'no port'}", measured, "text", ports == wanted)
    if spec.exec_form is not None:
        parts = [image.setting("Entrypoint") or [], image.setting("Cmd") or []]
        command = [word for part in parts for word in part]
        shell_form = any(part and Path(part[0]).name in _SHELLS and "-c" in part for part in parts)
        measured = "shell form" if shell_form else "exec form" if command else "no command"
        claim = "starts in exec form" if spec.exec_form else "starts in shell form"
        ok = bool(command) and shell_form is not spec.exec_form
        hint = 'a shell is PID 1 and swallows SIGTERM: write CMD ["program", "argument"]' if shell_form else ""
        yield Finding("exec_form", claim, measured, "text", ok, "" if ok else hint)
    if spec.packages:
        found = image.packages
        named = [f"{package.name} {package.version} ({package.ecosystem}) in {package.path}" for package in found]
        hint = f"a scanner finds {', '.join(named[:3])}" if found else "a scanner finds none"
        finding = limit_finding("packages", "packages that a scanner could find", spec.packages, len(found), hint)
        none = replace(finding, claim="has no package that a scanner could find")
        yield none if spec.packages.none else finding
    if spec.programs:
        programs = image.programs
        hint = f"such as {', '.join(sorted(programs)[:3])}"
        yield limit_finding("programs", "programs that could be run", spec.programs, len(programs), hint)
    for index, path in enumerate(spec.present):
        there = bool(image.under(path))
        yield Finding(f"present.{index}", f"has {path}", "present" if there else "absent", "text", there)
    for index, path in enumerate(spec.absent):
        below = image.under(path)
        measured = f"present ({below[0]})" if below else "absent"
        yield Finding(f"absent.{index}", f"has no {path}", measured, "text", not below)


def _start_keys(spec: ImageSpec) -> list[str]:
    keys = [f"http.{index}" for index in range(len(spec.http))]
    return keys + ["memory"] * bool(spec.memory) + ["healthy"] * bool(spec.healthy)


def _of_start(subject: Subject, api: docker.DockerClient) -> Iterator[Finding]:
    spec = subject.spec
    if not spec.http and not spec.healthy:
        return
    with _started(subject, api) as container:
        for index, request in enumerate(spec.http):
            answer = container.answer(request.path, request.port, _READY_LIMIT)
            claim = f"GET {request.path} answers {request.status}"
            claim += f" with “{request.contains}”" if request.contains is not None else ""
            key = f"http.{index}"
            if answer is None:
                yield Finding(key, claim, None, "text", False, f"no answer in {_READY_LIMIT:.0f} s\n{container.logs()}")
                continue
            ok = answer.status == request.status and (request.contains or "") in answer.body
            measured = str(answer.status)
            hint = f"it answered {answer.status}: {answer.body[:200]!r}"
            if ok and request.within:
                yield limit_finding(key, f"{claim} within", request.within, answer.seconds, "the start is slow")
            else:
                yield Finding(key, claim, measured, "text", ok, "" if ok else hint)
        if spec.memory:
            yield limit_finding("memory", "memory of its own", spec.memory, container.memory())
        if spec.healthy:
            seconds = container.health("healthy", min(_HEALTH_LIMIT, spec.healthy.bound * _PATIENCE + 5))
            hint = "" if seconds is not None else f"it never did; the last probe said: {_last_probe(container)}"
            yield limit_finding("healthy", "becomes healthy within", spec.healthy, seconds, hint)


def _of_stop(subject: Subject, api: docker.DockerClient, index: int) -> Iterator[Finding]:
    stop = subject.spec.stops[index]
    got_answer: bool | None = None
    with _started(subject, api) as container:
        _until_ready(subject, container)
        if stop.during is None:
            end = container.stop(stop.signal)
        else:
            with container.under_way(stop.during, _port(subject)) as finished:
                end = container.stop(stop.signal)
                got_answer = finished()
    claim = f"{stop.signal} stops it with exit code {' or '.join(map(str, stop.exit))}"
    if stop.during:
        fate = "is finished" if stop.request == "finished" else "is lost"
        claim += f", the request for {stop.during} under way {fate},"
    claim += " within"
    key = f"stops.{index}"
    fate_holds = got_answer is None or got_answer is (stop.request == "finished")
    if end.exit_code not in stop.exit or not fate_holds:
        measured = f"exit code {end.exit_code} after {time_text(end.seconds)}"
        if got_answer is not None:
            measured += f", request {'finished' if got_answer else 'lost'}"
        yield Finding(key, f"{claim} {stop.within}", measured, "text", False, _stop_hint(end.killed, end.first_process))
    else:
        yield limit_finding(key, claim, stop.within, end.seconds, _stop_hint(end.killed, end.first_process))


def _port(subject: Subject) -> int | None:
    return next((request.port for request in subject.spec.http if request.port), None)


def _stop_hint(killed: bool, first: str) -> str:
    if not killed:
        return f"PID 1 is '{first}'"
    program = Path(first.split(" ", 1)[0]).name if first else ""
    if program in _SHELLS:
        return (
            f"killed after {GRACE_PERIOD:.0f} s: PID 1 is a shell ('{first}'), which swallows the signal; use exec form"
        )
    return f"killed after {GRACE_PERIOD:.0f} s: PID 1 ('{first}') does not handle the signal"


def _until_ready(subject: Subject, container: Running) -> None:
    """Wait until the server can be expected to handle signals: its first answer, whatever the status."""
    if subject.spec.http:
        container.answer(subject.spec.http[0].path, subject.spec.http[0].port, _READY_LIMIT)
        return
    with contextlib.suppress(StepError):
        container.answer("/", None, _READY_LIMIT)


def _of_breaking(subject: Subject, api: docker.DockerClient) -> Iterator[Finding]:
    """Freeze the server and watch: a health check that stays healthy then does not look at the server at all."""
    spec = subject.spec
    assert spec.unhealthy is not None
    with _started(subject, api, fast_probes=True) as container:
        if container.health("healthy", _READY_LIMIT) is None:
            raise StepError("it never became healthy", "", _last_probe(container))
        container.freeze(tag for build in subject.builds for tag in build.tags)
        seconds = container.health("unhealthy", min(_HEALTH_LIMIT, spec.unhealthy.bound * _PATIENCE + 5))
    hint = "its health check passes though the server does not answer"
    yield limit_finding("unhealthy", "turns unhealthy when the server hangs, within", spec.unhealthy, seconds, hint)


def _last_probe(container: Running) -> str:
    container.container.reload()
    log = (container.container.attrs["State"].get("Health") or {}).get("Log") or []
    return f"exit code {log[-1]['ExitCode']}, {log[-1]['Output'].strip()!r}" if log else "nothing, no probe has ended"


def _of_stages(subject: Subject, seen: list[builds.Stages]) -> Iterator[Finding]:
    build = builds.build_of(subject.spec.image, subject.builds)
    stages = builds.read_stages(subject.engine, build, subject.timeout)
    seen.append(stages)
    targeted = {target for other in subject.builds for target in other.values("--target")}
    skipped = [name for name in stages.names if name not in stages.reached | targeted]
    measured = f"{len(stages.names) - len(skipped)} of {len(stages.names)} stages: " + ", ".join(
        f"{name} (skipped)" if name in skipped else name for name in stages.names
    )
    hint = f"BuildKit skips {', '.join(skipped)}: nothing that the final stage needs is copied from there"
    yield Finding("stages", "every stage is used", measured, "text", not skipped, hint if skipped else "")


def _of_guard(subject: Subject) -> Iterator[Finding]:
    """Break the code and build: only a failure in the guarding stage proves that its tests guard the image."""
    guard = subject.spec.guard
    assert guard is not None
    build = builds.build_of(subject.spec.image, subject.builds)
    with _edited(subject, guard.file, guard.replace, guard.by):
        broken = builds.rebuild(subject.engine, build, subject.timeout)
    failed = {builds.stage_of(vertex) for vertex in broken.vertexes if vertex.get("error")} - {None}
    claim = f"the build fails in stage '{guard.stage}' when {guard.file} is broken"
    if broken.exit_code == 0:
        hint = f"the image builds although its tests fail: let the final stage copy something from '{guard.stage}'"
        yield Finding("guard", claim, "the build succeeds", "text", False, hint)
    else:
        measured = f"fails in {', '.join(sorted(map(str, failed))) or 'no stage'}"
        ok = failed == {guard.stage}
        yield Finding("guard", claim, measured, "text", ok, "" if ok else broken.words[-600:])


def _of_reuse(subject: Subject, api: docker.DockerClient, image: Image) -> Iterator[Finding]:
    """Edit a file as never before and build again: the named steps must come from the cache."""
    reuse, upload = subject.spec.reuses, subject.spec.upload
    assert reuse is not None
    build = builds.build_of(subject.spec.image, subject.builds)
    with _edited(subject, reuse.edit, reuse.extend, f"{reuse.extend} {uuid.uuid4().hex}"):
        built = builds.rebuild(subject.engine, build, subject.timeout)
        if built.exit_code != 0:
            what = f"the build fails after an edit of '{reuse.edit}'"
            raise StepError(what, "extend a comment, not code", built.words[-600:])
        yield reused(reuse, built)
        if upload:
            with builds.as_image(subject.engine, api, build, subject.walk) as edited:
                layers = reading.read_image(api, edited, compress=True).layers
            known = {layer.digest for layer in image.layers}
            new = sum(layer.compressed or 0 for layer in layers if layer.digest not in known)
            yield limit_finding("upload", f"a push after an edit of {reuse.edit} uploads", upload, new)


def reused(reuse: Reuse, built: builds.Rebuilt) -> Finding:
    """Judge a build after an edit: the named steps came from the cache, and then it was quick enough.

    Raises:
        StepError: where a named step is none of the build's.
    """
    again = [vertex for vertex in built.vertexes if builds.stage_of(vertex) and not vertex.get("cached")]
    for step in reuse.steps:
        if not any(step in vertex["name"] for vertex in built.vertexes):
            raise StepError(f"no step of the build contains {step!r}", "write it as it stands in the Dockerfile")
    redone = [step for step in reuse.steps if any(step in vertex["name"] for vertex in again)]
    claim = f"an edit of {reuse.edit} reuses {', '.join(reuse.steps)}"
    if reuse.within and again and not redone:
        return limit_finding("reuses", f"{claim} and is built within", reuse.within, built.seconds)
    measured = f"{len(again)} steps ran again" + (f", {', '.join(redone)} among them" if redone else "")
    hint = "copy what changes rarely before what changes often"
    return Finding("reuses", claim, measured, "text", bool(again) and not redone, hint if redone else "")


def _of_programs(subject: Subject, api: docker.DockerClient) -> Iterator[Finding]:
    for index, path in enumerate(subject.spec.static):
        needs = dynamic_needs(reading.read_file(api, subject.spec.image, path))
        measured = f"needs {', '.join(needs)}" if needs else "no interpreter, no library"
        yield Finding(f"static.{index}", f"{path} is static", measured, "text", not needs)


@contextlib.contextmanager
def _edited(subject: Subject, file: str, old: str, new: str) -> Iterator[None]:
    """Replace ``old`` by ``new`` in a file of the lab while the context lasts."""
    place = subject.lab / file
    if not place.is_file():
        raise StepError(f"there is no file '{file}' to edit", "name a file that the page shows")
    original = place.read_text(encoding="utf-8")
    if old not in original:
        raise StepError(f"'{file}' does not contain {old!r}", "name text that is in it")
    try:
        place.write_text(original.replace(old, new), encoding="utf-8")
        yield
    finally:
        place.write_text(original, encoding="utf-8")
