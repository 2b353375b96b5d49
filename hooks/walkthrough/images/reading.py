"""What an image is: exact sizes, configuration, and every path in it.

What is said of an image is what its engine says; what is said of a layer is read from the layer itself, in the archive
that ``docker image save`` makes, and is known by the layer's digest. So all figures mean the same on every engine and
image store: also where layers are stored compressed, in whatever way, they count as they are unpacked, and their
compressed size is that of gzip level 6.
"""

from __future__ import annotations

import io
import json
import tarfile
from contextlib import AbstractContextManager
from typing import IO, Any, Protocol, cast

import docker
import docker.errors

from walkthrough.errors import StepError
from walkthrough.images.image import Image, Layer
from walkthrough.images.layers import BLOCK, Blob, read_layer
from walkthrough.images.memory import LayerMemory
from walkthrough.images.overlay import FileSystem
from walkthrough.images.unpack import HEAD, Stream, UnreadableError, unpacked

_SETTINGS: tuple[str, ...] = (
    "ENV",
    "CMD",
    "ENTRYPOINT",
    "USER",
    "EXPOSE",
    "LABEL",
    "HEALTHCHECK",
    "ARG",
    "VOLUME",
    "STOPSIGNAL",
)
_SETTINGS += ("SHELL", "MAINTAINER", "ONBUILD")
"""Instructions that change the configuration and make no layer (Dockerfile reference)."""
_NO_LAYER = "/bin/sh -c #(nop) "
"""How the builder before BuildKit began the words of what it did itself."""


class Store(Protocol):
    """What gives single files of the engine's image store, so that a layer is read without those below it."""

    def blob(self, digest: str) -> AbstractContextManager[IO[bytes]]:
        """Open a file by its digest.

        Raises:
            OSError: where it cannot be had.
        """


def read_image(
    api: docker.DockerClient,
    name: str,
    compress: bool = False,
    memory: LayerMemory | None = None,
    store: Store | None = None,
) -> Image:
    """Read the image ``name`` from the engine.

    Args:
        compress: also learn what each layer has when gzipped (a second per 30 MB that are not yet known).
        memory: what is known of layers. Where all of them are known, nothing is exported.

    Raises:
        StepError: where there is no such image, or a layer of it cannot be read whole.
    """
    try:
        found = api.images.get(name)
        digests: list[str] = found.attrs["RootFS"].get("Layers") or []
        known = {digest: blob for digest in digests if memory and (blob := memory.recall(digest, compress))}
        new = set(digests) - known.keys()
        if new and store:
            _pick(found, digests, known, compress, store)
        if not known.keys() >= new:
            _export(found, digests, known, compress, name)
        if memory:
            for digest in new:
                memory.keep(known[digest])
        history = found.history()
    except docker.errors.ImageNotFound:
        raise StepError(f"there is no image '{name}'", "does an earlier step on the page build it?") from None
    commands = _commands(history, len(digests))
    layers = []
    files = FileSystem()
    for digest, created_by in zip(digests, commands, strict=True):
        blob = known[digest]
        layers.append(Layer(digest, blob.size, blob.compressed, created_by))
        files.lay_over(blob.entries)
    return Image(cast("str", found.id), tuple(layers), {"config": found.attrs["Config"] or {}}, files.entries())


def _pick(found: Any, digests: list[str], known: dict[str, Blob], compress: bool, store: Store) -> None:
    """Read what is not yet ``known`` of the image's layers from the engine's store, as far as that can be done.

    Which file holds which layer is what the image's manifest says (OCI image specification), and is believed only where
    the digest of what is in it is the layer's.
    """

    def document(descriptor: dict[str, Any]) -> dict[str, Any]:
        with store.blob(str(descriptor["digest"])) as file:
            return cast("dict[str, Any]", json.load(file))

    try:
        whole = document(found.attrs["Descriptor"])
        # An image of several platforms, or with attestations, has a manifest for each.
        manifests = [document(one) for one in whole["manifests"]] if "manifests" in whole else [whole]
        for manifest in manifests:
            if document(manifest["config"]).get("rootfs", {}).get("diff_ids") != digests:
                continue
            for digest, layer in zip(digests, manifest["layers"], strict=True):
                if digest not in known:
                    with store.blob(str(layer["digest"])) as file:
                        blob = _blob(file, compress)
                    if blob and blob.digest == digest:
                        known[digest] = blob
    except (OSError, ValueError, KeyError, TypeError, UnreadableError):
        return  # the engine's archive tells what is wrong with the image, if something is


def _export(found: Any, digests: list[str], known: dict[str, Blob], compress: bool, name: str) -> None:
    """Read what is not yet ``known`` of the image's layers from its archive.

    Whether a file of the archive is a layer of this image is told by its digest alone. Archives differ from engine to
    engine, and may hold the layers of other platforms, and attestations.

    Raises:
        StepError: where a layer is not in it or cannot be read, naming the layer and the reason.
    """
    faults: list[str] = []
    archive = Stream(found.save(chunk_size=BLOCK, named=False))
    try:
        with tarfile.open(fileobj=cast("IO[bytes]", archive), mode="r|") as outer:
            for member in outer:
                stream = outer.extractfile(member) if member.isreg() else None
                if stream is None or f"sha256:{member.name.rpartition('/')[2]}" in known:
                    continue  # a folder, a link to an equal layer, or a layer that is stored unpacked, and known
                try:
                    blob = _blob(stream, compress)
                except UnreadableError as error:
                    faults.append(f"{member.name}: {error}")
                    continue
                if blob and blob.digest in digests:
                    known[blob.digest] = blob
    except tarfile.TarError as error:
        faults.append(f"the engine's archive breaks off: {error}")
    finally:
        archive.close()
    for number, digest in enumerate(digests, 1):
        if digest not in known:
            what = f"layer {number} of {len(digests)} of '{name}' cannot be read ({digest})"
            raise StepError(what, "nothing can be said of this image", "\n".join(faults) or "it is not in the archive")


def _blob(stream: IO[bytes], compress: bool) -> Blob | None:
    """Read one file of the archive, or return None where it is one of the documents beside the layers."""
    head = stream.read(HEAD)
    archive = unpacked(head, stream)
    if archive is not None:
        return read_layer(archive, compress)
    if head[:1] in (b"{", b"[") or (len(head) < HEAD and head.decode(errors="replace").isprintable()):
        return None
    raise UnreadableError("it is packed in a way that is not known")


def _commands(history: list[dict[str, Any]], layers: int) -> list[str]:
    """Return the instruction that made each layer, as far as the engine's history tells; it names the topmost first."""
    entries = [(str(entry.get("CreatedBy") or ""), int(entry.get("Size") or 0)) for entry in reversed(history)]
    commands = [words for words, size in entries if size or not _only_sets(words)]
    return commands if len(commands) == layers else [""] * layers


def _only_sets(words: str) -> bool:
    """Return whether an instruction changes the configuration only."""
    old = words.startswith(_NO_LAYER)
    first = next(iter(words.removeprefix(_NO_LAYER).split()), "")
    return first in _SETTINGS and (old or not words.startswith("/bin/sh"))


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
        container.remove(v=True)
