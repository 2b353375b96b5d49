"""What an image is made of, for its picture: layers, what fills it, and the stages of its build with their sizes."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePosixPath

from walkthrough.images.image import Image

_WORTH_NAMING = 0.05
"""Share of an image below which a folder or file is told only as part of a greater one."""
_OF_MIRRORS = PurePosixPath("/var/lib/apt/lists")
"""Files in it are called after the mirror that a machine has, which is no fact of the image: they are told as one."""
_BUILDKIT_MARK = " # buildkit"


@dataclass(frozen=True)
class LayerPart:
    """One layer: the instruction that made it, its size in bytes; ``base`` where it came with the base image."""

    instruction: str
    size: int
    base: bool = False


@dataclass(frozen=True)
class Content:
    """A file or folder of the final file system and the bytes in it that no other content of the list counts."""

    path: str
    size: int


@dataclass(frozen=True)
class StagePart:
    """One stage: the image or stage that it begins with, its size (uncompressed, bytes), what it copies from others."""

    name: str
    base: str
    size: int
    copies: tuple[tuple[str, str], ...] = ()
    """Pairs of another stage's name and the instruction."""


@dataclass(frozen=True)
class Anatomy:
    """Layers from the bottom up, contents by size, stages in order (empty where no build is known)."""

    layers: tuple[LayerPart, ...]
    contents: tuple[Content, ...]
    stages: tuple[StagePart, ...] = ()


def anatomy(image: Image, stages: tuple[StagePart, ...] = (), own_layers: int | None = None) -> Anatomy:
    """Return what ``image`` is made of; its topmost ``own_layers`` were made by its Dockerfile, if that is known."""
    base = 0 if own_layers is None else max(0, len(image.layers) - own_layers)
    layers = tuple(
        LayerPart("the base image" if index < base else _instruction(layer.created_by), layer.size, index < base)
        for index, layer in enumerate(image.layers)
    )
    return Anatomy(layers, contents(image.paths), stages)


def contents(paths: dict[str, int]) -> tuple[Content, ...]:
    """Return what fills a file system, given each path's size in bytes; the largest first.

    A folder or file is named if it holds a twentieth of the whole that nothing named below it holds; what remains is
    told of ``/``. The sizes add up to the whole.
    """
    total = sum(paths.values())
    below: dict[PurePosixPath, int] = {}
    for path, size in paths.items():
        place = PurePosixPath(path)
        if _OF_MIRRORS in place.parents:
            place = _OF_MIRRORS
        below[place] = below.get(place, 0) + size
        for parent in place.parents:
            below.setdefault(parent, 0)
    named: list[Content] = []
    root = PurePosixPath("/")
    for place in sorted(below, key=lambda place: (-len(place.parts), str(place))):
        size = below[place]
        if place != root and size < _WORTH_NAMING * total:
            below[place.parent] += size
        elif size:
            named.append(Content(str(place), size))
    return tuple(sorted(named, key=lambda content: (-content.size, content.path)))


def _instruction(created_by: str) -> str:
    """Return a layer's instruction as its Dockerfile has it, on one line."""
    text = " ".join(created_by.removesuffix(_BUILDKIT_MARK).split())
    return text.replace("RUN /bin/sh -c ", "RUN ")[:160]
