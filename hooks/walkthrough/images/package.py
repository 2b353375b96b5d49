"""A package, as scanners name it."""

from __future__ import annotations

from typing import NamedTuple

UNREAD = "unread"
"""The ecosystem of what could not be looked into."""


class Package(NamedTuple):
    """A package: its ecosystem, name, version, and the path that gives it away.

    Ecosystems are ``deb``, ``apk``, ``rpm``, ``npm``, ``python``, ``java``, ``go``, ``rust``, ``binary`` for a runtime
    without its package, and ``UNREAD``. ``source`` is the package that it was built from, and that one's version in
    brackets, where they differ from its own.
    """

    ecosystem: str
    name: str
    version: str
    path: str
    source: str = ""
