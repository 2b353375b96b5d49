"""What an image is, read from its own archive: exact sizes, configuration, and every path in it.

All figures come from ``docker image save``, so they mean the same on every engine and image store.
"""

from __future__ import annotations

import contextlib
import io
import json
import tarfile
from pathlib import PurePosixPath
from typing import IO, Any, cast

import docker
import docker.errors

from walkthrough.errors import StepError
from walkthrough.images.image import Entry, Image, Layer
from walkthrough.images.layers import BLOCK, Blob, Bytes, Stream, lay_over, read_layer


def read_image(api: docker.DockerClient, name: str, compress: bool = False) -> Image:
    """Read the image ``name`` from the engine.

    Args:
        compress: also gzip each layer to learn what a pull downloads (a second per 30 MB).

    Raises:
        StepError: where there is no such image.
    """
    try:
        found = api.images.get(name)
        archive = Stream(found.save(chunk_size=BLOCK, named=False))
    except docker.errors.ImageNotFound:
        raise StepError(f"there is no image '{name}'", "does an earlier step on the page build it?") from None
    blobs: dict[str, Blob] = {}
    documents: dict[str, Any] = {}
    with tarfile.open(fileobj=cast("IO[bytes]", archive), mode="r|") as outer:
        for member in outer:
            stream = outer.extractfile(member) if member.isfile() else None
            if stream is None:
                if member.issym() or member.islnk():
                    blobs[member.name] = blobs[_target(member)]
                continue
            if member.name.endswith(".json") or member.size < BLOCK:
                content = stream.read()
                with contextlib.suppress(ValueError):
                    documents[member.name] = json.loads(content)
                    continue
                blobs[member.name] = read_layer(Bytes(content), compress)
            else:
                blobs[member.name] = read_layer(stream, compress)
    archive.close()
    manifest = documents["manifest.json"][0]
    config = documents[manifest["Config"]]
    commands = [entry.get("created_by", "") for entry in config["history"] if not entry.get("empty_layer")]
    layers: list[Layer] = []
    final: dict[str, Entry] = {}
    for index, name_in_archive in enumerate(manifest["Layers"]):
        blob = blobs[name_in_archive]
        digest = config["rootfs"]["diff_ids"][index]
        layers.append(Layer(digest, blob.size, blob.compressed, commands[index] if index < len(commands) else ""))
        lay_over(final, blob.entries)
    return Image(cast("str", found.id), tuple(layers), config, final)


def read_file(api: docker.DockerClient, name: str, path: str) -> bytes:
    """Return the content of a file of the image, without running anything.

    Raises:
        StepError: where there is no such file.
    """
    container = api.containers.create(name, ["-"])
    try:
        blocks, _ = container.get_archive(path)
        with tarfile.open(fileobj=io.BytesIO(b"".join(blocks))) as archive:
            stream = archive.extractfile(archive.next() or tarfile.TarInfo())
            return stream.read() if stream else b""
    except (docker.errors.NotFound, KeyError):
        raise StepError(f"there is no file '{path}' in '{name}'", "name a file that the image has") from None
    finally:
        container.remove()


def _target(member: tarfile.TarInfo) -> str:
    """Return what a link in the archive points at (older engines link equal layers)."""
    parts: list[str] = []
    for part in (PurePosixPath(member.name).parent / member.linkname).parts:
        if part == "..":
            parts.pop()
        else:
            parts.append(part)
    return "/".join(parts)
