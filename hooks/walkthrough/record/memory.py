"""The memory of verdicts: what need not run again, by a key that covers all that decided the outcome."""

from __future__ import annotations

import contextlib
import hashlib
import importlib.metadata
import json
import platform
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType

from walkthrough.machine.bases import Base
from walkthrough.page.itinerary import Itinerary, content_digest
from walkthrough.record.evidence import Record, read_file, write_file

_SHOWING = ("publish", "mutate", "renew", "doors", "__main__.py")
"""What shows a verdict or asks for one, and has no part in reaching it."""
_BY_DIGEST = "machine/recipes"
"""Recipes of stand-ins: what one makes is told by the digest of its image."""
_LIBRARIES = ("docker", "requests", "urllib3")
"""The packages through which an engine and a server are asked; what reads a page decides its content, which is told."""


def deciding_files(package: Path) -> list[Path]:
    """Return the files of this package, at ``package``, that have a part in reaching a verdict, sorted."""
    found = [path for path in package.rglob("*") if path.is_file() and "__pycache__" not in path.parts]
    return sorted(
        path
        for path in found
        if path.relative_to(package).parts[0] not in _SHOWING and not path.is_relative_to(package / _BY_DIGEST)
    )


def tool_digest(package: Path = Path(__file__).parent.parent) -> str:
    """Return the digest (sha256, hex) of the files that reach verdicts: a changed tool believes no old one."""
    digest = hashlib.sha256()
    for path in deciding_files(package):
        digest.update(f"{path.relative_to(package)}\0".encode() + path.read_bytes() + b"\0")
    return digest.hexdigest()


@cache
def this_tool() -> list[str]:
    """Return what this tool is: its files, the Python that runs it, the packages that it asks through."""
    libraries = [f"{name} {importlib.metadata.version(name)}" for name in _LIBRARIES]
    return [tool_digest(), platform.python_version(), *libraries]


def cache_key(
    itinerary: Itinerary, bases: Iterable[Base], machine: str, downloads: Mapping[str, bytes] = MappingProxyType({})
) -> str:
    """Return the key under which a verdict is remembered: content, images, machine, this tool.

    Args:
        bases: the images that the page names and does not make, as far as they can be had.
        machine: the name of its image, which is another for whatever makes another machine.
        downloads: those of the lab by name, where a step takes them.
    """
    images = sorted((base.model_dump() for base in bases), key=lambda base: str(base["name"]))
    given = sorted((name, hashlib.sha256(content).hexdigest()) for name, content in downloads.items())
    told = [content_digest(itinerary), images, machine, this_tool(), given]
    return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()


class Cache:
    """Verdicts of passed walks by key, in the state folder."""

    def __init__(self, state: Path) -> None:
        self._folder = state / "verdicts"

    def get(self, key: str, page: str) -> Record | None:
        """Return the record of the passed walk with this key, if there was one, as that of ``page``.

        It may have been another page of the same content, or this one by its old name.
        """
        known = read_file(self._folder / f"{key}.json")
        return known.model_copy(update={"page": page}) if known else None

    def put(self, key: str, record: Record) -> None:
        """Remember a passed walk, if it can be kept: without it, the page is walked once more."""
        with contextlib.suppress(OSError):
            write_file(self._folder / f"{key}.json", record)
