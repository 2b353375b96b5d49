"""The Docker engine that pages are walked on: the user's own where one answers, else an embedded one."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlsplit

from walkthrough.errors import EngineMissingError
from walkthrough.machine.embedded import Embedded
from walkthrough.machine.engine import Engine, client_with_buildx, reachable
from walkthrough.project import state_folder

__all__ = ["Embedded", "Engine", "find_engine", "find_hosts"]

_DEFAULT = "unix:///var/run/docker.sock"
_KNOWN = {"unix", "npipe", "ssh", "tcp", "http"}
_OTHERS = "name others in LABS_HOSTS, or unset it"
_INSTEAD = "unset DOCKER_HOST and choose another context ('docker context use default'), or set LABS_ENGINE=embedded"


def find_hosts(say: Callable[[str], None] = lambda _line: None) -> list[Engine]:
    """Return the engines that machines are spread over: those of ``LABS_HOSTS`` that answer, else the one there is.

    They are named there by their Docker contexts, or by addresses as ``DOCKER_HOST`` has them. Each is in the list
    once, under whatever names it goes.

    Raises:
        EngineMissingError: where none answers, or one is named that cannot be.
    """
    found: dict[str, Engine] = {}
    names = os.environ.get("LABS_HOSTS", "").split()
    for name in names:
        named = _Named(name, "LABS_HOSTS") if "://" in name else _context(name, instead=_OTHERS)
        _refuse_unheard_of(named, _OTHERS)
        if reachable(named.host):
            engine = _users(named.host)
            found.setdefault(engine.identity, engine)
        else:
            say(f"no Docker engine answers at {named.host}, which {named.by} names{_refusal(named.host)}")
    if names and not found:
        raise EngineMissingError("no Docker engine answers of those that LABS_HOSTS names; start one, or unset it")
    return list(found.values()) or [find_engine(say)]


def find_engine(say: Callable[[str], None] = lambda _line: None, start: bool = True) -> Engine:
    """Return an engine that answers.

    Looked for in this order: the one that the user's Docker client points at (``DOCKER_HOST`` or the context), the
    embedded one if it runs, and, where ``start`` is true, an embedded one started now. ``LABS_ENGINE=embedded``
    passes the user's engine over.

    Raises:
        EngineMissingError: where none answers and none can be started, or the user's is reached in an unknown way.
    """
    embedded = Embedded(state_folder())
    if os.environ.get("LABS_ENGINE", "") != "embedded":
        named = _named()
        _refuse_unheard_of(named)
        if reachable(named.host):
            return _users(named.host)
        if named.by and (embedded.running() or start):
            why = _refusal(named.host)
            say(f"no Docker engine answers at {named.host}, which {named.by} names{why}; the embedded one is used")
    if embedded.running() or start:
        return embedded.start(say)
    raise EngineMissingError("no Docker engine answers, and none may be started here")


def _refusal(host: str) -> str:
    """Return, in brackets, what ssh says of a host that it does not reach; nothing where there is no ssh in it."""
    if not host.startswith("ssh://"):
        return ""
    try:
        said = subprocess.run(
            ["docker", "--host", host, "version"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=40,
            check=False,
            start_new_session=True,  # without a terminal ssh asks nobody
        )
    except (OSError, subprocess.SubprocessError) as error:
        return f" ({error})"
    words = said.stderr.strip().rpartition("stderr=")[2].splitlines()
    return f" ({words[-1]})" if words else ""


def _users(host: str) -> Engine:
    """Return a handle on an engine of the user's, which answers at ``host``.

    Raises:
        EngineMissingError: where there is no client for it.
    """
    client = client_with_buildx([Embedded(state_folder()).root])
    if client is None:
        raise EngineMissingError(
            f"a Docker engine answers at {host}, but the docker client has no buildx;"
            " install the package docker-buildx-plugin (Docker's) or docker-buildx (Debian's, Ubuntu's)"
        )
    return Engine.users(host, client)


@dataclass(frozen=True)
class _Named:
    """The engine that the user's Docker client would talk to; ``by`` says who names it, if anybody does."""

    host: str
    by: str = ""
    tls: bool = False


def _named() -> _Named:
    """Return what the user's Docker client would talk to.

    Raises:
        EngineMissingError: where it cannot say so itself, as with a context that there is not.
    """
    if os.environ.get("DOCKER_HOST"):
        tls = any(os.environ.get(name) for name in ("DOCKER_TLS_VERIFY", "DOCKER_TLS"))
        return _Named(os.environ["DOCKER_HOST"], "DOCKER_HOST", tls)
    return _context()


def _context(*names: str, instead: str = _INSTEAD) -> _Named:
    """Return what a Docker context names: the one of that name, else the one that is used.

    Raises:
        EngineMissingError: where the client cannot say so itself.
    """
    try:
        asked = ["docker", "context", "inspect", *names]
        shown = subprocess.run(asked, capture_output=True, text=True, timeout=20, check=False)
    except (OSError, subprocess.SubprocessError) as error:
        if names:
            raise EngineMissingError(f"the Docker context '{names[0]}' cannot be read: {error}; {instead}") from None
        return _Named(_DEFAULT)
    try:
        context = json.loads(shown.stdout)[0]
        name, host = context["Name"], context["Endpoints"]["docker"]["Host"]
        tls = bool((context.get("TLSMaterial") or {}).get("docker"))
    except (ValueError, LookupError, TypeError):
        why = shown.stderr.strip().partition("\n")[0]
        if names or "not found" in why:
            raise EngineMissingError(f"the Docker context cannot be read: {why}; {instead}") from None
        return _Named(_DEFAULT)  # a client that knows no contexts
    return _Named(host or _DEFAULT, "" if name == "default" else f"the Docker context '{name}'", tls)


def _refuse_unheard_of(named: _Named, instead: str = _INSTEAD) -> None:
    """Refuse an engine that is reached in a way that is not known here.

    Raises:
        EngineMissingError: naming it.
    """
    scheme = urlsplit(named.host).scheme
    if scheme in _KNOWN and not named.tls:
        return
    how = "by TLS" if named.tls or scheme == "https" else f"by {scheme}" if scheme else "nowhere"
    raise EngineMissingError(
        f"{named.by or 'the Docker client'} names the engine {named.host}, reached {how}, and machines are started on"
        f" engines that are reached by a socket, by ssh or by plain tcp; {instead}"
    )
