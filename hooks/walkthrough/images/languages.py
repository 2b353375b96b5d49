"""Packages of languages: what npm, pip and Maven leave behind, jars inside jars included."""

from __future__ import annotations

import io
import json
import re
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import PurePosixPath

from walkthrough.images.package import UNREAD, Package

_DEEPEST = 8
_LARGEST_INSIDE = 1 << 28
"""Bytes, unpacked, of the largest archive inside of another that is looked into."""
_ARCHIVE = re.compile(r"\.(jar|war|ear)$")
_VERSIONED = re.compile(r"(?P<name>.+?)-(?P<version>\d[\w.+-]*)$")
_TITLES = ("Bundle-SymbolicName", "Automatic-Module-Name", "Implementation-Title", "Specification-Title")
_VERSIONS = ("Implementation-Version", "Bundle-Version", "Specification-Version")


def npm(path: str, content: bytes) -> Iterator[Package]:
    """Yield the package of a ``package.json`` that has a name and a version; one without is a setting, no package."""
    try:
        told = json.loads(content)
    except (ValueError, RecursionError):
        return
    if isinstance(told, dict) and isinstance(told.get("name"), str) and isinstance(told.get("version"), str):
        yield Package("npm", told["name"], told["version"], path)


def python(path: str, content: bytes) -> Iterator[Package]:
    """Yield the package of a ``METADATA`` or ``PKG-INFO`` file (PyPA, "Core metadata"), by its normal name."""
    fields: dict[str, str] = {}
    for line in content.decode(errors="replace").splitlines():
        if not line:
            break
        name, _, value = line.partition(":")
        fields.setdefault(name.lower(), value.strip())
    folder = next((part for part in PurePosixPath(path).parts if part.endswith("-info")), path)
    name = re.sub(r"[-_.]+", "-", fields.get("name") or folder.partition("-")[0]).lower()
    yield Package("python", name, fields.get("version", ""), path)


def java(path: str, content: bytes) -> Iterator[Package]:
    """Yield the packages of a Java archive and of those inside of it.

    They are those that Maven noted in it; where it noted none, the one of its manifest or of its name.
    """
    yield from _java(path, content, 0)


def _java(place: str, content: bytes, depth: int) -> Iterator[Package]:
    stem = PurePosixPath(place).stem
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            noted = [name for name in archive.namelist() if name.endswith("/pom.properties")]
            yield from (_maven(place, archive.read(name)) for name in noted)
            if not noted:
                yield _named(place, archive)
            for inner in archive.infolist():
                if not _ARCHIVE.search(inner.filename) or inner.is_dir():
                    continue
                inside = f"{place}:{inner.filename}"
                if depth == _DEEPEST or inner.file_size > _LARGEST_INSIDE:
                    yield Package(UNREAD, PurePosixPath(inner.filename).name, "", inside)
                else:
                    yield from _java(inside, archive.read(inner), depth + 1)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, OSError, ValueError, zlib.error):
        yield Package(UNREAD, stem, "", place)


_JAVA = re.compile(rb'^JAVA_VERSION="([^"]+)"', re.MULTILINE)


def java_runtime(path: str, content: bytes) -> Iterator[Package]:
    """Yield the Java runtime whose ``release`` file this is."""
    found = _JAVA.search(content)
    if found:
        yield Package("binary", "openjdk", found[1].decode(errors="replace"), path)


def _maven(place: str, text: bytes) -> Package:
    pairs = (line.partition("=") for line in text.decode(errors="replace").splitlines() if not line.startswith("#"))
    told = {name.strip(): value.strip() for name, _, value in pairs}
    return Package("java", f"{told.get('groupId', '')}:{told.get('artifactId', '')}", told.get("version", ""), place)


def _named(place: str, archive: zipfile.ZipFile) -> Package:
    manifest: dict[str, str] = {}
    if "META-INF/MANIFEST.MF" in archive.namelist():
        text = archive.read("META-INF/MANIFEST.MF").decode(errors="replace")
        for line in re.sub(r"\r?\n ", "", text).splitlines():
            name, _, value = line.partition(":")
            manifest.setdefault(name, value.strip())
    versioned = _VERSIONED.fullmatch(PurePosixPath(place).stem)
    if versioned:
        return Package("java", versioned["name"], versioned["version"], place)
    title = next((manifest[key].partition(";")[0] for key in _TITLES if manifest.get(key)), "")
    version = next((manifest[key] for key in _VERSIONS if manifest.get(key)), "")
    return Package("java", title or PurePosixPath(place).stem, version, place)
