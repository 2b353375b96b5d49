"""Images are handed to machines as a registry does: packed, layer by layer, and made ready once."""

from __future__ import annotations

import contextlib
import gzip
import hashlib
import json
import tarfile
from pathlib import Path
from typing import IO, cast

from walkthrough.machine.cleanup import same_everywhere
from walkthrough.machine.engine import Engine
from walkthrough.machine.handing import forget, packed


def test_an_image_is_packed_layer_by_layer(engine: Engine, debian: str, tmp_path: Path) -> None:
    """Its layers are the ones that it has, and its name; it is packed once, and goes when nobody wants it."""
    with contextlib.closing(engine.api()) as api:
        what = same_everywhere(api, [debian])[debian]
        place = packed(api, debian, what, tmp_path)
        layers = api.images.get(debian).attrs["RootFS"]["Layers"]
        made = place.stat().st_ino
        assert packed(api, debian, what, tmp_path).stat().st_ino == made

    with tarfile.open(place) as archive:

        def content(name: str) -> bytes:
            return cast("IO[bytes]", archive.extractfile(name)).read()

        (manifest,) = json.loads(content("manifest.json"))
        digests = [hashlib.sha256(gzip.decompress(content(layer))).hexdigest() for layer in manifest["Layers"]]
    assert manifest["RepoTags"] == [debian]
    assert [f"sha256:{digest}" for digest in digests] == layers

    forget(tmp_path, {(debian, what)}, 0)
    assert list(tmp_path.iterdir()) == [place]
    forget(tmp_path, {("another", what)})
    assert list(tmp_path.iterdir()) == [place]  # used a moment ago, and perhaps by another run
    forget(tmp_path, {("another", what)}, 0)
    assert list(tmp_path.iterdir()) == []
