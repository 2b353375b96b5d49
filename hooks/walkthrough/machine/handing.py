"""Images as a registry hands them over: archives whose layers are packed.

What the host's engine saves has them unpacked, and containerd's store keeps layers as they came. So an image that is
built there would have some of its layers packed and others not, which no image of a reader has.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import tarfile
import tempfile
import threading
import time
from collections.abc import Iterable
from pathlib import Path
from typing import IO, cast

import docker
from isal import isal_zlib

_LEVEL = 1
"""Of isal's gzip, which packs as tightly as zlib's first level in a fifth of its time.

They are unpacked a moment later, and what readers are told of packed sizes is measured otherwise.
"""
_BLOCK = 1 << 20
_one_each: dict[Path, threading.Lock] = {}


def packed(api: docker.DockerClient, name: str, what: str, folder: Path) -> Path:
    """Return an archive of the image ``name`` with packed layers, made once.

    Args:
        what: what the image is (``same_everywhere``), by which its archive is known, and by its name.
        folder: where archives are kept.

    Raises:
        docker.errors.DockerException: where the engine does not give it.
        OSError: where it cannot be kept.
    """
    place = folder / _place(name, what)
    with _one_each.setdefault(place, threading.Lock()):
        if not place.exists():
            folder.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(prefix="packing-", dir=folder) as scratch:
                saved, new = Path(scratch, "saved"), Path(scratch, "new")
                with saved.open("wb") as file:
                    for part in api.images.get(name).save(chunk_size=_BLOCK, named=name):
                        file.write(part)
                _pack(saved, new)
                new.replace(place)
        os.utime(place)
    return place


def packed_folder(state: Path) -> Path:
    """Return the folder of the state folder with images as they are handed to machines."""
    return state / "bases" / "packed"


def forget(folder: Path, kept: Iterable[tuple[str, str]], idle: float = 3600.0) -> None:
    """Remove the archives of images that are not among ``kept``: pairs of a name, and what the image is.

    Args:
        idle: seconds for which nobody has used an archive that is removed; another run may be about to read it.
    """
    places = {_place(name, what) for name, what in kept}
    for place in folder.glob("*.tar"):
        with contextlib.suppress(OSError):
            if place.name not in places and time.time() - place.stat().st_mtime >= idle:
                place.unlink()


def _place(name: str, what: str) -> str:
    """Return the name of an image's archive. The image's own name is in the archive, and one image may have several."""
    return f"{hashlib.sha256(f'{name} {what}'.encode()).hexdigest()}.tar"


def _pack(saved: Path, new: Path) -> None:
    """Write the archive ``saved`` anew, in Docker's own form: a manifest, a configuration, and layers, packed."""
    with tarfile.open(saved) as old, tarfile.open(new, "w") as archive:

        def content(member: str) -> IO[bytes]:
            return cast("IO[bytes]", old.extractfile(member))

        (manifest,) = json.load(content("manifest.json"))
        layers = []
        for number, member in enumerate(manifest["Layers"]):
            with tempfile.TemporaryFile(dir=new.parent) as layer:
                _gzip(content(member), layer)
                layers.append(f"{number}.tar.gz")
                _add(archive, layers[-1], layer)
        _add(archive, "config.json", content(manifest["Config"]))
        told = json.dumps([{"Config": "config.json", "RepoTags": manifest["RepoTags"], "Layers": layers}])
        with tempfile.TemporaryFile(dir=new.parent) as file:
            file.write(told.encode())
            _add(archive, "manifest.json", file)


def _gzip(stream: IO[bytes], to: IO[bytes]) -> None:
    compressor = isal_zlib.compressobj(_LEVEL, wbits=31)
    while part := stream.read(_BLOCK):
        to.write(compressor.compress(part))
    to.write(compressor.flush())


def _add(archive: tarfile.TarFile, name: str, file: IO[bytes]) -> None:
    entry = tarfile.TarInfo(name)
    entry.size = file.seek(0, os.SEEK_END)
    file.seek(0)
    archive.addfile(entry, file)
