"""Pictures of images from what was measured: the stages of a build, what fills an image, bars beside figures.

All are inline SVG without colours of their own, so that they are right in the dark and on paper. The same data give
the same bytes. Each picture has its data beside it as a table.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from markupsafe import Markup

from walkthrough.record.evidence import AnatomyRecord, StageRecord
from walkthrough.units import size_text

_WIDTH, _LEFT, _RIGHT = 440, 48, 392
"""Width of the picture of the stages, and where its boxes begin and end: the curves need the rest."""
_HEIGHT, _GAP = 46, 16
_ARROW = 6
_LETTER = 6.0
"""Width of a letter of the 10 px fixed-width font in which parts are named."""
_SHADES = 3
_SHORTEST = 4
"""Letters below which the beginning of a name says nothing."""


@dataclass(frozen=True)
class Box:
    """A stage as drawn: ``y`` is its upper edge; ``kept`` is said of the stage that becomes the image."""

    stage: StageRecord
    y: int
    kept: bool
    on_stand_in: bool
    """Whether the base image that it is built on is a stand-in."""

    @property
    def size(self) -> str:
        """Its size as people read it, marked if a stand-in is part of it."""
        return size_text(self.stage.size) + ("†" if self.on_stand_in else "")

    @property
    def sources(self) -> list[str]:
        """The stages that it copies from, each once."""
        return list(dict.fromkeys(name for name, _ in self.stage.copies))


@dataclass(frozen=True)
class Curve:
    """An arrow from one box to another: the path of its line and of its head."""

    kind: str
    line: str
    head: str


@dataclass(frozen=True)
class StageGraph:
    """The stages of a build as a picture: boxes from top to bottom, curves for what one stage takes from another."""

    boxes: tuple[Box, ...]
    curves: tuple[Curve, ...]
    told: str
    """The picture in words."""
    width: int = _WIDTH
    left: int = _LEFT
    right: int = _RIGHT
    row: int = _HEIGHT

    @property
    def marked(self) -> bool:
        """Whether any size is that of a stage on a stand-in."""
        return any(box.on_stand_in for box in self.boxes)

    @property
    def height(self) -> int:
        """Height of the picture, in the units of its width."""
        return len(self.boxes) * (_HEIGHT + _GAP) - _GAP + 4


def stage_graph(anatomy: AnatomyRecord, stand_ins: Collection[str] = ()) -> StageGraph | None:
    """Return the picture of a build's stages, or None where the build is not known or has but one.

    ``stand_ins`` are the names of base images that were stand-ins.
    """
    stages = anatomy.stages
    if len(stages) < 2:
        return None
    standing: set[str] = set(stand_ins)
    for stage in stages:
        if stage.base in standing:
            standing.add(stage.name)
    boxes = tuple(
        Box(stage, 2 + index * (_HEIGHT + _GAP), index == len(stages) - 1, stage.name in standing)
        for index, stage in enumerate(stages)
    )
    at = {box.stage.name: box for box in boxes}
    curves = [_curve("base", at[box.stage.base], box) for box in boxes if at.get(box.stage.base, box).y < box.y]
    curves += [_curve("copy", at[source], box) for box in boxes for source in box.sources if source in at]
    return StageGraph(boxes, tuple(curves), _told(boxes))


def _curve(kind: str, source: Box, target: Box) -> Curve:
    """Return a curve on the left for a stage that begins with another, on the right for one that copies from it."""
    begin, end = source.y + _HEIGHT // 2 + 8, target.y + _HEIGHT // 2 - 8
    side, out = (_LEFT, -1) if kind == "base" else (_RIGHT, 1)
    reach = side + out * min(56, 14 + (end - begin) // 6)
    line = f"M{side},{begin} C{reach},{begin} {reach},{end} {side + out * _ARROW},{end}"
    head = f"M{side},{end} l{out * _ARROW},-{_ARROW - 2} v{2 * (_ARROW - 2)} z"
    return Curve(kind, line, head)


def _told(boxes: tuple[Box, ...]) -> str:
    said = []
    for box in boxes:
        stage = box.stage
        taken = f", copies from {' and '.join(box.sources)}" if box.sources else ""
        fate = "is the image" if box.kept else "is left behind"
        size = size_text(stage.size) + (" with a stand-in" if box.on_stand_in else "")
        said.append(f"{stage.name} begins with {stage.base}{taken}, has {size} and {fate}")
    return "; ".join(said) + "."


@dataclass(frozen=True)
class Part:
    """A part of a strip: where it begins, how wide it is, its name and as much of it as fits, its size, its shade."""

    x: float
    width: float
    name: str
    label: str
    size: str
    shade: int


@dataclass(frozen=True)
class LayerMap:
    """What an image is filled with, as two strips of parts: its layers from the bottom, its files by size."""

    layers: tuple[Part, ...]
    files: tuple[Part, ...]
    told: str
    """The picture in words."""
    width: int = _WIDTH
    row: int = 26


def layer_map(anatomy: AnatomyRecord) -> LayerMap | None:
    """Return the map of an image, or None where it holds one thing only."""
    files = [(content.path, content.size) for content in anatomy.contents]
    if len(files) < 2:
        return None
    base = sum(layer.size for layer in anatomy.layers if layer.base)
    own = [(layer.instruction, layer.size) for layer in anatomy.layers if layer.size and not layer.base]
    layers = [("the base image", base), *own] if base else own
    told = "; ".join(f"{path} {size_text(size)}" for path, size in files)
    return LayerMap(_strip(layers), _strip(files), f"Files: {told}.")


def _strip(parts: list[tuple[str, int]]) -> tuple[Part, ...]:
    whole = sum(size for _, size in parts)
    strip: list[Part] = []
    at = 0.0
    for number, (name, size) in enumerate(parts):
        width = _WIDTH * size / whole
        shade = number % _SHADES
        strip.append(Part(round(at, 1), round(width, 1), name, fitting(name, width), size_text(size), shade))
        at += width
    return tuple(strip)


def fitting(name: str, width: float) -> str:
    """Return as much of a name as fits: all of it, the last parts of a path, the beginning of the last, or nothing."""
    room = int((width - 8) / _LETTER)
    cuts = [at for at, letter in enumerate(name) if letter == "/" and at] if name.startswith("/") else []
    for words in (name, *(f"…{name[at:]}" for at in cuts)):
        if len(words) <= room:
            return words
    last = name[cuts[-1] + 1 :] if cuts else name
    if len(last) <= room:
        return last
    return f"{last[: room - 1]}…" if room >= _SHORTEST else ""


def bar(value: float, most: float) -> Markup:
    """Return a bar that shows ``value`` as a share of ``most``; what it says stands beside it as text."""
    share = 100 * value / most if most else 0.0
    return Markup(
        '<svg class="walk-bar" viewBox="0 0 100 6" preserveAspectRatio="none" aria-hidden="true" focusable="false">'
        '<rect width="100" height="6" class="walk-bar-whole"/><rect width="{}" height="6"/></svg>'
    ).format(f"{max(share, 0.4):.1f}" if value else "0")


def shares(parts: Iterable[tuple[str, int]]) -> list[dict[str, str | Markup]]:
    """Return rows of a table for named sizes in bytes: name, size, share of the sum in percent, bar."""
    named = list(parts)
    whole = sum(size for _, size in named)
    return [
        {
            "name": name,
            "size": size_text(size),
            "percent": f"{100 * size / whole:.0f} %" if whole else "",
            "bar": bar(size, whole),
        }
        for name, size in named
    ]
