"""Files and folders: removing a tree whatever its modes."""

from __future__ import annotations

import shutil
from pathlib import Path


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
