"""A layer is read whole or not at all, is laid over others as an engine does it, and is known by its digest."""

from __future__ import annotations

import bz2
import contextlib
import gzip
import hashlib
import io
import json
import lzma
import posixpath
import random
import sys
import tarfile
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import IO, Any, cast

import docker
import docker.errors
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as some

from archives import Member, file, folder, image, layer, link, same
from walkthrough.errors import StepError
from walkthrough.images.image import Entry
from walkthrough.images.layers import Blob, read_layer
from walkthrough.images.memory import LayerMemory
from walkthrough.images.overlay import FileSystem
from walkthrough.images.reading import read_image
from walkthrough.images.unpack import DAMAGE, HEAD, UnreadableError, unpacked, why
from walkthrough.machine.engine import Engine

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

PACKINGS: dict[str, Callable[[bytes], bytes]] = {
    "plain": bytes,
    "gzip": gzip.compress,
    "zstd": zstd.compress,
    "bzip2": bz2.compress,
    "xz": lzma.compress,
    "gzip in two parts": lambda content: gzip.compress(content[:700], mtime=0) + gzip.compress(content[700:]),
}
NOISE = random.Random(1).randbytes(200_000)
LAYER = layer([folder("dir"), file("dir/big", NOISE), file("dir/small", b"1234567"), same("dir/again", "dir/big")])


def read(packed: bytes, compress: bool = False) -> Blob:
    """Read a layer from its archive as stored."""
    stream = io.BytesIO(packed)
    archive = unpacked(stream.read(HEAD), stream)
    assert archive is not None
    return read_layer(archive, compress)


@pytest.mark.parametrize("packing", PACKINGS)
def test_a_layer_is_the_same_however_it_is_packed(packing: str) -> None:
    """The digest, the sizes and the entries are those of the unpacked archive; a file with two names counts once."""
    blob = read(PACKINGS[packing](LAYER), compress=True)

    assert blob.digest == f"sha256:{hashlib.sha256(LAYER).hexdigest()}"
    assert blob.size == 200_007
    assert blob.compressed is not None
    assert 200_000 < blob.compressed < 202_000
    assert [name for name, _ in blob.entries] == ["dir", "dir/big", "dir/small", "dir/again"]


@pytest.mark.parametrize("packing", PACKINGS)
@pytest.mark.parametrize("left", [0.02, 0.5, 0.98])
def test_a_layer_that_is_cut_off_cannot_be_read(packing: str, left: float) -> None:
    """It does not count as what is left of it."""
    packed = PACKINGS[packing](LAYER)
    with pytest.raises(UnreadableError):
        read(packed[: int(len(packed) * left)])


@pytest.mark.parametrize("packing", [name for name in PACKINGS if name != "plain"])
def test_a_packed_layer_that_is_damaged_cannot_be_read(packing: str) -> None:
    """Each of the formats that has a checksum notices it, at the latest in the end."""
    packed = bytearray(PACKINGS[packing](LAYER))
    packed[len(packed) // 2] ^= 0xFF
    with contextlib.suppress(UnreadableError):
        assert read(bytes(packed)).digest != f"sha256:{hashlib.sha256(LAYER).hexdigest()}"


def test_a_damaged_member_is_no_end_of_the_layer() -> None:
    """What comes behind it would be left out without a word."""
    damaged = bytearray(LAYER)
    damaged[LAYER.index(b"dir/small")] ^= 0xFF
    with pytest.raises(UnreadableError, match="a member is damaged"):
        read(bytes(damaged))


def engine_with(archive: bytes, digests: list[str], descriptor: dict[str, Any] | None = None) -> docker.DockerClient:
    """Return what stands for an engine whose image is exported as ``archive``; no engine stores such an image."""
    found = SimpleNamespace(
        id="sha256:1",
        attrs={"RootFS": {"Layers": digests}, "Config": {}, "Descriptor": descriptor},
        save=lambda **_: iter([archive]),
        history=list,
    )
    return cast("docker.DockerClient", SimpleNamespace(images=SimpleNamespace(get=lambda _: found)))


@pytest.mark.parametrize(
    ("broken", "reason"),
    [
        (zstd.compress(LAYER)[:-9], "ended before the end-of-stream"),
        (b"7z\xbc\xaf\x27\x1c" + NOISE, "packed in a way that is not known"),
        (LAYER[:90_000], "unexpected end of data"),
        (layer([file("other")]), "it is not in the archive"),
    ],
)
def test_an_image_with_a_layer_that_cannot_be_read_is_not_measured(broken: bytes, reason: str) -> None:
    """The message names the layer, the image and the reason."""
    good = layer([file("good")])
    digests = [f"sha256:{hashlib.sha256(one).hexdigest()}" for one in (good, LAYER)]
    archive = layer([file("blobs/sha256/1", good), file("blobs/sha256/2", broken)])

    with pytest.raises(StepError, match="layer 2 of 2 of 'app' cannot be read") as caught:
        read_image(engine_with(archive, digests), "app")
    assert reason in caught.value.detail
    assert digests[1] in caught.value.what


def test_only_the_layers_of_the_image_itself_count() -> None:
    """An archive of the containerd store also has attestations, manifests, and the layers of other platforms."""
    digest = f"sha256:{hashlib.sha256(LAYER).hexdigest()}"
    archive = layer(
        [
            file("oci-layout", b'{"imageLayoutVersion": "1.0.0"}'),
            file("blobs/sha256/attestation", b'{"_type": "https://in-toto.io/Statement/v1"' + b" " * 2_000_000 + b"}"),
            file("blobs/sha256/other", gzip.compress(layer([file("arm", b"1" * 900_000)]))),
            file("blobs/sha256/packed", zstd.compress(LAYER)),
            file("index.json", b"{}"),
        ]
    )
    found = read_image(engine_with(archive, [digest]), "app", compress=True)

    assert found.size == 200_007
    assert sorted(found.paths) == ["/dir", "/dir/again", "/dir/big", "/dir/small"]


@given(some.binary(max_size=3000), some.integers(0, 5))
def test_whatever_a_layer_holds_it_is_read_or_refused(noise: bytes, packing: int) -> None:
    """There is no third way, a traceback least of all."""
    packed = list(PACKINGS.values())[packing](noise)
    stream = io.BytesIO(packed)
    with contextlib.suppress(UnreadableError):
        try:
            archive = unpacked(stream.read(HEAD), stream)
        except DAMAGE as error:
            raise UnreadableError(why(error)) from error
        if archive is not None:
            read_layer(archive, compress=True)


def laid(*layers: list[Member]) -> dict[str, Entry]:
    """Return the final file system of these layers."""
    files = FileSystem()
    for members in layers:
        files.lay_over(read(layer(members)).entries)
    return files.entries()


def test_what_takes_the_place_of_a_folder_leaves_nothing_below_it() -> None:
    """A file or a link that replaces a folder has no children; a folder over a folder keeps them."""
    tree = [folder("a"), file("a/b", b"1"), folder("a/c"), file("a/c/d", b"22")]

    assert sorted(laid(tree, [file("a", b"333")])) == ["/a"]
    assert sorted(laid(tree, [link("a", "c")])) == ["/a"]
    assert sorted(laid(tree, [folder("a"), file("a/e")])) == ["/a", "/a/b", "/a/c", "/a/c/d", "/a/e"]
    assert sorted(laid([link("a", "z")], [folder("a"), file("a/b")])) == ["/a", "/a/b"]


def test_a_layer_hides_what_is_below_it_and_nothing_of_its_own() -> None:
    """Whatever the order in the archive (OCI image specification, layer.md, "Whiteouts")."""
    tree = [folder("a"), file("a/b", b"1"), file("a/c", b"22")]

    assert sorted(laid(tree, [file("a/.wh.b")])) == ["/a", "/a/c"]
    assert sorted(laid(tree, [file("a/new"), file("a/.wh..wh..opq")])) == ["/a", "/a/new"]
    assert sorted(laid(tree, [file("a/b", b"4444"), file("a/.wh.b")])) == ["/a", "/a/b", "/a/c"]
    assert sorted(laid([link("l", "a"), *tree], [file("l/.wh.b")])) == ["/a", "/a/c", "/l"]


def test_a_further_name_of_a_file_is_what_the_file_is() -> None:
    """A hard link to a program can be run too; its bytes are counted once; it stays when the first name goes."""
    found = laid([file("a", b"1234"), same("b", "a")], [file(".wh.a")], [link("bin", "usr/bin"), file("bin/x", b"1")])

    assert found["/b"].kind == "file"
    assert found["/b"].mode == 0o755
    assert "/a" not in found
    assert found["/usr/bin/x"].size == 1


NAMES = some.sampled_from(["a", "b", "c"])
PATHS = some.lists(NAMES, min_size=1, max_size=3).map("/".join)
MEMBERS = some.one_of(
    some.builds(file, PATHS, some.binary(max_size=4)),
    some.builds(folder, PATHS),
    some.builds(link, PATHS, PATHS),
    some.builds(lambda path: file(posixpath.join(posixpath.dirname(path), f".wh.{posixpath.basename(path)}")), PATHS),
    some.builds(lambda path: file(f"{path}/.wh..wh..opq"), PATHS),
)


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(layers=some.lists(some.lists(MEMBERS, min_size=1, max_size=4), min_size=2, max_size=3))
def test_layers_are_laid_over_as_the_engine_does_it(engine: Engine, layers: list[list[Member]]) -> None:
    """What a container's export shows is the reference, whatever stands in the layers.

    As engines write them, layers name the folders above whatever they hold: where one does not, and a link
    stands there, the image stores differ.
    """
    layers = [[above for member in members for above in with_folders(member)] for members in layers]
    expected = exported(engine, layers)
    assume(expected is not None)
    found = {path: (entry.kind, entry.size) for path, entry in laid(*layers).items()}

    assert {path: seen for path, seen in found.items() if seen[0] != "folder"} == {
        path: seen for path, seen in (expected or {}).items() if seen[0] != "folder"
    }
    assert {path for path, seen in found.items() if seen[0] == "folder"} <= (expected or {}).keys()


def with_folders(member: Member) -> list[Member]:
    """Return a member with the folders above it."""
    parts = member[0].split("/")
    return [*(folder("/".join(parts[:count])) for count in range(1, len(parts))), member]


def exported(engine: Engine, layers: list[list[Member]]) -> dict[str, tuple[str, int]] | None:
    """Return what an engine makes of layers, or None where it refuses them."""
    name = "layers-by-hand:1"
    with contextlib.closing(engine.api()) as api:
        try:
            api.images.load(image([layer(members) for members in layers], name))
        except docker.errors.DockerException:
            return None
        container = api.containers.create(name, ["x"])
        try:
            archive = io.BytesIO(b"".join(cast("Iterable[bytes]", container.export())))
        finally:
            container.remove()
            api.images.remove(name, force=True)
    kinds = {tarfile.DIRTYPE: "folder", tarfile.SYMTYPE: "link"}
    with tarfile.open(fileobj=archive) as whole:
        return {
            f"/{member.name.rstrip('/')}": (kinds.get(member.type, "file"), member.size)
            for member in whole
            if member.name.split("/")[0] in ("a", "b", "c")
        }


@pytest.fixture
def memory(tmp_path: Path) -> LayerMemory:
    """Return a memory in a new folder."""
    return LayerMemory(tmp_path / "layers")


def test_a_layer_that_is_known_is_not_read_again(memory: LayerMemory) -> None:
    """With all layers known, the engine is not asked for its archive."""
    digest = f"sha256:{hashlib.sha256(LAYER).hexdigest()}"
    archive = layer([file("blobs/sha256/1", LAYER)])
    first = read_image(engine_with(archive, [digest]), "app", compress=True, memory=memory)
    nothing: Any = engine_with(b"", [digest])

    assert read_image(nothing, "app", compress=True, memory=memory) == first
    assert first.compressed == read(LAYER, compress=True).compressed


class Files:
    """A store that is a table; it notes what is asked for."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.asked: list[str] = []

    def put(self, content: bytes) -> dict[str, Any]:
        """Keep a file; return what others call it by."""
        digest = f"sha256:{hashlib.sha256(content).hexdigest()}"
        self.files[digest] = content
        return {"digest": digest}

    def image(self, *layers: bytes, attested: bool = False) -> tuple[dict[str, Any], list[str]]:
        """Keep an image of these layers, gzipped; return its descriptor and the digests of its layers."""
        digests = [f"sha256:{hashlib.sha256(one).hexdigest()}" for one in layers]
        config = self.put(json.dumps({"rootfs": {"diff_ids": digests}}).encode())
        manifest = {"config": config, "layers": [self.put(gzip.compress(one, mtime=0)) for one in layers]}
        whole = self.put(json.dumps(manifest).encode())
        if attested:
            other = self.put(json.dumps({"config": self.put(b"{}"), "layers": []}).encode())
            whole = self.put(json.dumps({"manifests": [other, whole]}).encode())
        return whole, digests

    @contextlib.contextmanager
    def blob(self, digest: str) -> Iterator[IO[bytes]]:
        """Open a file."""
        self.asked.append(digest)
        if digest not in self.files:
            raise OSError(digest)
        yield io.BytesIO(self.files[digest])


@pytest.mark.parametrize("attested", [False, True])
def test_a_layer_is_read_from_the_store_without_those_below_it(memory: LayerMemory, attested: bool) -> None:
    """No archive is asked for, nothing is read twice, and the image is the same."""
    own, store = layer([file("own", b"1")]), Files()
    whole, digests = store.image(LAYER, own, attested=attested)
    names = [store.put(gzip.compress(one, mtime=0))["digest"] for one in (LAYER, own)]
    archive = layer([file("1", LAYER), file("2", own)])
    memory.keep(read(LAYER))

    found = read_image(engine_with(b"", digests, whole), "app", memory=memory, store=store)

    assert found == read_image(engine_with(archive, digests), "app")
    assert [name in store.asked for name in names] == [False, True]
    store.asked.clear()
    assert read_image(engine_with(b"", digests, whole), "app", memory=memory, store=store) == found
    assert store.asked == []


@pytest.mark.parametrize("fault", ["gone", "damaged", "another's", "no manifest", "no descriptor"])
def test_what_the_store_does_not_give_is_read_from_the_archive(fault: str) -> None:
    """And nothing is believed whose digest is another."""
    store = Files()
    whole, digests = store.image(LAYER)
    name = store.put(gzip.compress(LAYER, mtime=0))["digest"]
    if fault == "gone":
        del store.files[name]
    if fault in ("damaged", "another's"):
        store.files[name] = gzip.compress(layer([file("another")])) if fault == "another's" else b"\x1f\x8b damaged"
    if fault == "no manifest":
        store.files[whole["digest"]] = b"{"
    engine = engine_with(layer([file("1", LAYER)]), digests, None if fault == "no descriptor" else whole)

    assert read_image(engine, "app", store=store) == read_image(engine, "app")


def test_a_size_that_was_not_asked_for_is_not_made_up(memory: LayerMemory) -> None:
    """A layer that was read without its compressed size is read again when that is asked."""
    blob = read(LAYER)
    memory.keep(blob)

    assert memory.recall(blob.digest) == blob
    assert memory.recall(blob.digest, compress=True) is None


def test_what_is_damaged_in_the_memory_is_forgotten(memory: LayerMemory, tmp_path: Path) -> None:
    """A file that is cut off, empty, or another's says nothing; no other version's is read."""
    blob = read(LAYER)
    memory.keep(blob)
    (kept,) = (tmp_path / "layers").iterdir()
    whole = kept.read_bytes()
    for damaged in (whole[:-1], whole[:20], b"", b"\0" + whole[1:]):
        kept.write_bytes(damaged)
        assert memory.recall(blob.digest) is None
    kept.write_bytes(whole)
    assert memory.recall(blob.digest) == blob
    kept.rename(kept.with_name(f"0{kept.name}"))
    assert memory.recall(blob.digest) is None


def test_the_memory_forgets_what_was_not_asked_for_the_longest(
    memory: LayerMemory, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It never holds more than its limit."""
    blobs = [read(layer([file(f"{number}", NOISE)])) for number in range(3)]
    memory.keep(blobs[0])
    (one,) = (tmp_path / "layers").iterdir()
    monkeypatch.setattr("walkthrough.images.memory._MOST_BYTES", 2 * one.stat().st_size + 10)
    memory.keep(blobs[1])
    assert memory.recall(blobs[0].digest)
    memory.keep(blobs[2])

    assert [bool(memory.recall(blob.digest)) for blob in blobs] == [True, False, True]
