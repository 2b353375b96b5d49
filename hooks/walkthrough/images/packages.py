"""The packages in an image, as scanners find them: by the traces that package managers leave."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

TRACES = r"/(dpkg/status(\.d/.+)?|apk/db/installed|rpm/.+|node_modules/.+|[^/]+\.(dist|egg)-info|[^/]+\.jar)$"
"""Extended regular expression of paths by which scanners find packages: Debian, Alpine, Red Hat, npm, Python, Java."""
DATABASES = {"/var/lib/dpkg/status": "Package: ", "/lib/apk/db/installed": "P:"}
"""Text files that list the packages of a distribution, and how the line begins that names each."""

_NAMED = re.compile(
    r"/dpkg/status\.d/[^/]+(?<!\.md5sums)$"
    r"|.+\.(?:dist|egg)-info(?=/|$)"
    r"|.*/node_modules/(?:@[^/]+/)?[^/.@][^/]*(?=/package\.json$)"
    r"|.+\.jar$"
)


def traces(paths: Iterable[str]) -> list[str]:
    """Return the paths that lead a scanner to a package, sorted."""
    return sorted(path for path in paths if re.search(TRACES, path))


def count_packages(paths: Iterable[str], databases: Mapping[str, bytes]) -> int:
    """Return how many packages a scanner would find.

    Args:
        paths: every path of the image.
        databases: the content of those of ``DATABASES`` that it has. A database of another kind counts as one.
    """
    paths = list(paths)
    listed = sum(
        line.startswith(DATABASES[path])
        for path, content in databases.items()
        for line in content.decode(errors="replace").splitlines()
    )
    named = {found[0] for path in paths if (found := _NAMED.search(path))}
    return listed + len(named) or int(bool(traces(paths)))
