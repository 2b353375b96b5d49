"""What an engine holds: its tags, what an image is wherever it is, and taking away what a page has left."""

from __future__ import annotations

import contextlib
import hashlib
import json
from collections.abc import Iterable, Mapping
from typing import Any

import docker
import docker.errors


def tags(api: docker.DockerClient) -> dict[str, str]:
    """Return every tag of the engine and the id of its image.

    In one call: the SDK's own list asks for each image, and one that somebody removes meanwhile is an error.
    """
    return {tag: str(image["Id"]) for image in api.api.images() for tag in image["RepoTags"] or ()}


def same_everywhere(api: docker.DockerClient, names: Iterable[str]) -> dict[str, str]:
    """Return, for each of the named images that the engine has, a digest that is the same on every engine and store.

    The id of an image is not: it is that of its configuration in one store, of its manifest in another.
    """
    return {name: _told(api.images.get(name).attrs) for name in sorted(tags(api).keys() & set(names))}


def _told(image: Mapping[str, Any]) -> str:
    """Return the digest of an image's layers, time and settings."""
    settings = {name: value for name, value in (image["Config"] or {}).items() if value and name != "Image"}
    few = {name: settings.get(name) for name in ("Cmd", "Entrypoint", "Env", "Labels", "User", "WorkingDir")}
    return hashlib.sha256(json.dumps([image["RootFS"].get("Layers"), few], sort_keys=True).encode()).hexdigest()


def reset(api: docker.DockerClient, kept: Mapping[str, str]) -> None:
    """Bring an engine to what a new one is: only the images of ``kept`` stay, each as it is told there, and the cache.

    Raises:
        docker.errors.APIError: where the engine does not remove something.
    """
    for container in api.containers.list(all=True, ignore_removed=True):
        with contextlib.suppress(docker.errors.NotFound):
            container.remove(force=True, v=True)
    for network in api.networks.list():
        if network.name not in ("bridge", "host", "none"):
            network.remove()
    for volume in api.volumes.list():
        volume.remove(force=True)
    known = same_everywhere(api, kept)
    for image in api.api.images(all=False):
        for name in image["RepoTags"] or [image["Id"]]:
            if name not in kept or known.get(name) != kept[name]:
                with contextlib.suppress(docker.errors.NotFound):
                    api.images.remove(name, force=True)
