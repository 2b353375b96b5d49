"""A checks block: an image, how its containers are run, and everything that a page claims of it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Annotated, Any, cast

import yaml
from pydantic import AfterValidator, BaseModel, Field, ValidationError, create_model

from walkthrough.claims.claim import Strict
from walkthrough.claims.registry import claims
from walkthrough.schema import NotYamlError, explain, line_of, read_yaml

_REFERENCE = re.compile(r"[A-Za-z0-9][\w./-]*(:[0-9]+/[\w./-]+)?(:\w[\w.-]*)?(@\w+:[0-9a-f]+)?", re.ASCII)
"""A reference (distribution/reference): letters, and none that a shell reads as anything else."""
Fault = tuple[int, str, str]
"""Line, what is wrong, and what to do."""


@dataclass(frozen=True)
class ImageSpec:
    """Everything that a page claims of an image.

    ``check`` is the name under which the lab's script offers it to readers; ``made`` has each claim's value by its
    name, in the order of the claims; with ``init`` and ``read_only`` every container is run like that.
    """

    image: str
    made: Mapping[str, Any]
    check: str | None = None
    init: bool = False
    read_only: bool = False

    @property
    def claimed(self) -> list[tuple[str, str]]:
        """Every single claim by its key, in words for a reader who has no finding yet."""
        return [
            (key, f"{name}: {' '.join(entry) if isinstance(entry, tuple) else entry}")
            for name, value in self.made.items()
            for key, entry in claims()[name].entries(value)
        ]

    @property
    def keys(self) -> list[str]:
        """The key of every single claim, such as ``size`` or ``http.0``: one finding is made for each."""
        return [key for key, _ in self.claimed]


def _reference(name: str) -> str:
    if not _REFERENCE.fullmatch(name):
        raise ValueError(f"'{name}' is no name of an image; write one such as go-app or go-app:naive")
    return name


class _Settings(Strict):
    image: Annotated[str, AfterValidator(_reference)]
    check: str | None = Field(default=None, pattern=r"^[a-z][a-z0-9-]*$")
    init: bool = False
    read_only: bool = False


@cache
def _schema() -> type[BaseModel]:
    fields = {name: (claim.schema | None, None) for name, claim in claims().items()}
    return create_model("Checks", __base__=_Settings, **cast("dict[str, Any]", fields))


def read_spec(text: str, first_line: int) -> tuple[ImageSpec | None, list[Fault]]:
    """Read a checks block that begins at ``first_line``; return the specification, or None, and all that is wrong."""
    try:
        node, values = read_yaml(text)
    except NotYamlError as error:
        return None, [(first_line + error.line, f"the checks are not YAML: {error}", "correct it")]
    if not isinstance(values, dict) or not isinstance(node, yaml.MappingNode):
        return None, [(first_line, "the checks are not a mapping", "write 'image: NAME' and claims below it")]
    faults = [
        (first_line + key.start_mark.line, f"check '{key.value}': it is claimed twice", "keep one of them")
        for key in _twice(node)
    ]
    try:
        read = _schema().model_validate(values)
    except ValidationError as error:
        return None, [*faults, *(_fault(node, values, first_line, entry) for entry in error.errors())]
    faults += [
        (first_line + line_of(node, (name,)), f"check '{name}': it has no value", "write one, or leave it out")
        for name, value in values.items()
        if value is None
    ]
    made = {name: getattr(read, name) for name in claims() if getattr(read, name) is not None}
    for name, value in made.items():
        needed = claims()[name].needs
        if needed and needed[0] not in made:
            what = f"check '{name}': it {needed[1]}"
            faults.append((first_line + line_of(node, (name,)), what, f"claim '{needed[0]}' too"))
        if not list(claims()[name].entries(value)):
            faults.append((first_line + line_of(node, (name,)), f"check '{name}': it claims nothing", "name something"))
    if not made:
        faults.append((first_line, "the checks claim nothing", "add a claim, such as 'size: 10 MB'"))
    if faults:
        return None, faults
    settings = {name: getattr(read, name) for name in _Settings.model_fields}
    return ImageSpec(made=made, **settings), []


def _twice(node: yaml.Node) -> Iterator[yaml.Node]:
    """Yield each key that its mapping has already, at any depth: YAML would let the last one win."""
    if isinstance(node, yaml.MappingNode):
        for index, (key, value) in enumerate(node.value):
            if any(key.value == other.value for other, _ in node.value[:index]):
                yield key
            yield from _twice(value)
    elif isinstance(node, yaml.SequenceNode):
        for part in node.value:
            yield from _twice(part)


def _fault(node: yaml.MappingNode, values: dict[str, Any], first_line: int, entry: Any) -> Fault:
    known = "known claims: " + ", ".join([*_Settings.model_fields, *claims()])
    what = f"check '{'.'.join(map(str, entry['loc'])) or values.get('image')}': {explain(entry)}"
    line = first_line + line_of(node, entry["loc"])
    return line, what, known if entry["type"] == "extra_forbidden" else "correct it"


def claim_line(text: str, first_line: int, key: str) -> int:
    """Return the line of the claim ``key`` in a checks block that begins at ``first_line``."""
    loc = tuple(int(part) if part.isdigit() else part for part in key.split("."))
    return first_line + line_of(yaml.compose(text, yaml.SafeLoader), loc)
