"""Files and folders: their lines, removing a tree whatever its modes, writing a file whole or not at all."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from pathlib import Path

LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+\Z")
"""A line of a text with its end, whichever it is; ``str.splitlines`` would end lines at U+2028 and the like too."""


def remove_tree(root: Path) -> None:
    """Remove a folder and all below it, read-only folders (such as Go's module cache) included."""

    def unlock(_function: object, name: str, _error: object) -> None:
        place = Path(name)
        place.parent.chmod(0o700)
        if place.is_dir() and not place.is_symlink():
            place.chmod(0o700)
            shutil.rmtree(place, ignore_errors=True)
        else:
            place.unlink(missing_ok=True)

    shutil.rmtree(root, onerror=unlock)


def write_whole(path: Path, content: bytes, mode: int = 0o644) -> None:
    """Write a file that others see whole or not at all, also where several write it at the same time."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix="new-")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
        Path(name).chmod(mode)
        Path(name).replace(path)
    except OSError:
        Path(name).unlink(missing_ok=True)
        raise
