"""A repository of a registry, asked as Docker on the machine would: its certificates, its names, the user's login."""

from __future__ import annotations

import hashlib
import ipaddress
import json
import socket
import warnings
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import requests
import urllib3

from walkthrough.errors import StepError

_LIMIT = 20.0
"""Seconds for one answer."""
_CERTIFICATES = Path("/etc/docker/certs.d")
"""Where Docker looks for those of registries: a folder for each, named after it (moby, registry)."""
_SYSTEM = Path("/etc/ssl/certs/ca-certificates.crt")
_INDEXES = ("application/vnd.oci.image.index.v1+json", "application/vnd.docker.distribution.manifest.list.v2+json")
_MANIFESTS = ("application/vnd.oci.image.manifest.v1+json", "application/vnd.docker.distribution.manifest.v2+json")
_NOT_THERE = {"NAME_UNKNOWN", "MANIFEST_UNKNOWN"}
"""What a registry says of a repository and of a tag that it does not have (OCI distribution, "Error codes")."""


class StandingRepository:
    """A repository; what is asked stays as it was seen first."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._registry, _, self._path = name.partition("/")
        self._known: dict[str, bytes] = {}

    @cached_property
    def tags(self) -> Sequence[str]:
        """Its tags, sorted; none where the registry has no such repository."""
        answer = self._asked("tags/list", "application/json")
        if answer is None:
            return []
        if "next" in answer.links:
            raise StepError(f"{self._name} has more tags than the registry tells at once", "claim digests of some")
        tags = _part(self._read(answer.content), "tags", list)
        return sorted(str(tag) for tag in tags)

    def digest(self, tag: str) -> str:
        """Return the digest of what a tag leads to: the sum of its manifest (OCI distribution, "Pulling manifests")."""
        return f"sha256:{hashlib.sha256(self._manifest(tag)).hexdigest()}"

    @property
    def stored(self) -> int:
        """The bytes of the layers of all tags, as they were pushed, each once; attestations are none."""
        if not self.tags:
            raise StepError(f"the registry {self._registry} has nothing of {self._path}", "which command pushes it?")
        return sum(dict(layer for tag in self.tags for layer in self._layers(tag)).values())

    def _layers(self, reference: str) -> Iterator[tuple[str, int]]:
        told = self._read(self._manifest(reference))
        for inner in _part(told, "manifests", list):
            if _part(inner, "annotations", dict).get("vnd.docker.reference.type") != "attestation-manifest":
                yield from self._layers(inner["digest"])
        yield from ((str(layer["digest"]), int(layer["size"])) for layer in _part(told, "layers", list))

    def _manifest(self, reference: str) -> bytes:
        if reference not in self._known:
            answer = self._asked(f"manifests/{reference}", ", ".join(_INDEXES + _MANIFESTS))
            if answer is None:
                raise StepError(f"{self._name} has no '{reference}'", "which command pushes it?")
            kind = answer.headers.get("Content-Type", "").partition(";")[0]
            if kind not in _INDEXES + _MANIFESTS:
                raise self._strange(f"a manifest of the kind '{kind}'")
            self._known[reference] = answer.content
        return self._known[reference]

    def _asked(self, what: str, accept: str) -> requests.Response | None:
        """Return the registry's answer, by TLS where it has it; None where it says that there is no such thing.

        Raises:
            StepError: where it does not answer, or otherwise than a registry.
        """
        answer = self._answer(f"/v2/{self._path}/{what}", accept)
        if answer.status_code == requests.codes.ok:
            return answer
        if answer.status_code == requests.codes.unauthorized:
            todo = "log in before it, with docker login; a helper that keeps logins, and tokens, are not understood"
            raise StepError(f"the registry {self._registry} does not let this user see {self._path}", todo)
        try:
            errors = _part(json.loads(answer.content), "errors", list)
        except (ValueError, StepError):
            errors = []
        if any(isinstance(one, dict) and one.get("code") in _NOT_THERE for one in errors):
            return None
        raise self._strange(str(answer.status_code))

    def _answer(self, path: str, accept: str) -> requests.Response:
        here = _is_here(self._registry)
        for scheme in ("https", "http") if here else ("https",):
            try:
                return self._get(f"{scheme}://{self._registry}{path}", accept, here)
            except requests.RequestException as error:
                why = str(error)
        raise StepError(f"the registry {self._registry} does not answer: {why}", "which command starts it?")

    def _get(self, url: str, accept: str, here: bool) -> requests.Response:
        trusted = [*sorted(_CERTIFICATES.joinpath(self._registry).glob("*.crt")), _SYSTEM]
        headers = {"Accept": accept} | ({"Authorization": f"Basic {self._login}"} if self._login else {})
        with requests.Session() as session, warnings.catch_warnings():
            urllib3.disable_warnings(urllib3.exceptions.InsecureRequestWarning)
            session.trust_env = False  # neither a proxy nor a password file
            # Of registries on the machine itself Docker believes any certificate, and those without (moby, registry).
            verify = False if here else str(trusted[0])
            return session.get(url, headers=headers, timeout=_LIMIT, verify=verify, allow_redirects=False)

    @cached_property
    def _login(self) -> str:
        """The user's login at the registry, as the client keeps it; empty where there is none."""
        try:
            kept: Mapping[str, Any] = json.loads(Path.home().joinpath(".docker/config.json").read_bytes())
            return str(kept["auths"][self._registry]["auth"])
        except (OSError, ValueError, LookupError, TypeError):
            return ""

    def _read(self, content: bytes) -> Any:
        try:
            return json.loads(content)
        except ValueError:
            raise self._strange("something else than JSON") from None

    def _strange(self, what: str) -> StepError:
        return StepError(f"the registry {self._registry} answers {what}", "is it one? see its log")


def _is_here(registry: str) -> bool:
    """Return whether a registry is on the machine itself, by all that its name leads to."""
    host = registry.rpartition(":")[0] or registry
    try:
        found = {str(entry[4][0]) for entry in socket.getaddrinfo(host, None)}
    except OSError:
        return False
    return bool(found) and all(ipaddress.ip_address(address).is_loopback for address in found)


def _part(told: Any, name: str, kind: type) -> Any:
    """Return a part of what a registry tells, and what is empty where it has none.

    Raises:
        StepError: where it is of another kind.
    """
    part = told.get(name) if isinstance(told, dict) else told
    if isinstance(told, dict) and part is None:
        return kind()
    if not isinstance(part, kind) or part is told:
        raise StepError(f"what the registry tells has no '{name}' as registries have it", "is it one?")
    return part
