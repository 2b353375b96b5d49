"""Packages are what scanners find: by content, in databases, in archives inside archives, in compiled programs."""

from __future__ import annotations

import contextlib
import io
import json
import sqlite3
import struct
import zipfile
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as some

from walkthrough.errors import StepError
from walkthrough.images.elf import dynamic_needs
from walkthrough.images.packages import found_in


def found(path: str, content: bytes) -> list[tuple[str, str, str]]:
    """Return ecosystem, name and version of what a file gives away."""
    return [one[:3] for one in found_in(path, len(content), io.BytesIO(content))]


def elf(sections: dict[str, bytes], wide: bool = True, order: str = "<", data: bytes = b"") -> bytes:
    """Return a program with these sections and, loaded to address 0x1000, writable data."""
    size, number = (64, "Q") if wide else (52, "I")
    names = b"\0" + b"".join(name.encode() + b"\0" for name in (*sections, ".shstrtab"))
    bodies = [*sections.values(), names]
    programs, body = (56 if wide else 32), b"".join(bodies)
    at = size + programs
    table = at + len(data) + len(body)
    head = b"\x7fELF" + bytes([1 + wide, 1 if order == "<" else 2, 1]) + bytes(9)
    head += struct.pack(order + "HHI" + 3 * number, 2, 62, 1, 0, size, table)
    head += struct.pack(order + "IHHHHHH", 0, size, programs, 1, 64 if wide else 40, len(bodies), len(bodies) - 1)
    if wide:
        head += struct.pack(order + "IIQQQQQQ", 1, 6, at, 0x1000, 0x1000, len(data), len(data), 1)
    else:
        head += struct.pack(order + "IIIIIIII", 1, at, 0x1000, 0x1000, len(data), len(data), 6, 1)
    rows, offset = b"", at + len(data)
    for name, content in zip((*sections, ".shstrtab"), bodies, strict=True):
        place = names.index(name.encode() + b"\0")
        rows += struct.pack(
            order + "II" + 4 * number + "II" + 2 * number, place, 1, 0, 0, offset, len(content), 0, 0, 1, 0
        )
        offset += len(content)
    return head + data + body + rows


MODULES = (
    "path\texample.com/app\nmod\texample.com/app\t(devel)\t\n"
    "dep\ta.org/x\tv1.2.3\th1:=\ndep\ta.org/y\tv1.0.0\n=>\tb.org/y\tv2.0.0\th1:=\n"
)
GO = [
    ("go", "a.org/x", "v1.2.3"),
    ("go", "b.org/y", "v2.0.0"),
    ("go", "example.com/app", "(devel)"),
    ("go", "stdlib", "go1.27.4"),
]


def framed(text: str) -> bytes:
    """Return a list of modules between its two marks."""
    return b"0" * 16 + text.encode() + b"1" * 16


def counted(text: bytes) -> bytes:
    """Return a text behind its length, seven bits a byte."""
    length, head = len(text), b""
    while length >= 0x80:
        head += bytes([length & 0x7F | 0x80])
        length >>= 7
    return head + bytes([length]) + text


@pytest.mark.parametrize("named", [True, False])
def test_a_go_program_names_its_modules_and_its_toolchain(named: bool) -> None:
    """Also where its sections are gone: then the note is looked for in its data."""
    note = b"\xff Go buildinf:" + bytes([8, 2]) + bytes(16) + counted(b"go1.27.4") + counted(framed(MODULES))
    program = elf({".go.buildinfo": note}) if named else elf({}, data=bytes(32) + note)

    assert found("/server", program) == GO


@pytest.mark.parametrize(("wide", "order"), [(True, "<"), (True, ">"), (False, "<"), (False, ">")])
def test_a_go_program_of_old_points_to_what_it_names(wide: bool, order: str) -> None:
    """Before Go 1.18 the note had addresses, of either width and byte order."""
    width, number = (8, "Q") if wide else (4, "I")
    version, modules = b"go1.27.4", framed(MODULES)
    strings = 0x1000 + 32 + 4 * width
    note = b"\xff Go buildinf:" + bytes([width, int(order == ">")])
    note += struct.pack(order + 2 * number, 0x1000 + 32, 0x1000 + 32 + 2 * width).ljust(16, b"\0")
    note += struct.pack(order + 4 * number, strings, len(version), strings + len(version), len(modules))

    assert found("/server", elf({}, wide, order, data=note + version + modules)) == GO


def test_a_rust_program_may_name_its_crates() -> None:
    """As cargo-auditable writes them; what only the build needed is not in the program."""
    crates = [
        {"name": "app", "version": "0.1.0", "root": True},
        {"name": "tiny", "version": "0.12.0"},
        {"name": "cc", "version": "1.0.0", "kind": "build"},
    ]
    listed = zlib.compress(json.dumps({"packages": crates}).encode())

    assert found("/app", elf({".dep-v0": listed})) == [("rust", "app", "0.1.0"), ("rust", "tiny", "0.12.0")]
    assert found("/app", elf({".dep-v0": listed[:-9]}))[0][0] == "unread"


def jar(**files: bytes) -> bytes:
    """Return a Java archive; ``__`` in a name stands for a slash, ``_`` for a dot."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, content in files.items():
            archive.writestr(name.replace("__", "/").replace("_", "."), content)
    return packed.getvalue()


def test_jars_inside_of_jars_are_packages() -> None:
    """Each by what Maven noted in it, else by its name, else by its manifest; a damaged one is unread."""
    pom = b"groupId=org.lean\nartifactId=lean\nversion=1.0\n"
    deep = jar(META_INF__MANIFEST=b"")
    inner = jar(META__x__pom_properties=pom, lib__deep=b"")
    outer = jar(**{"BOOT__lean_jar": inner, "BOOT__broken_jar": b"PK", "BOOT__deep-2_jar": deep})

    assert found("/app/app-1.1.jar", outer) == [
        ("java", "app", "1.1"),
        ("java", "deep", "2"),
        ("java", "org.lean:lean", "1.0"),
        ("unread", "broken", ""),
    ]


def test_distributions_and_languages_have_their_databases() -> None:
    """What was removed, or is a setting, is none."""
    status = b"Package: a\nStatus: install ok installed\nVersion: 1\n\nPackage: b\nStatus: deinstall ok config-files\n"

    assert found("/var/lib/dpkg/status", status) == [("deb", "a", "1")]
    assert found("/var/lib/dpkg/status.d/c", b"Package: c\nVersion: 2\n") == [("deb", "c", "2")]
    assert found("/var/lib/dpkg/status.d/c.md5sums", b"Package: c\n") == []
    assert found("/usr/lib/apk/db/installed", b"P:musl\nV:1.2\n\nP:zlib\nV:1\n") == [
        ("apk", "musl", "1.2"),
        ("apk", "zlib", "1"),
    ]
    assert found("/app/package.json", b'{"name": "a", "version": "1"}') == [("npm", "a", "1")]
    assert found("/app/esm/package.json", b'{"type": "module"}') == []
    assert found("/lib/a-1.egg-info", b"Name: A_b\nVersion: 1\n") == [("python", "a-b", "1")]


def test_rpm_databases_are_read_or_count_as_unread() -> None:
    """SQLite and ndb are read; one that cannot be is not one without packages."""
    store = b"bash\0" + b"5.2\0" + b"1.fc40\0"
    tags = struct.pack(">12I", 1000, 6, 0, 1, 1001, 6, 5, 1, 1002, 6, 9, 1)
    header = struct.pack(">II", 3, len(store)) + tags + store
    database = sqlite3.connect(":memory:")
    database.execute("CREATE TABLE Packages (hnum INTEGER PRIMARY KEY, blob BLOB NOT NULL)")
    database.execute("INSERT INTO Packages VALUES (1, ?)", (header,))
    database.commit()
    ndb = bytearray(4096 + 16)
    ndb[:16] = struct.pack("<4sIII", b"RpmP", 0, 1, 1)
    ndb[32:48] = struct.pack("<4sIII", b"Slot", 1, 256, 2)
    ndb[4096:] = struct.pack("<4sIII", b"BlbS", 1, 1, len(header))

    assert found("/var/lib/rpm/rpmdb.sqlite", database.serialize()) == [("rpm", "bash", "5.2-1.fc40")]
    assert found("/usr/lib/sysimage/rpm/Packages.db", bytes(ndb) + header) == [("rpm", "bash", "5.2-1.fc40")]
    assert found("/var/lib/rpm/Packages", b"\0" * 4096) == [("unread", "the RPM database", "")]
    database.close()


def test_runtimes_are_known_without_their_package() -> None:
    """As scanners know them: by their name and what they print of themselves."""
    assert found("/busybox", elf({"x": b"BusyBox v1.37.0 (Debian)"})) == [("binary", "busybox", "1.37.0")]
    assert found("/opt/java/release", b'JAVA_VERSION="25.0.1"\n') == [("binary", "openjdk", "25.0.1")]
    assert found("/server", elf({"x": b"BusyBox v1.37.0"})) == []


@given(
    some.sampled_from(
        ["/a.jar", "/var/lib/rpm/Packages", "/x/package.json", "/var/lib/dpkg/status", "/x.egg-info", "/p"]
    ),
    some.binary(max_size=300),
    some.booleans(),
)
def test_no_content_is_too_odd(path: str, content: bytes, program: bool) -> None:
    """Whatever a file holds, it is packages or none, never a traceback; so it is with the needs of a program."""
    content = b"\x7fELF\x02\x01" + content if program else content
    found(path, content)
    with pytest.raises(StepError) if not program else contextlib.suppress(StepError):
        dynamic_needs(content)


def test_a_program_that_is_cut_off_is_no_fault_of_the_tool() -> None:
    """Wherever it ends: what is left of it names packages, or is unread, or is no program; there is no traceback."""
    note = b"\xff Go buildinf:" + bytes([8, 2]) + bytes(16) + counted(b"go1.27.4") + counted(framed(MODULES))
    for program in (elf({".go.buildinfo": note}), elf({}, data=bytes(32) + note)):
        assert found("/server", program) == GO
        for end in range(len(program)):
            assert {kind for kind, _, _ in found("/server", program[:end])} <= {"go", "unread"}
            with contextlib.suppress(StepError):
                dynamic_needs(program[:end])
