"""The memory of verdicts: what need not run again, by a key that covers all that decided the outcome."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from functools import cache
from pathlib import Path

from walkthrough.machine.bases import Base
from walkthrough.record.evidence import Record, read_file, write_file

_SHOWING = ("publish", "doors")
"""Folders that show a verdict or ask for one, and have no part in reaching it."""


def deciding_files(package: Path) -> list[Path]:
    """Return the files of this package, at ``package``, that have a part in reaching a verdict, sorted."""
    found = [path for path in package.rglob("*") if path.is_file() and "__pycache__" not in path.parts]
    return sorted(path for path in found if path.relative_to(package).parts[0] not in _SHOWING)


def tool_digest(package: Path = Path(__file__).parent.parent) -> str:
    """Return the digest (sha256, hex) of the files that reach verdicts: a changed tool believes no old one."""
    digest = hashlib.sha256()
    for path in deciding_files(package):
        digest.update(f"{path.relative_to(package)}\0".encode() + path.read_bytes() + b"\0")
    return digest.hexdigest()


_tool_digest = cache(tool_digest)


def cache_key(content: str, bases: Iterable[Base], engine: dict[str, str]) -> str:
    """Return the key under which a verdict is remembered: content, base images, engine, tool."""
    told = [content, sorted((base.name, base.digest) for base in bases), engine, _tool_digest()]
    return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()


class Cache:
    """Verdicts of passed walks by key, in the state folder."""

    def __init__(self, state: Path) -> None:
        self._folder = state / "verdicts"

    def get(self, key: str) -> Record | None:
        """Return the record of the passed walk with this key, if there was one."""
        return read_file(self._folder / f"{key}.json")

    def put(self, key: str, record: Record) -> None:
        """Remember a passed walk."""
        write_file(self._folder / f"{key}.json", record)
