"""A repository of a registry, asked as Docker on the machine would: its certificates, its names, the user's login."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import requests

from walkthrough.errors import StepError

_LIMIT = 20.0
"""Seconds for one answer."""
_CERTIFICATES = Path("/etc/docker/certs.d")
"""Where Docker looks for those of registries: a folder for each, named after it (moby, registry)."""
_LOOPBACK = ("localhost", "127.")
"""Registries that Docker asks without TLS too, where they have none (moby, registry)."""
_INDEXES = ("application/vnd.oci.image.index.v1+json", "application/vnd.docker.distribution.manifest.list.v2+json")
_MANIFESTS = ("application/vnd.oci.image.manifest.v1+json", "application/vnd.docker.distribution.manifest.v2+json")
_ACCEPT = ", ".join(_INDEXES + _MANIFESTS)


class StandingRepository:
    """A repository; what is asked stays as it was seen first."""

    def __init__(self, name: str) -> None:
        self._registry, _, self._path = name.partition("/")
        self._known: dict[str, bytes] = {}

    @cached_property
    def tags(self) -> Sequence[str]:
        """Its tags, sorted; none where the registry has no such repository."""
        answer = self._asked("tags/list")
        if answer.status_code == requests.codes.not_found:
            return []
        return sorted(self._json(answer.content)["tags"] or [])

    def digest(self, tag: str) -> str:
        """Return the digest of what a tag leads to: the sum of its manifest (OCI distribution, "Pulling manifests")."""
        return f"sha256:{hashlib.sha256(self._manifest(tag)).hexdigest()}"

    @property
    def stored(self) -> int:
        """The bytes of the layers of all tags, as they were pushed, each once; attestations are none."""
        return sum(dict(layer for tag in self.tags for layer in self._layers(tag)).values())

    def _layers(self, reference: str) -> Iterator[tuple[str, int]]:
        told = self._json(self._manifest(reference))
        for inner in told.get("manifests", ()):
            if inner.get("annotations", {}).get("vnd.docker.reference.type") != "attestation-manifest":
                yield from self._layers(inner["digest"])
        yield from ((layer["digest"], int(layer["size"])) for layer in told.get("layers", ()))

    def _manifest(self, reference: str) -> bytes:
        if reference not in self._known:
            answer = self._asked(f"manifests/{reference}")
            if answer.status_code == requests.codes.not_found:
                raise StepError(f"{self._registry}/{self._path} has no '{reference}'", "which command pushes it?")
            self._known[reference] = answer.content
        return self._known[reference]

    def _asked(self, what: str) -> requests.Response:
        """Return the registry's answer, by TLS where it has it.

        Raises:
            StepError: where there is none, or it is neither what was asked for nor that there is no such thing.
        """
        schemes = ("https", "http") if self._registry.startswith(_LOOPBACK) else ("https",)
        for scheme in schemes:
            try:
                answer = self._get(f"{scheme}://{self._registry}/v2/{self._path}/{what}")
            except requests.RequestException as error:
                why = str(error)
                continue
            if answer.status_code in (requests.codes.ok, requests.codes.not_found):
                return answer
            if answer.status_code == requests.codes.unauthorized:
                what = f"the registry {self._registry} does not let this user see {self._path}"
                raise StepError(what, "log in before it, with docker login; one that asks for tokens is not understood")
            raise StepError(f"the registry {self._registry} answers {answer.status_code}", "see its log")
        raise StepError(f"the registry {self._registry} does not answer: {why}", "which command starts it?")

    def _get(self, url: str) -> requests.Response:
        trusted = sorted(_CERTIFICATES.joinpath(self._registry).glob("*.crt"))
        headers = {"Accept": _ACCEPT} | ({"Authorization": f"Basic {self._login}"} if self._login else {})
        with requests.Session() as session:
            session.trust_env = False  # neither a proxy nor a password file
            return session.get(url, headers=headers, timeout=_LIMIT, verify=str(trusted[0]) if trusted else True)

    @cached_property
    def _login(self) -> str:
        """The user's login at the registry, as the client keeps it; empty where there is none."""
        try:
            kept: Mapping[str, Any] = json.loads(Path.home().joinpath(".docker/config.json").read_bytes())
        except (OSError, ValueError):
            return ""
        return str(kept.get("auths", {}).get(self._registry, {}).get("auth", ""))

    def _json(self, content: bytes) -> Any:
        try:
            return json.loads(content)
        except ValueError:
            raise StepError(f"the registry {self._registry} answers something else than JSON", "is it one?") from None
