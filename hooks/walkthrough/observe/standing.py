"""What stands: containers by name or by their service of Compose, a network, a volume; what is asked by an address."""

from __future__ import annotations

import contextlib
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import Any, TypeVar

import docker
import docker.errors
from docker.models.containers import Container
from docker.models.networks import Network as DockerNetwork

from walkthrough.claims.spec import StandingSpec
from walkthrough.claims.standing import Address, Containers, Network, Repository, Seen, Volume
from walkthrough.errors import StepError
from walkthrough.machine.engine import Engine
from walkthrough.observe.containers import wait_for
from walkthrough.observe.load import LoadedAddress
from walkthrough.observe.repository import StandingRepository

Found = TypeVar("Found", Container, DockerNetwork)
Standing = Containers | Network | Volume | Repository | Address

_START_LIMIT = 120.0
"""Seconds in which a container that is starting must be found well or ill."""
_CONNECT_LIMIT = 5
"""Seconds for one connection: what drops packets does not answer at all."""
_TOOL_LIMIT = 30.0
_PROJECT, _SERVICE = "com.docker.compose.project", "com.docker.compose.service"
_CONNECT = r"""
mount -t tmpfs names /mnt
for file in resolv.conf hosts; do
    cp "/proc/$1/root/etc/$file" /mnt
    mount --bind "/mnt/$file" "/etc/$file"
done
exec timeout "$4" bash -c ": </dev/tcp/$2/$3"
"""
"""In a container's network, and with its names: connect, by what is on the machine. An image may have no program."""


@contextlib.contextmanager
def standing(spec: StandingSpec, engine: Engine) -> Iterator[Standing]:
    """Yield what a checks block is about; what is looked up stays as it was seen first."""
    if spec.of == "repository":
        yield StandingRepository(spec.name)
        return
    if spec.of == "url":
        yield LoadedAddress(spec.name)
        return
    with contextlib.closing(engine.api()) as api:
        if spec.of == "network":
            yield StandingNetwork(api, spec.name)
        elif spec.of == "volume":
            yield StandingVolume(api, spec.name)
        else:
            yield StandingContainers(api, spec)


def _named(get: Callable[[str], Found], name: str, missing: StepError) -> Found:
    """Return what has this name; the engine takes the beginning of an id for a name, too."""
    try:
        found = get(name)
    except docker.errors.NotFound:
        raise missing from None
    if found.name != name:
        raise missing
    return found


class StandingContainers:
    """A container, or all those of a service."""

    def __init__(self, api: docker.DockerClient, spec: StandingSpec) -> None:
        self._api, self._spec = api, spec

    @cached_property
    def _containers(self) -> list[Container]:
        if self._spec.of == "container":
            missing = StepError(f"there is no container '{self._spec.name}'", "which command starts it?")
            return [_named(self._api.containers.get, self._spec.name, missing)]
        label = f"{_SERVICE}={self._spec.name}"
        found = self._api.containers.list(all=True, filters={"label": label}, ignore_removed=True)
        projects = {str(one.labels.get(_PROJECT)) for one in found}
        if self._spec.project:
            found = [one for one in found if one.labels.get(_PROJECT) == self._spec.project]
        elif len(projects) > 1:
            told = f"there is a service '{self._spec.name}' in several projects: {', '.join(sorted(projects))}"
            raise StepError(told, "name one, as in 'project: shop'")
        if not found:
            raise StepError(f"no container is of a service '{self._spec.name}'", "which command starts it?")
        return sorted(found, key=lambda one: str(one.name))

    @cached_property
    def seen(self) -> Sequence[Seen]:
        """Each of them, as the engine tells of it."""
        return [_seen(one) for one in self._containers]

    def healths(self) -> Mapping[str, str]:
        """Return the verdict of the health check of each, by name, once none is starting any more."""

        def look() -> dict[str, str] | None:
            told = {}
            for one in self._containers:
                one.reload()
                told[str(one.name)] = str((one.attrs["State"].get("Health") or {}).get("Status", "none"))
            return None if "starting" in told.values() else told

        told = wait_for(look, _START_LIMIT, 0.1)
        return told or {str(one.name): f"starting for {_START_LIMIT:.0f} s" for one in self._containers}

    def reach(self, name: str, host: str, port: int) -> str:
        """Connect from where the container ``name`` is; return why it fails, or an empty text."""
        return _connect(next(one for one in self._containers if one.name == name), host, port)

    def listens(self, host: str, port: int) -> bool | None:
        """Return whether the container that others call ``host`` listens at a port; None where nobody is called so."""
        called = [one for one in self._api.containers.list(ignore_removed=True) if host in _names(one)]
        if not called:
            return None
        return any(not _connect(one, address, port) for one in called for address in _addresses(one))


class StandingNetwork:
    """A network of the engine."""

    def __init__(self, api: docker.DockerClient, name: str) -> None:
        self._api, self._name = api, name

    @cached_property
    def _attributes(self) -> Mapping[str, Any]:
        missing = StepError(f"there is no network '{self._name}'", "which command makes it?")
        return dict(_named(self._api.networks.get, self._name, missing).attrs)

    @property
    def internal(self) -> bool:
        """Whether it has no way out."""
        return bool(self._attributes["Internal"])

    @property
    def members(self) -> Sequence[str]:
        """The names of the containers that run on it, sorted."""
        return sorted(str(one["Name"]) for one in (self._attributes["Containers"] or {}).values())


class StandingVolume:
    """A volume of the engine."""

    def __init__(self, api: docker.DockerClient, name: str) -> None:
        self._api, self._name = api, name

    @cached_property
    def _place(self) -> Path:
        try:
            return Path(self._api.volumes.get(self._name).attrs["Mountpoint"])
        except docker.errors.NotFound:
            raise StepError(f"there is no volume '{self._name}'", "which command makes it?") from None

    @property
    def users(self) -> Sequence[str]:
        """The names of the containers that mount it, sorted."""
        assert self._place
        found = self._api.containers.list(all=True, filters={"volume": self._name}, ignore_removed=True)
        return sorted(str(one.name) for one in found)

    def has(self, path: str) -> bool:
        """Return whether there is a file or folder at a path below it; a link counts, wherever it leads."""
        place = self._place / PurePosixPath(path).relative_to("/")
        return _as_root("find", str(place), "-maxdepth", "0").returncode == 0


def _seen(container: Container) -> Seen:
    attributes: Mapping[str, Any] = container.attrs
    state, host = attributes["State"], attributes["HostConfig"]
    networks = attributes["NetworkSettings"]["Networks"] or {}
    return Seen(
        name=str(container.name),
        state=str(state["Status"]),
        exit_code=int(state["ExitCode"]),
        restart=str(host["RestartPolicy"]["Name"] or "no"),
        memory_limit=int(host["Memory"] or 0),
        user=_user_of(int(state["Pid"])),
        mounts={str(one["Destination"]): _mounted(one) for one in attributes["Mounts"]}
        | dict.fromkeys(host.get("Tmpfs") or {}, "tmpfs"),
        networks=tuple(sorted(networks)),
        published=tuple(sorted(_published(attributes["NetworkSettings"]["Ports"] or {}))),
    )


def _mounted(mount: Mapping[str, Any]) -> str:
    words = [str(mount["Type"])]
    if mount["Type"] == "volume":
        words.append(str(mount["Name"]))
    if not mount["RW"]:
        words.append("read-only")
    return " ".join(words)


def _published(ports: Mapping[str, Any]) -> Iterator[str]:
    for inside, places in ports.items():
        for place in places or ():
            address = f"[{place['HostIp']}]" if ":" in place["HostIp"] else place["HostIp"]
            yield f"{address}:{place['HostPort']}->{inside}"


def _user_of(process: int) -> str:
    """Return ``UID:GID`` of a process, the effective ones (proc_pid_status), or an empty text where there is none."""
    if process == 0:
        return ""
    try:
        lines = Path(f"/proc/{process}/status").read_text(encoding="utf-8").splitlines()
    except OSError:
        return ""
    told = dict(line.split(":", 1) for line in lines if ":" in line)
    return f"{told['Uid'].split()[1]}:{told['Gid'].split()[1]}"


def _names(container: Container) -> set[str]:
    """Return the names by which other containers find one: its own, and its aliases on each network."""
    networks = container.attrs["NetworkSettings"]["Networks"] or {}
    aliases = {str(alias) for one in networks.values() for alias in (*(one.get("Aliases") or ()), *_addresses_of(one))}
    return {str(container.name), *aliases}


def _addresses_of(network: Mapping[str, Any]) -> list[str]:
    return [str(network["IPAddress"])] if network.get("IPAddress") else []


def _addresses(container: Container) -> list[str]:
    networks = container.attrs["NetworkSettings"]["Networks"] or {}
    return ["127.0.0.1", *(address for one in networks.values() for address in _addresses_of(one))]


def _connect(container: Container, host: str, port: int) -> str:
    """Connect from a container's network by the names that it knows; return why it fails, or an empty text."""
    process = int(container.attrs["State"]["Pid"])
    if process == 0:
        raise StepError(f"the container '{container.name}' does not run", "see its log: docker logs")
    within = ("nsenter", f"--net=/proc/{process}/ns/net", "unshare", "--mount")
    done = _as_root(*within, "sh", "-ec", _CONNECT, "sh", str(process), host, str(port), str(_CONNECT_LIMIT))
    if done.returncode == 0:
        return ""
    if done.returncode == 124:  # what timeout says (coreutils)
        return f"no answer in {_CONNECT_LIMIT} s"
    last = done.stderr.strip().splitlines() or [f"exit status {done.returncode}"]
    return next((line.rpartition(": ")[2] for line in last if "/dev/tcp" in line or host in line), last[-1]).lower()


def _as_root(*command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["sudo", "--non-interactive", "--", *command],
        capture_output=True,
        text=True,
        errors="replace",
        timeout=_TOOL_LIMIT,
        check=False,
        stdin=subprocess.DEVNULL,
    )
