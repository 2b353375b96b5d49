"""Images are measured from their archives, exactly."""

from __future__ import annotations

import contextlib
import tarfile
from pathlib import Path

import pytest

from walkthrough.errors import StepError
from walkthrough.images.image import Image
from walkthrough.images.reading import read_image
from walkthrough.machine.bases import recipes
from walkthrough.machine.engine import Engine
from walkthrough.observe.builds import Build, build_of, read_stages

pytestmark = pytest.mark.beside
DOCKERFILE = """\
FROM scratch AS base
COPY big /dir/big
COPY small /dir/small
FROM base AS unused
COPY small /unused
FROM base
COPY small /dir/big
USER 7:7
EXPOSE 81 82/udp
"""


@pytest.fixture
def context(tmp_path: Path) -> Path:
    """Return a build context with known sizes, in bytes."""
    (tmp_path / "big").write_bytes(b"\0" * 3_000_000)
    (tmp_path / "small").write_bytes(b"1234567")
    (tmp_path / "Dockerfile").write_text(DOCKERFILE)
    return tmp_path


def built(engine: Engine, context: Path, *, compress: bool = False) -> Image:
    """Build the image of ``context``, read it, and remove it."""
    done = engine.command("build", "-q", "-t", "read:1", str(context))
    assert done.returncode == 0, done.stderr
    with contextlib.closing(engine.api()) as api:
        try:
            return read_image(api, "read:1", compress=compress)
        finally:
            api.images.remove("read:1")


def test_sizes_paths_and_settings_are_exact(engine: Engine, context: Path) -> None:
    """A hidden file still counts in the size; the paths are those of the final file system."""
    image = built(engine, context, compress=True)

    assert image.size == 3_000_000 + 7 + 7
    assert [layer.size for layer in image.layers] == [3_000_000, 7, 7]
    assert image.compressed is not None
    assert 0 < image.compressed < 10_000  # zeros compress well
    assert image.paths["/dir/big"] == 7
    assert image.paths["/dir/small"] == 7
    assert image.setting("User") == "7:7"
    assert sorted(image.setting("ExposedPorts")) == ["81/tcp", "82/udp"]


PROGRAMS = """\
FROM scratch
COPY --chmod=755 program library.so.1 /bin/
COPY --chmod=644 text /bin/
COPY status /var/lib/dpkg/status
COPY --chmod=644 one /app/node_modules/@scope/one/package.json
COPY --chmod=644 text /app/node_modules/@scope/one/README
COPY --chmod=644 setting /app/node_modules/@scope/one/esm/package.json
COPY --chmod=644 three /lib/three-1.dist-info/METADATA
COPY --chmod=644 text /lib/four.jar
"""


def test_programs_and_packages_are_counted(engine: Engine, tmp_path: Path) -> None:
    """A program has an x bit and is no library; packages are those of the database, of npm, of Python, of Java."""
    (tmp_path / "Dockerfile").write_text(PROGRAMS)
    for name in ("program", "library.so.1", "text"):
        (tmp_path / name).write_text(name)
    (tmp_path / "one").write_text('{"name": "@scope/one", "version": "1.0.0"}')
    (tmp_path / "setting").write_text('{"type": "module"}')
    (tmp_path / "three").write_text("Metadata-Version: 2.4\nName: Three.Three\nVersion: 1\n\nName: of the text\n")
    (tmp_path / "status").write_text("Package: a\nVersion: 1\n\nPackage: b\nVersion: 2\nDescription: of Package: x\n")
    image = built(engine, tmp_path)

    assert image.programs == ["/bin/program"]
    assert [(one.ecosystem, one.name, one.version) for one in image.packages] == [
        ("deb", "a", "1"),
        ("deb", "b", "2"),
        ("npm", "@scope/one", "1.0.0"),
        ("python", "three-three", "1"),
        ("unread", "four", ""),
    ]


LINKS = """\
FROM scratch
COPY --link text /usr/bin/sh
ADD links.tar /
"""


def test_a_path_is_looked_up_as_the_kernel_would(engine: Engine, tmp_path: Path) -> None:
    """A shell at /bin/sh is there where /bin leads to /usr/bin; a link at the path's end is there itself."""
    (tmp_path / "Dockerfile").write_text(LINKS)
    (tmp_path / "text").write_text("text")
    with tarfile.open(tmp_path / "links.tar", "w") as archive:
        for name, target in {
            "bin": "usr/bin",
            "opt/up": "../usr",
            "abs": "/opt/up",
            "gone": "/no",
            "loop": "loop",
        }.items():
            link = tarfile.TarInfo(name)
            link.type, link.linkname = tarfile.SYMTYPE, target
            archive.addfile(link)
    image = built(engine, tmp_path)

    assert image.under("/bin/sh") == image.under("/abs/bin/sh") == ["/usr/bin/sh"]
    assert image.under("/opt/up/bin/") == ["/usr/bin", "/usr/bin/sh"]
    assert image.under("/gone") == ["/gone"]
    assert image.under("/gone/sh") == image.under("/loop/sh") == image.under("/bin/bash") == []


def test_an_image_that_is_not_there_is_the_pages_fault(engine: Engine) -> None:
    """The message asks for the step that builds it."""
    with contextlib.closing(engine.api()) as api, pytest.raises(StepError, match="there is no image 'nobody:1'"):
        read_image(api, "nobody:1")


def test_buildkit_itself_says_which_stages_are_needed(engine: Engine, context: Path) -> None:
    """A stage that nothing is copied from is not reached, whatever the Dockerfile looks like."""
    stages = read_stages(engine, Build(context, ("-t", "x", ".")))

    assert stages.names == ("base", "unused", "stage-2")
    assert stages.reached == {"base", "stage-2"}


def test_builds_are_found_by_the_names_they_gave() -> None:
    """Both spellings of a tag, the last build wins, an unknown name is an error."""
    first = Build(Path("/a"), ("-t", "app", "."))
    second = Build(Path("/b"), ("--tag=app:latest", "-q", "--target", "test", "."))

    assert build_of("app", [first, second]) is second
    assert second.without("--tag", "-q") == ["--target", "test", "."]
    assert first.without("-t") == ["."]
    with pytest.raises(StepError, match="no command of this page builds 'other'"):
        build_of("other", [first])


def test_every_recipe_says_where_its_facts_come_from_and_what_differs() -> None:
    """A stand-in without a table would be believed for no reason."""
    for name, recipe in recipes().items():
        assert recipe.facts.official.startswith("https://github.com/"), name
        assert recipe.facts.differs, name
        assert recipe.facts.present, name
        assert all(needed in recipes() for needed in recipe.facts.needs)
