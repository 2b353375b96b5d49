"""Images made by hand, to see what only few engines would make."""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
from collections.abc import Iterable

Member = tuple[str, bytes, bytes, str]
"""A member of a layer: its name, its type (as in tarfile), its content, where it leads."""


def file(name: str, content: bytes = b"") -> Member:
    """Return a regular file."""
    return name, tarfile.REGTYPE, content, ""


def folder(name: str) -> Member:
    """Return a folder."""
    return name, tarfile.DIRTYPE, b"", ""


def link(name: str, target: str) -> Member:
    """Return a symbolic link."""
    return name, tarfile.SYMTYPE, b"", target


def same(name: str, target: str) -> Member:
    """Return a further name of a file, as a hard link."""
    return name, tarfile.LNKTYPE, b"", target


def layer(members: Iterable[Member], mode: int = 0o755) -> bytes:
    """Return a layer's archive."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for name, kind, content, target in members:
            member = tarfile.TarInfo(name)
            member.type, member.linkname, member.size, member.mode = kind, target, len(content), mode
            archive.addfile(member, io.BytesIO(content))
    return packed.getvalue()


def image(layers: list[bytes], name: str) -> bytes:
    """Return an image of these layers, as ``docker load`` takes it."""
    config = {
        "architecture": "amd64",
        "os": "linux",
        "config": {"Cmd": ["/x"], "Labels": {}},
        "rootfs": {"type": "layers", "diff_ids": [f"sha256:{hashlib.sha256(one).hexdigest()}" for one in layers]},
        "history": [{"created_by": f"COPY layer {number}"} for number, _ in enumerate(layers)],
    }
    paths = [f"{number}/layer.tar" for number, _ in enumerate(layers)]
    files = dict(zip(paths, layers, strict=True))
    files["config.json"] = json.dumps(config).encode()
    files["manifest.json"] = json.dumps([{"Config": "config.json", "RepoTags": [name], "Layers": paths}]).encode()
    return layer(file(path, content) for path, content in files.items())
