"""A copy of the checkout in which newer pins are tried, and what is brought back from it."""

from __future__ import annotations

import contextlib
import filecmp
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from walkthrough.errors import AbortedError
from walkthrough.files import remove_tree, write_whole

_LEFT_OUT = (".git", ".venv", "site", "test-artefacts", "__pycache__", ".*_cache", "*.pyc")
"""What is made from the rest; the copy needs none of it."""


@contextlib.contextmanager
def copied(root: Path) -> Iterator[Path]:
    """Yield a copy of the checkout that is gone in the end: nothing is ever half in the author's files."""
    folder = Path(tempfile.mkdtemp(prefix="renew-"))
    try:
        copy = folder / "checkout"
        shutil.copytree(root, copy, symlinks=True, ignore=shutil.ignore_patterns(*_LEFT_OUT))
        yield copy
    finally:
        remove_tree(folder)


def files_of(root: Path) -> dict[str, Path]:
    """Return the files of a checkout by their paths relative to it."""
    found: dict[str, Path] = {}
    left_out = shutil.ignore_patterns(*_LEFT_OUT)

    def add(folder: Path) -> None:
        entries = {entry.name: entry for entry in folder.iterdir()}
        for name in sorted(entries.keys() - left_out(str(folder), list(entries))):
            if entries[name].is_dir() and not entries[name].is_symlink():
                add(entries[name])
            elif entries[name].is_file():
                found[entries[name].relative_to(root).as_posix()] = entries[name]

    add(root)
    return found


def bring_back(copy: Path, before: Path, root: Path) -> list[str]:
    """Write into ``root`` what in ``copy`` is other than in ``before``; return the paths, sorted.

    Raises:
        AbortedError: where one of these files was changed in the meantime; nothing is written then.
    """
    new, old, own = files_of(copy), files_of(before), files_of(root)
    changed = [path for path in new if path not in old or not filecmp.cmp(new[path], old[path], shallow=False)]
    gone = [path for path in old if path not in new]
    for path in (*changed, *gone):
        same = path not in own if path not in old else path in own and filecmp.cmp(own[path], old[path], shallow=False)
        if not same:
            raise AbortedError(
                f"{path} was changed while newer releases were tried; nothing is written", "run it again"
            )
    for path in changed:
        write_whole(root / path, new[path].read_bytes())
        shutil.copymode(new[path], root / path)
    for path in gone:
        own[path].unlink()
    return sorted((*changed, *gone))
