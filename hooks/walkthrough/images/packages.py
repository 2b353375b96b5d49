"""The packages in an image, as scanners find them: in what package managers and compilers leave behind."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import IO

from walkthrough.images import distributions, languages, programs
from walkthrough.images.package import UNREAD, Package

__all__ = ["TRACES", "UNREAD", "Package", "found_in"]

TRACES = r"/(dpkg/status(\.d/.+)?|apk/db/installed|rpm/.+|node_modules/.+|[^/]+\.(dist|egg)-info|[^/]+\.jar)$"
"""Extended regular expression of paths by which scanners find packages: Debian, Alpine, Red Hat, npm, Python, Java.

What compilers write into programs (Go, Rust) is found by content alone.
"""
_LARGEST = 1 << 29
"""Bytes of the largest file that is looked into."""
_PARSERS: tuple[tuple[re.Pattern[str], Callable[[str, bytes], Iterable[Package]]], ...] = tuple(
    (re.compile(pattern), parse)
    for pattern, parse in (
        (r"/dpkg/status$|/dpkg/status\.d/[^/]+(?<!\.md5sums)$", distributions.debian),
        (r"/apk/db/installed$", distributions.alpine),
        (r"/rpm/(Packages|Packages\.db|rpmdb\.sqlite)$", distributions.red_hat),
        (r"/package\.json$", languages.npm),
        (r"\.dist-info/METADATA$|\.egg-info/PKG-INFO$|\.egg-info$", languages.python),
        (r"\.(jar|war|ear)$", languages.java),
        (r"/release$", languages.java_runtime),
    )
)


def found_in(path: str, size: int, content: IO[bytes]) -> tuple[Package, ...]:
    """Return the packages that a file gives away: its path, its size in bytes, and a stream of its content.

    A file that should name packages and cannot be read counts as one, of the ecosystem ``UNREAD``: that nothing was
    understood is not that there is nothing.
    """
    parse = next((parse for pattern, parse in _PARSERS if pattern.search(path)), None)
    head = b"" if parse else content.read(len(programs.MAGIC))
    if head == programs.MAGIC:
        parse = programs.compiled
    if parse is None:
        return ()
    if size > _LARGEST:
        return (Package(UNREAD, path.rpartition("/")[2], "", path),)
    return tuple(sorted(set(parse(path, head + content.read()))))
