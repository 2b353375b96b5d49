"""Layers laid over one another, as an engine unpacks them (OCI image specification, layer.md)."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from walkthrough.images.image import MOST_LINKS, Entry

_WHITEOUT, _OPAQUE, _META = ".wh.", ".wh..wh..opq", ".wh..wh."


@dataclass
class _Node:
    """A path: what its layer says of it (None for a folder that no layer names), and what is below it."""

    entry: Entry | None = None
    below: dict[str, _Node] = field(default_factory=dict)

    @property
    def is_folder(self) -> bool:
        return self.entry is None or self.entry.kind == "folder"


class FileSystem:
    """A file system that layers are laid over, from the bottom up."""

    def __init__(self) -> None:
        self._root = _Node()

    def lay_over(self, entries: Iterable[tuple[str, Entry]]) -> None:
        """Apply one layer: first what it hides of the layers below, then what it holds, in its order.

        A folder over a folder leaves what is in it. Anything else that is put where something stands takes its place,
        and what was below that is gone.
        """
        named = [(_parts(name), entry) for name, entry in entries]
        for parts, _ in named:
            if parts and parts[-1].startswith(_WHITEOUT):
                self._hide(parts)
        for parts, entry in named:
            if parts and not parts[-1].startswith(_WHITEOUT):
                self._put(parts, entry)

    def entries(self) -> dict[str, Entry]:
        """Return what stands at each absolute path that a layer names."""
        found: dict[str, Entry] = {}
        waiting = [("", self._root)]
        while waiting:
            folder, node = waiting.pop()
            for name, child in node.below.items():
                if child.entry is not None:
                    found[f"{folder}/{name}"] = child.entry
                waiting.append((f"{folder}/{name}", child))
        return found

    def _hide(self, parts: list[str]) -> None:
        folder = self._folder(parts[:-1])
        if folder is None:
            return
        if parts[-1] == _OPAQUE:
            folder.below.clear()
        elif not parts[-1].startswith(_META):
            folder.below.pop(parts[-1].removeprefix(_WHITEOUT), None)

    def _put(self, parts: list[str], entry: Entry) -> None:
        if entry.kind == "same":
            other = _parts(entry.target)
            place = self._folder(other[:-1]) if other else None
            found = place.below.get(other[-1]) if place else None
            # The bytes are counted where they were first named.
            entry = replace(found.entry, size=0) if found and found.entry else replace(entry, kind="file", target="")
        folder = self._folder(parts[:-1], make=True)
        assert folder is not None
        known = folder.below.get(parts[-1])
        if known and known.is_folder and entry.kind == "folder":
            known.entry = entry
        else:
            folder.below[parts[-1]] = _Node(entry)

    def _folder(self, parts: list[str], make: bool = False) -> _Node | None:
        """Return the folder at a path whose parts may be links; ``make`` those that are not there."""
        node, trail, rest, links = self._root, [self._root], list(parts), 0
        while rest:
            part = rest.pop(0)
            if part == "..":
                trail = trail[:-1] or [self._root]
                node = trail[-1]
                continue
            known = node.below.get(part)
            if known and known.entry and known.entry.kind == "link" and links < MOST_LINKS:
                links += 1
                target = known.entry.target
                if target.startswith("/"):
                    node, trail = self._root, [self._root]
                rest = [step for step in target.split("/") if step not in ("", ".")] + rest
                continue
            if known is None or not known.is_folder:
                if not make:
                    return None
                known = node.below[part] = _Node()
            node = known
            trail.append(node)
        return node


def _parts(name: str) -> list[str]:
    """Return the parts of the path that a name in a layer's archive means."""
    return [part for part in posixpath.normpath(f"/{name.lstrip('/')}").split("/") if part]
