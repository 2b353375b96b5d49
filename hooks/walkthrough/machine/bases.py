"""Base images by name: which ones texts need, and the recipes of their stand-ins.

A recipe is a folder below ``recipes/``: a Dockerfile, and ``facts.yaml``, the table of what the official image is by
its public Dockerfile.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Literal

import yaml
from pydantic import BaseModel, ConfigDict

STAND_IN_LABEL = "docker-labs.stand-in"
"""Label of a stand-in: official name and recipe digest. An image whose last stage begins with one inherits it."""
_FROM = re.compile(r"^\+?\s*FROM\s+(?:--\S+\s+)*(?P<name>\S+)(?:\s+AS\s+(?P<stage>\S+))?", re.IGNORECASE | re.MULTILINE)
_COPY_FROM = re.compile(r"--from=(?P<name>[\w./-]+:[\w.-]+)")
_ARGUMENT = re.compile(
    r"""(?:^\+?\s*ARG\s+|--build-arg[ =])["']?(?P<name>\w+)=["']?(?P<value>[^\s"']+)""", re.IGNORECASE | re.MULTILINE
)
_VARIABLE = re.compile(r"\$(?:\{(?P<name>\w+)(?::?-(?P<default>[^}]*))?\}|(?P<bare>\w+))")
RECIPES = Path(__file__).parent / "recipes"
"""The folder of the recipes."""
READER = Path(__file__).parent / "reader"
"""The build context of the reader's machine."""


_ENGINE = "docker"
Kind = Literal["fresh", "docker"]
"""A machine just rented, or one that its reader has set up: stages of the build."""
RELEASES = ("29", "26")
"""The releases of Docker that pages are walked on; the first is the one that the setup page installs."""


class Base(BaseModel):
    """A base image as it was used: ``digest`` is the registry's, or the stand-in's image id."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    digest: str
    stand_in: bool
    differs: list[str] = []


class Facts(BaseModel):
    """The table of a recipe: the official image by its public Dockerfile, and what the stand-in does differently."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    image: str
    official: str
    needs: list[str] = []
    root: bool = False
    """Whether the build context holds ``root.tar``, a minimal Debian."""
    suite: str = "trixie"
    """The Debian release of that archive."""
    env: dict[str, str] = {}
    user: str = ""
    workdir: str = ""
    entrypoint: list[str] = []
    cmd: list[str] = []
    present: list[str] = []
    absent: list[str] = []
    differs: list[str]


@cache
def _facts(path: Path, _changed: int) -> Facts:
    """Return what a file says that was changed then: a run asks for it many times."""
    return Facts.model_validate(yaml.safe_load(path.read_text()))


class Recipe:
    """One recipe folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        path = folder / "facts.yaml"
        self.facts = _facts(path, path.stat().st_mtime_ns)

    def label(self, others: dict[str, Recipe]) -> str:
        """Return the value of the label of a stand-in made by this recipe as it is now."""
        return f"{self.facts.image} {self.digest(others)}"

    def digest(self, others: dict[str, Recipe]) -> str:
        """Return the digest of the recipe, of the recipes that it needs, and of this machine's certificates."""
        told = hashlib.sha256()
        for path in sorted(self.folder.iterdir()):
            told.update(path.read_bytes() if path.is_file() else b"")
        for name in self.facts.needs:
            told.update(others[name].digest(others).encode())
        for certificate in certificates():
            told.update(certificate.read_bytes())
        return told.hexdigest()[:16]


def recipes() -> dict[str, Recipe]:
    """Return all recipes by the official name of their image."""
    found = [Recipe(path.parent) for path in sorted(RECIPES.glob("*/facts.yaml"))]
    return {recipe.facts.image: recipe for recipe in found}


def _filled(name: str, arguments: Mapping[str, Iterable[str]]) -> set[str]:
    """Return a name with its variables (``$V``, ``${V}``, ``${V:-default}``) filled in, in each known way."""
    found = _VARIABLE.search(name)
    if not found:
        return {name}
    values = {*arguments.get(found["name"] or found["bare"], ()), *([found["default"]] if found["default"] else [])}
    filled = {name[: found.start()] + value + name[found.end() :] for value in values}
    return {whole for part in filled for whole in _filled(part, arguments)}


def names_in(texts: Iterable[str]) -> set[str]:
    """Return the base images that executable texts (Dockerfiles, diffs of them, commands) name.

    Images of a recipe are found wherever they are named, others in FROM lines and ``--from=name:tag``. A variable in
    a name stands for what an ARG or a ``--build-arg`` of these texts says.
    """
    names: set[str] = set()
    texts = list(texts)
    stages = {found["stage"].lower() for text in texts for found in _FROM.finditer(text) if found["stage"]}
    arguments: dict[str, set[str]] = {}
    for text in texts:
        for found in _ARGUMENT.finditer(text):
            arguments.setdefault(found["name"], set()).add(found["value"])
    for text in texts:
        named = {found["name"] for found in _FROM.finditer(text)} | {f["name"] for f in _COPY_FROM.finditer(text)}
        filled = {whole for name in named for whole in _filled(name, arguments)}
        names |= {name for name in filled if name.lower() not in stages and name != "scratch"}
    return names | known_in(texts)


def known_in(texts: Iterable[str]) -> set[str]:
    """Return the images of recipes that texts of any kind name, wherever that is."""
    whole = "\n".join(texts)
    return {name for name in recipes() if re.search(rf"(?<![\w./-]){re.escape(name)}(?![\w.-])", whole)}


def of_the_machine(kind: Kind, release: str) -> set[str]:
    """Return the base images that a reader's machine is made from, with Docker of that release where it has Docker."""
    texts = [(READER / "Dockerfile").read_text(encoding="utf-8")]
    named = {name for name in names_in(texts) if not name.startswith(f"{_ENGINE}:")}
    return named | {engine_of(release)} if kind == "docker" else named


def engine_of(release: str) -> str:
    """Return the name of the image that holds Docker of a release, such as ``29``."""
    return f"{_ENGINE}:{release}-dind"


def certificates() -> list[Path]:
    """Return this machine's CA bundle and the authorities that its owner added, where there are any."""
    added = sorted(Path("/usr/local/share/ca-certificates").glob("*.crt"))
    bundle = Path("/etc/ssl/certs/ca-certificates.crt")
    return [*added, bundle] if bundle.is_file() else added
