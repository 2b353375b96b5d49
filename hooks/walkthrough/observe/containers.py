"""What a container does: how soon it answers, whether it turns healthy, how it ends.

Everything is seen from outside, so that images from scratch, with no shell in them, can be observed too.
"""

from __future__ import annotations

import contextlib
import signal as signals
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal, TypeVar

import docker
import docker.errors
import requests
from docker.models.containers import Container
from tenacity import RetryError, Retrying, retry_if_result, stop_after_delay, wait_fixed

from walkthrough.claims.kinds.http import PATIENCE, READY_LIMIT
from walkthrough.claims.seen import GRACE_PERIOD, Answer, End
from walkthrough.errors import StepError
from walkthrough.observe.http import fetch

_FAST_PROBE = 500_000_000
"""Nanoseconds between health probes when an image is watched turning unhealthy."""
_TAKEN = 0.5
"""Seconds after which a server that is ready has surely read a request: a hundred times what it takes."""
_FREEZE = Path(__file__).with_name("freeze.sh").read_text()
_POLL = 0.01
_TCP = "/tcp"
_ANSWER_LIMIT = 5.0
"""Seconds for one answer, headers and body, while a server is asked again and again."""
_SETTLING = 10.0
"""Seconds that a server which answers may take until it answers as claimed, where its claim does not give it longer."""
_NEVER = -1.0
_Seen = TypeVar("_Seen")


class Running:
    """A running container of an image, with its exposed ports published on free ports of the loopback.

    ``helpers`` are images of which one may have a shell, to reach the processes of one that has none.
    """

    def __init__(self, api: docker.DockerClient, container: Container, started: float, helpers: Sequence[str]) -> None:
        self._api, self.container, self.started, self._helpers = api, container, started, helpers
        self._frozen = started

    def alive(self) -> bool:
        """Return whether it still runs, from the engine's fresh word."""
        self.container.reload()
        return bool(self.container.status == "running")

    def _must_live(self) -> None:
        if not self.alive():
            raise StepError("the container has ended", "see its output", self.logs())

    def logs(self) -> str:
        """Return the end of what the container printed."""
        return self.container.logs(tail=20).decode(errors="replace")

    def port(self, inside: int | None) -> int:
        """Return the published port of the container's TCP port ``inside`` (default: its only or lowest one).

        Raises:
            StepError: where the image exposes no such port, or the container has ended.
        """
        self._must_live()
        ports: dict[str, Any] = self.container.attrs["NetworkSettings"]["Ports"] or {}
        published = {
            int(name.removesuffix(_TCP)): value[0]["HostPort"]
            for name, value in ports.items()
            if value and name.endswith(_TCP)
        }
        if not published:
            raise StepError("the image exposes no TCP port to ask", "write EXPOSE in its Dockerfile, or name the port")
        wanted = min(published) if inside is None else inside
        if wanted not in published:
            raise StepError(f"the image does not expose port {wanted}", "write EXPOSE in its Dockerfile")
        return int(published[wanted])

    @contextlib.contextmanager
    def under_way(self, path: str, inside: int | None) -> Iterator[Callable[[], bool]]:
        """Send a request and go on while it is under way; yields a function that waits and tells if it got its 200.

        The container must be ready. A request that is answered sooner than half a second was not slow enough.
        """
        outcome: list[bool] = []

        def ask() -> None:
            try:
                answer = fetch(url, 3 * GRACE_PERIOD)
                outcome.append(answer.whole and answer.status == requests.codes.ok)
            except requests.RequestException:
                outcome.append(False)

        def finished() -> bool:
            asking.join()
            return outcome[0]

        url = f"http://127.0.0.1:{self.port(inside)}{path}"
        asking = threading.Thread(target=ask, name="request under way", daemon=True)
        asking.start()
        asking.join(_TAKEN)
        if outcome:
            raise StepError(f"the request for {path} was not under way", "it must take a second or two to answer")
        yield finished

    def answer(
        self, path: str, port: int | None, limit: float, status: int | None = None, contains: str | None = None
    ) -> Answer | None:
        """Return the first HTTP answer for ``path`` that has this status and text, or the last one, or None.

        It is asked for ``limit`` seconds at most, and for half of them, or ten, once anything answers: a server that
        warms up may say 503 at first. Gives up at once when the container has ended.
        """
        url = f"http://127.0.0.1:{self.port(port)}{path}"
        deadline = time.monotonic() + limit
        answers: list[Answer] = []
        first_of_all = deadline

        def ask() -> Answer | None:
            nonlocal first_of_all
            left = deadline - time.monotonic()
            try:
                said = fetch(url, max(_POLL, min(_ANSWER_LIMIT, left)))
            except requests.RequestException:
                self._must_live()
                return None
            answer = replace(said, seconds=time.monotonic() - self.started)
            first_of_all = min(first_of_all, time.monotonic() + max(_SETTLING, limit / PATIENCE))
            answers.append(answer)
            as_claimed = status in (None, answer.status) and (contains or "") in answer.body
            return answer if as_claimed or time.monotonic() > first_of_all else None

        return wait_for(ask, limit) or (answers[-1] if answers else None)

    def health(self, wanted: Literal["healthy", "unhealthy"], limit: float) -> float | None:
        """Return the seconds until the engine calls the container ``wanted``, or None if it does not within limit.

        The other of the two verdicts ends the wait at once, unless it is where the container comes from.
        """
        begun = self.started if wanted == "healthy" else self._frozen
        before: list[str] = []

        def look() -> float | None:
            self._must_live()
            health = self.container.attrs["State"].get("Health")
            if health is None:
                raise StepError("the image has no health check", "write HEALTHCHECK in its Dockerfile")
            before.append(health["Status"])
            if health["Status"] == wanted:
                return time.monotonic() - begun
            return None if health["Status"] in ("starting", before[0]) else _NEVER

        seconds = wait_for(look, limit, 0.05)
        return None if seconds == _NEVER else seconds

    def last_probe(self) -> str:
        """Return what the last probe said, in words."""
        self.container.reload()
        log = (self.container.attrs["State"].get("Health") or {}).get("Log") or []
        return (
            f"exit code {log[-1]['ExitCode']}, {log[-1]['Output'].strip()!r}" if log else "nothing, no probe has ended"
        )

    def stop(self, signal: str | None, during: str | None = None, port: int | None = None) -> End:
        """Send ``signal`` as ``docker stop`` does: ten seconds of grace, then SIGKILL.

        Without one it is the container's own, which is its image's STOPSIGNAL, else SIGTERM. A request for ``during``
        is under way meanwhile.
        """
        self._must_live()
        sent = signal or self.container.attrs["Config"].get("StopSignal") or "SIGTERM"
        first = self.first_process()
        with contextlib.ExitStack() as stack:
            finished = stack.enter_context(self.under_way(during, port)) if during else None
            begun = time.monotonic()
            self.container.kill(sent)
            killed = False
            try:
                code = self.container.wait(timeout=GRACE_PERIOD)["StatusCode"]
            except requests.RequestException:
                killed = True
                self.container.kill("SIGKILL")
                code = self.container.wait(timeout=GRACE_PERIOD)["StatusCode"]
            seconds = time.monotonic() - begun
            return End(_signal_name(sent), int(code), seconds, killed, first, finished() if finished else None)

    def freeze(self) -> None:
        """Stop the first process of the container and all that descend from it, so that the server hangs.

        The engine signals the first process only, and that may be a supervisor whose workers go on. The others are
        reached from a container of one of the helpers that shares the processes, if one has a shell.
        """
        self._frozen = time.monotonic()
        self.container.kill("SIGSTOP")
        for image in self._helpers:
            with contextlib.suppress(docker.errors.APIError):
                helper = self._api.containers.create(
                    image,
                    command=["-c", _FREEZE],
                    entrypoint=["/bin/sh"],
                    user="0",
                    pid_mode=f"container:{self.container.id}",
                    network_mode="none",
                )
                try:  # one of an image without a shell is made, and does not start
                    helper.start()
                    if helper.wait()["StatusCode"] == 0:
                        return
                finally:
                    helper.remove(force=True, v=True)

    def memory(self) -> int:
        """Return the bytes of memory that no file is behind: what the processes have taken for themselves.

        ``rss`` of cgroup v1, ``anon`` of cgroup v2 (Linux, Documentation/admin-guide/cgroup-v1 and -v2).
        """
        stats: Any = self.container.stats(stream=False, one_shot=True)
        told = stats.get("memory_stats", {}).get("stats", {})
        own = told.get("anon", told.get("total_rss"))
        if own is None:
            raise StepError("the engine does not tell how much memory a container takes", "it needs the memory cgroup")
        return int(own)

    def first_process(self) -> str:
        """Return the command line of the container's first process, or an empty text."""
        with contextlib.suppress(docker.errors.APIError, IndexError, KeyError):
            top = self.container.top(ps_args="-o pid,args")
            return str(top["Processes"][0][-1])
        return ""


@contextlib.contextmanager
def running(
    api: docker.DockerClient,
    image: str,
    *,
    ports: Iterable[int] = (),
    read_only: bool = False,
    init: bool = False,
    fast_probes: bool = False,
    helpers: Sequence[str] = (),
) -> Iterator[Running]:
    """Start a container of ``image`` by its own entrypoint and command; remove it on leaving.

    Args:
        ports: ports to publish besides those that the image exposes.
        fast_probes: keep the image's health command and time-out, probe each half second; once well, a failure counts.
        helpers: images of which one may have a shell.
    """
    probes = {"interval": _FAST_PROBE, "retries": 1, "start_period": int(READY_LIMIT * 1e9)}
    options: dict[str, Any] = {"healthcheck": probes} if fast_probes else {}
    try:
        container = api.containers.create(
            image,
            publish_all_ports=True,
            ports={f"{port}{_TCP}": None for port in ports},
            read_only=read_only,
            init=init,
            mem_limit="1g",
            **options,
        )
    except docker.errors.ImageNotFound:
        raise StepError(f"there is no image '{image}'", "does an earlier step on the page build it?") from None
    except docker.errors.APIError as error:
        raise StepError(f"no container can be made of it: {error.explanation}", "see its command") from None
    try:
        started = time.monotonic()
        try:
            container.start()
        except docker.errors.APIError as error:
            raise StepError(f"the container does not start: {error.explanation}", "see its command") from None
        yield Running(api, container, started, helpers)
    finally:
        with contextlib.suppress(docker.errors.APIError):
            container.remove(force=True, v=True)


def _signal_name(sent: str) -> str:
    """Return a signal's name with its prefix; STOPSIGNAL may be a number."""
    if sent.isdecimal():
        return {known.value: known.name for known in signals.Signals}.get(int(sent), f"signal {sent}")
    return sent if sent.startswith("SIG") else f"SIG{sent}"


def wait_for(look: Callable[[], _Seen | None], limit: float, pause: float = _POLL) -> _Seen | None:
    """Call ``look`` until it returns something, at most ``limit`` seconds; return that, or None."""
    retrying = Retrying(
        stop=stop_after_delay(limit), wait=wait_fixed(pause), retry=retry_if_result(lambda seen: seen is None)
    )
    try:
        return retrying(look)
    except RetryError:
        return None
