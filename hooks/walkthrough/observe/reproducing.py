"""Two builds of the same sources, held against each other: configuration and files, byte for byte."""

from __future__ import annotations

import hashlib
import json
import tarfile
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from typing import IO, Any, cast

import docker

from walkthrough.machine.engine import Engine
from walkthrough.observe.builds import Build, as_image

EPOCH = 1_577_836_800
"""SOURCE_DATE_EPOCH of both builds: 2020-01-01, in seconds of Unix time; see reproducible-builds.org/specs."""
_BLOCK = 1 << 20
_OF_TIMES = {"rootfs"}
"""What of a configuration follows from the layers' bytes, times included; the layers are compared by themselves."""


def differences(engine: Engine, api: docker.DockerClient, build: Build) -> list[str]:
    """Build twice without cache; return what differs, sorted: paths of files, and keys of the configuration.

    A file's time that is later than SOURCE_DATE_EPOCH counts as that, as with BuildKit's ``rewrite-timestamp``, which
    not every image store can do.

    Raises:
        StepError: where the build cannot be repeated.
    """
    again = replace(build, arguments=("--no-cache", f"--build-arg=SOURCE_DATE_EPOCH={EPOCH}", *build.arguments))
    told = []
    for _ in range(2):
        with as_image(engine, api, again) as name, tempfile.TemporaryFile() as archive:
            for part in api.images.get(name).save(chunk_size=_BLOCK):
                archive.write(part)
            archive.seek(0)
            told.append({(name, layer): what for name, layer, what in _contents(archive)})
    first, second = told
    return sorted({key[0] for key in first.keys() | second.keys() if first.get(key) != second.get(key)})


def _contents(archive: IO[bytes]) -> Iterator[tuple[str, int, Any]]:
    """Yield each key of an image's configuration and each path of each layer by number, with what must be the same."""
    with tarfile.open(fileobj=archive) as outer:

        def member(name: str) -> IO[bytes]:
            return cast("IO[bytes]", outer.extractfile(name))

        manifest = json.load(member("manifest.json"))[0]
        for key, value in json.load(member(manifest["Config"])).items():
            if key not in _OF_TIMES:
                yield f"the setting {key}", -1, value
        for number, layer in enumerate(manifest["Layers"]):
            with tarfile.open(fileobj=member(layer)) as files:
                for entry in files:
                    path = "/" + entry.name.removeprefix("./")
                    yield path, number, _told(entry, files)


def _told(entry: tarfile.TarInfo, files: tarfile.TarFile) -> tuple[Any, ...]:
    """Return all that a layer says of an entry, its content as a digest."""
    stream = files.extractfile(entry) if entry.isfile() else None
    digest = hashlib.file_digest(cast("Any", stream), "sha256").hexdigest() if stream else ""
    own = {name: value for name, value in entry.pax_headers.items() if "time" not in name}
    place = (entry.type, entry.mode, entry.uid, entry.gid, entry.linkname, entry.devmajor, entry.devminor)
    return (*place, min(int(entry.mtime), EPOCH), digest, sorted(own.items()))
