"""What an image is made of adds up: contents to the whole, layers to the size, stages by BuildKit's own account."""

from __future__ import annotations

import contextlib
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as some

from walkthrough.images.anatomy import anatomy, contents
from walkthrough.images.reading import read_image
from walkthrough.machine.engine import Engine
from walkthrough.observe.builds import Build, read_stages
from walkthrough.observe.stages import stage_parts

DOCKERFILE = """\
FROM scratch AS sources
COPY big /src/big
COPY small /src/small

FROM scratch AS extra
COPY small /extra

FROM sources AS tools
COPY --from=extra /extra /tools/small

FROM scratch AS unused
COPY big /unused

FROM scratch
COPY --from=tools /src/small /app/small
COPY --from=sources /src/big /app/big
"""
NAMES = some.sampled_from(["usr", "lib", "app", "a", "b"])
PATHS = some.lists(NAMES, min_size=1, max_size=4).map(lambda parts: "/" + "/".join(parts))


@given(some.dictionaries(PATHS, some.integers(0, 10**9)))
def test_contents_count_every_byte_once(paths: dict[str, int]) -> None:
    """Whatever the tree looks like, the parts add up to the whole, the largest first."""
    found = contents(paths)

    assert sum(content.size for content in found) == sum(paths.values())
    assert [content.size for content in found] == sorted((content.size for content in found), reverse=True)
    assert len({content.path for content in found}) == len(found)


def test_what_is_small_is_told_of_its_folder() -> None:
    """A twentieth of the image is worth a name of its own."""
    found = contents({"/usr/lib/big.so": 900, "/usr/lib/small.so": 40, "/usr/bin/tiny": 20, "/app": 60})

    assert [(content.path, content.size) for content in found] == [
        ("/usr/lib/big.so", 900),
        ("/app", 60),
        ("/usr", 60),
    ]


def test_stages_have_sizes_and_copies_of_their_own(engine: Engine, tmp_path: Path) -> None:
    """A stage that the image does not need is not told; a stage built on another holds that one's files."""
    (tmp_path / "big").write_bytes(b"\1" * 100_000)
    (tmp_path / "small").write_bytes(b"1234567")
    (tmp_path / "Dockerfile").write_text(DOCKERFILE)
    built = engine.command("build", "-q", "-t", "anatomy:1", str(tmp_path))
    assert built.returncode == 0, built.stderr
    build = Build(tmp_path, ("-t", "anatomy:1", "."))
    with contextlib.closing(engine.api()) as api:
        try:
            image, stages = read_image(api, "anatomy:1"), read_stages(engine, build)
            parts = stage_parts(engine, api, build, stages, image)
        finally:
            api.images.remove("anatomy:1")
    whole = anatomy(image, parts, stages.own_layers("stage-4"))

    assert [(part.name, part.base, part.size) for part in parts] == [
        ("sources", "scratch", 100_007),
        ("extra", "scratch", 7),
        ("tools", "sources", 100_014),
        ("stage-4", "scratch", 100_007),
    ]
    assert [source for source, _ in parts[2].copies] == ["extra"]
    assert [source for source, _ in parts[3].copies] == ["sources", "tools"]
    assert [(layer.size, layer.base) for layer in whole.layers] == [(7, False), (100_000, False)]
    assert sum(content.size for content in whole.contents) == image.size


def test_lists_of_apt_are_told_as_their_folder() -> None:
    """Their names say which mirror the machine has that built the image."""
    found = contents({"/var/lib/apt/lists/mirror.invalid_debian_Packages": 60, "/var/lib/apt/lists/lock": 30, "/a": 10})

    assert [(content.path, content.size) for content in found] == [("/var/lib/apt/lists", 90), ("/a", 10)]
