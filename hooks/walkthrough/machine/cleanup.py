"""Leave nothing behind: remove what walks made, by label, and give tags back to the images that had them."""

from __future__ import annotations

import contextlib
import fcntl
import json
import tempfile
from collections.abc import Callable, Iterator
from functools import partial
from http import HTTPStatus
from pathlib import Path

import docker
import docker.errors
import requests
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


def remove_labelled(
    api: docker.DockerClient, label: str, before: dict[str, str], left: Callable[[str], None] = lambda _: None
) -> list[str]:
    """Remove containers, networks, volumes and images that carry ``label`` (``key`` or ``key=value``).

    Args:
        before: tags as they were; one that a labelled image took is given back.
        left: told of what the engine does not remove, with its reason.

    Returns:
        what was removed, for people.
    """
    removed: list[str] = []
    chosen: dict[str, str | list[str] | bool] = {"label": label}

    def remove(what: str, how: Callable[[], object]) -> None:
        try:
            how()
            removed.append(what)
        except docker.errors.NotFound:
            pass
        except docker.errors.APIError as error:
            left(f"{what}: {error.explanation or error}")

    for container in api.containers.list(all=True, filters=chosen, ignore_removed=True):
        remove(f"container {container.name}", partial(_remove, container))
    for network in api.networks.list(filters=chosen):
        remove(f"network {network.name}", network.remove)
    for volume in api.volumes.list(filters=chosen):
        remove(f"volume {volume.name}", partial(volume.remove, force=True))
    for image in api.images.list(all=False, filters=chosen):
        for name in image.tags or [str(image.id)]:
            remove(f"image {name}", partial(api.images.remove, name, force=True))
    lost = before.keys() - tags(api).keys()
    for tag in lost:
        with contextlib.suppress(docker.errors.APIError):
            api.images.get(before[tag]).tag(tag)
    return removed


def lock_of(engine: str) -> Path:
    """Return the file that a run locks while it is on the engine with this identity, for all users of the machine."""
    return Path(tempfile.gettempdir()) / f"docker-labs-{engine}.lock"


def _held(lock: Path) -> bool:
    """Return whether a run holds a lock."""
    try:
        with lock.open() as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False


def end_containers(engine: Engine, walk: str) -> None:
    """Remove the containers of a walk, so that nothing waits for them any more."""
    with contextlib.closing(engine.api()) as api:
        for container in api.containers.list(all=True, filters={"label": f"{WALK_LABEL}={walk}"}, ignore_removed=True):
            with contextlib.suppress(docker.errors.APIError):
                _remove(container)


@contextlib.contextmanager
def accounted(
    engine: Engine, folder: Path, walk: str, workspace: Path, left: Callable[[str], None] = lambda _: None
) -> Iterator[None]:
    """Keep an account of a walk in ``folder`` while it runs, and clean up after it, whatever happened.

    The account survives a kill, and an engine that goes away, so that ``clean_up_dead`` can do what this could not.

    Args:
        left: told of what could not be removed.
    """
    folder.mkdir(parents=True, exist_ok=True)
    account = folder / f"{walk}.json"
    with contextlib.closing(engine.api()) as api:
        before = tags(api)
    account.write_text(
        json.dumps({"engine": engine.identity, "walk": walk, "tags": before, "workspace": str(workspace)})
    )
    try:
        yield
    finally:
        end_marked(walk)
        try:
            with contextlib.closing(engine.api()) as api:
                remove_labelled(api, f"{WALK_LABEL}={walk}", before, left)
            account.unlink(missing_ok=True)
        except (docker.errors.DockerException, requests.RequestException, OSError):
            left("what it made on the engine, which does not answer; the next run removes it")


def clean_up_dead(engine: Engine, folder: Path) -> list[str]:
    """Remove what killed walks left: processes, workspaces, and everything labelled on the engine.

    The caller holds the engine's lock, so that no living walk is on it; a walk on another engine, whose lock is held,
    is left alone. Returns what was removed.
    """
    before: dict[str, str] = {}
    removed: list[str] = []
    accounts: list[Path] = []
    for account in sorted(folder.glob("*.json")) if folder.exists() else []:
        with contextlib.suppress(ValueError, KeyError, OSError):
            told = json.loads(account.read_text())
            here = told.get("engine", engine.identity) == engine.identity
            if not here and _held(lock_of(told["engine"])):
                continue
            before = {**told["tags"], **before} if here else before
            removed += [f"process {pid}" for pid in end_marked(told["walk"])]
            if Path(told["workspace"]).exists():
                remove_tree(Path(told["workspace"]))
                removed.append(f"workspace {told['walk']}")
        accounts.append(account)
    with contextlib.closing(engine.api()) as api:
        removed += remove_labelled(api, WALK_LABEL, before)
    for account in accounts:
        account.unlink(missing_ok=True)
    return removed
