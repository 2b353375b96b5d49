"""Leave nothing behind: remove what walks made, by label, and give tags back to the images that had them."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from http import HTTPStatus
from pathlib import Path

import docker
import docker.errors
from docker.models.containers import Container

from walkthrough.files import remove_tree
from walkthrough.machine.engine import Engine
from walkthrough.machine.marks import WALK_LABEL, end_marked


def tags(api: docker.DockerClient) -> dict[str, str]:
    """Return every tag of the engine and the id of its image.

    In one call: the SDK's own list asks for each image, and one that another page's walk removes meanwhile is an error.
    """
    return {tag: str(image["Id"]) for image in api.api.images() for tag in image["RepoTags"] or ()}


def _remove(container: Container) -> None:
    """Remove a container; one that the engine is removing already (``--rm``) is waited for.

    Raises:
        docker.errors.NotFound: where it was gone before.
    """
    try:
        container.remove(force=True, v=True)
    except docker.errors.APIError as error:
        if error.status_code != HTTPStatus.CONFLICT:
            raise
        container.wait(condition="removed")


def remove_labelled(api: docker.DockerClient, label: str, before: dict[str, str]) -> list[str]:
    """Remove containers, networks, volumes and images that carry ``label`` (``key`` or ``key=value``).

    Args:
        before: tags as they were; one that a labelled image took is given back.

    Returns:
        what was removed, for people.
    """
    removed = []
    chosen: dict[str, str | list[str] | bool] = {"label": label}
    for container in api.containers.list(all=True, filters=chosen, ignore_removed=True):
        with contextlib.suppress(docker.errors.NotFound):
            _remove(container)
            removed.append(f"container {container.name}")
    for network in api.networks.list(filters=chosen):
        with contextlib.suppress(docker.errors.NotFound):
            network.remove()
            removed.append(f"network {network.name}")
    for volume in api.volumes.list(filters=chosen):
        with contextlib.suppress(docker.errors.NotFound):
            volume.remove(force=True)
            removed.append(f"volume {volume.name}")
    for image in api.images.list(all=False, filters=chosen):
        names = image.tags or [str(image.id)]
        for name in names:
            with contextlib.suppress(docker.errors.ImageNotFound):
                api.images.remove(name, force=True)
                removed.append(f"image {name}")
    lost = before.keys() - tags(api).keys()
    for tag in lost:
        with contextlib.suppress(docker.errors.APIError):
            api.images.get(before[tag]).tag(tag)
    return removed


@contextlib.contextmanager
def accounted(engine: Engine, folder: Path, walk: str, workspace: Path) -> Iterator[None]:
    """Keep an account of a walk in ``folder`` while it runs, and clean up after it, whatever happened.

    The account survives a kill, so that ``clean_up_dead`` can do what this could not.
    """
    folder.mkdir(parents=True, exist_ok=True)
    account = folder / f"{walk}.json"
    with contextlib.closing(engine.api()) as api:
        before = tags(api)
        account.write_text(json.dumps({"walk": walk, "tags": before, "workspace": str(workspace)}))
        try:
            yield
        finally:
            end_marked(walk)
            remove_labelled(api, f"{WALK_LABEL}={walk}", before)
            account.unlink(missing_ok=True)


def clean_up_dead(engine: Engine, folder: Path) -> list[str]:
    """Remove what killed walks left: processes, workspaces, and everything labelled on the engine.

    The caller holds the engine's lock, so that no living walk is on it. Returns what was removed.
    """
    before: dict[str, str] = {}
    removed = []
    accounts = sorted(folder.glob("*.json")) if folder.exists() else []
    for account in accounts:
        with contextlib.suppress(ValueError, KeyError, OSError):
            told = json.loads(account.read_text())
            before = {**told["tags"], **before}
            removed += [f"process {pid}" for pid in end_marked(told["walk"])]
            if Path(told["workspace"]).exists():
                remove_tree(Path(told["workspace"]))
                removed.append(f"workspace {told['walk']}")
    with contextlib.closing(engine.api()) as api:
        removed += remove_labelled(api, WALK_LABEL, before)
    for account in accounts:
        account.unlink(missing_ok=True)
    return removed
