"""Packages of distributions: the databases of dpkg, apk and rpm."""

from __future__ import annotations

import sqlite3
import struct
from collections.abc import Iterator

from walkthrough.images.package import UNREAD, Package

_NAME, _VERSION, _RELEASE, _EPOCH = 1000, 1001, 1002, 1003
"""Tags of an RPM header (RPM's file format, "Header Structure")."""
_NDB_PAGE = 4096
_SQLITE, _NDB = b"SQLite format 3\0", b"RpmP"


def debian(path: str, content: bytes) -> Iterator[Package]:
    """Yield the packages of dpkg's status file, or of one of distroless' ``status.d``; removed ones are left out."""
    for paragraph in content.decode(errors="replace").split("\n\n"):
        fields = dict(_fields(paragraph, ": "))
        installed = fields.get("Status", "installed").split()[-1:] == ["installed"]
        if "Package" in fields and installed:
            yield Package("deb", fields["Package"], fields.get("Version", ""), path, fields.get("Source", ""))


def alpine(path: str, content: bytes) -> Iterator[Package]:
    """Yield the packages of apk's database."""
    for paragraph in content.decode(errors="replace").split("\n\n"):
        fields = dict(_fields(paragraph, ":"))
        if "P" in fields:
            yield Package("apk", fields["P"], fields.get("V", ""), path, fields.get("o", ""))


def _fields(paragraph: str, mark: str) -> Iterator[tuple[str, str]]:
    for line in paragraph.splitlines():
        name, found, value = line.partition(mark)
        if found and not line.startswith((" ", "\t")):
            yield name, value.strip()


def red_hat(path: str, content: bytes) -> Iterator[Package]:
    """Yield the packages of an RPM database, as SQLite (Red Hat, Fedora) or as ndb (SUSE); others stay unread."""
    try:
        blobs = list(_sqlite(content) if content.startswith(_SQLITE) else _ndb(content))
        yield from [_header(path, blob) for blob in blobs]
    except (ValueError, struct.error, KeyError, sqlite3.Error):
        yield Package(UNREAD, "the RPM database", "", path)


def _sqlite(content: bytes) -> Iterator[bytes]:
    database = sqlite3.connect(":memory:")
    try:
        database.deserialize(content)
        for (blob,) in database.execute("SELECT blob FROM Packages"):
            yield blob
    finally:
        database.close()


def _ndb(content: bytes) -> Iterator[bytes]:
    magic, _, _, pages = struct.unpack_from("<4sIII", content)
    if magic != _NDB:
        raise ValueError("no RPM database that can be read")
    for at in range(32, pages * _NDB_PAGE, 16):
        _, number, offset, _ = struct.unpack_from("<4sIII", content, at)
        if number:
            _, _, _, length = struct.unpack_from("<4sIII", content, offset * 16)
            yield content[offset * 16 + 16 : offset * 16 + 16 + length]


def _header(path: str, blob: bytes) -> Package:
    count, _ = struct.unpack_from(">II", blob)
    store = 8 + 16 * count
    tags = {tag: store + offset for tag, _, offset, _ in struct.iter_unpack(">IIII", blob[8:store])}

    def text(tag: int) -> str:
        return blob[tags[tag] : blob.index(b"\0", tags[tag])].decode(errors="replace")

    epoch = f"{struct.unpack_from('>I', blob, tags[_EPOCH])[0]}:" if _EPOCH in tags else ""
    return Package("rpm", text(_NAME), f"{epoch}{text(_VERSION)}-{text(_RELEASE)}", path)
