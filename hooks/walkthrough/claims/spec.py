"""A checks block: what it is about, by its name, and everything that a page claims of it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Annotated, Any, cast, get_args

import yaml
from pydantic import AfterValidator, BaseModel, Field, ValidationError, create_model

from walkthrough.claims.claim import Of, Strict
from walkthrough.claims.registry import claims, claims_of
from walkthrough.schema import NotYamlError, explain, line_of, read_yaml

_REFERENCE = re.compile(r"[A-Za-z0-9][\w./-]*(:[0-9]+/[\w./-]+)?(:\w[\w.-]*)?(@\w+:[0-9a-f]+)?", re.ASCII)
"""A reference (distribution/reference): letters, and none that a shell reads as anything else."""
_NAME = r"^[A-Za-z0-9][\w.-]*$"
"""A name of a container, a network or a volume (moby, daemon/names)."""
_REGISTRY = r"(localhost(:[0-9]+)?|[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+(:[0-9]+)?|[A-Za-z0-9-]+:[0-9]+)"
_REPOSITORY = rf"^{_REGISTRY}(/[a-z0-9]+([._-]+[a-z0-9]+)*)+$"
"""A reference without a tag, whose first part is a registry: it has a dot or a port (distribution/reference)."""
_HERE = r"^http://(localhost|127\.0\.0\.1)(:[0-9]{1,5})?/[!-~]*$"
"""An address on the machine itself: no page puts a load on anybody else."""
Fault = tuple[int, str, str]
"""Line, what is wrong, and what to do."""


@dataclass(frozen=True)
class Spec:
    """Everything that a page claims of one thing: ``made`` has each claim's value by its name, in their order."""

    name: str
    made: Mapping[str, Any]
    of: Of = "image"

    @property
    def claimed(self) -> list[tuple[str, str]]:
        """Every single claim by its key, in words for a reader who has no finding yet."""
        return [
            (key, f"{name}: {' '.join(entry) if isinstance(entry, tuple) else entry}")
            for name, entry, key in self.entries
        ]

    @property
    def entries(self) -> list[tuple[str, Any, str]]:
        """Every single claim: its name, its value, and its key in the block."""
        return [(name, one, key) for name, value in self.made.items() for key, one in claims()[name].entries(value)]

    @property
    def keys(self) -> list[str]:
        """The key of every single claim, such as ``size`` or ``http.0``: one finding is made for each."""
        return [key for _, _, key in self.entries]


@dataclass(frozen=True)
class ImageSpec(Spec):
    """Everything that a page claims of an image.

    ``check`` is the name under which the lab's script offers it to readers; with ``init`` and ``read_only`` every
    container is run like that.
    """

    check: str | None = None
    init: bool = False
    read_only: bool = False


@dataclass(frozen=True)
class StandingSpec(Spec):
    """Everything that a page claims of what stands on the engine; of a service, ``project`` is the one of Compose."""

    project: str | None = None


def _reference(name: str) -> str:
    if not _REFERENCE.fullmatch(name):
        raise ValueError(f"'{name}' is no name of an image; write one such as go-app or go-app:naive")
    return name


class _Image(Strict):
    image: Annotated[str, AfterValidator(_reference)]
    check: str | None = Field(default=None, pattern=r"^[a-z][a-z0-9-]*$")
    init: bool = False
    read_only: bool = False


class _Container(Strict):
    container: str = Field(pattern=_NAME)


class _Service(Strict):
    service: str = Field(pattern=_NAME)
    project: str | None = Field(default=None, pattern=_NAME)


class _Network(Strict):
    network: str = Field(pattern=_NAME)


class _Volume(Strict):
    volume: str = Field(pattern=_NAME)


class _Repository(Strict):
    repository: str = Field(pattern=_REPOSITORY)


class _Url(Strict):
    url: str = Field(pattern=_HERE)


_SETTINGS: dict[Of, type[Strict]] = {
    "image": _Image,
    "container": _Container,
    "service": _Service,
    "network": _Network,
    "volume": _Volume,
    "repository": _Repository,
    "url": _Url,
}


@cache
def _schema(of: Of) -> type[BaseModel]:
    fields = {name: (claim.schema | None, None) for name, claim in claims_of(of).items()}
    return create_model("Checks", __base__=_SETTINGS[of], **cast("dict[str, Any]", fields))


def read_spec(text: str, first_line: int) -> tuple[Spec | None, list[Fault]]:
    """Read a checks block that begins at ``first_line``; return the specification, or None, and all that is wrong."""
    try:
        node, values = read_yaml(text)
    except NotYamlError as error:
        return None, [(first_line + error.line, f"the checks are not YAML: {error}", "correct it")]
    if not isinstance(values, dict) or not isinstance(node, yaml.MappingNode):
        return None, [(first_line, "the checks are not a mapping", "write 'image: NAME' and claims below it")]
    about: list[Of] = [of for of in get_args(Of) if of in values]
    if len(about) > 1:
        what = f"the checks are about {' and '.join(map(_a, about))}"
        return None, [(first_line + line_of(node, (about[1],)), what, "write a block for each")]
    of = about[0] if about else "image"
    faults = [
        (first_line + key.start_mark.line, f"check '{key.value}': it is claimed twice", "keep one of them")
        for key in _twice(node)
    ]
    try:
        read = _schema(of).model_validate(values)
    except ValidationError as error:
        return None, [*faults, *(_fault(node, of, values, first_line, entry) for entry in error.errors())]
    faults += [
        (first_line + line_of(node, (name,)), f"check '{name}': it has no value", "write one, or leave it out")
        for name, value in values.items()
        if value is None
    ]
    made = {name: getattr(read, name) for name in claims_of(of) if getattr(read, name) is not None}
    for name, value in made.items():
        needed = claims()[name].needs
        if needed and needed[0] not in made:
            what = f"check '{name}': it {needed[1]}"
            faults.append((first_line + line_of(node, (name,)), what, f"claim '{needed[0]}' too"))
        if not list(claims()[name].entries(value)):
            faults.append((first_line + line_of(node, (name,)), f"check '{name}': it claims nothing", "name something"))
    if not made:
        known = ", ".join(claims_of(of))
        faults.append((first_line, "the checks claim nothing", f"add a claim; known are {known}"))
    if faults:
        return None, faults
    settings = {name: getattr(read, name) for name in _SETTINGS[of].model_fields}
    kind = ImageSpec if of == "image" else StandingSpec
    return kind(settings.pop(of), made, of, **settings), []


def _a(of: Of) -> str:
    return f"{'an' if of == 'image' else 'a'} {of}"


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


def _fault(node: yaml.MappingNode, of: Of, values: dict[str, Any], first_line: int, entry: Any) -> Fault:
    key = ".".join(map(str, entry["loc"]))
    line = first_line + line_of(node, entry["loc"])
    other = claims().get(key)
    if entry["type"] == "extra_forbidden" and other:
        return line, f"check '{key}': it is no claim about {_a(of)}", f"make it in a block about {_a(other.of)}"
    known = "known claims: " + ", ".join([*_SETTINGS[of].model_fields, *claims_of(of)])
    what = f"check '{key or values.get(of)}': {explain(entry)}"
    return line, what, known if entry["type"] == "extra_forbidden" else "correct it"


def claim_line(text: str, first_line: int, key: str) -> int:
    """Return the line of the claim ``key`` in a checks block that begins at ``first_line``."""
    loc = tuple(int(part) if part.isdigit() else part for part in key.split("."))
    return first_line + line_of(yaml.compose(text, yaml.SafeLoader), loc)
