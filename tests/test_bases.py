"""Every recipe makes what its table says, and a table that is wrong is noticed."""

from __future__ import annotations

import contextlib
import shutil
from pathlib import Path

import pytest
import yaml

from walkthrough.errors import BaseImageError
from walkthrough.machine import bases
from walkthrough.machine.bases import recipes
from walkthrough.machine.engine import Engine
from walkthrough.machine.provision import provided
from walkthrough.project import state_folder

SMALLEST = "gcr.io/distroless/static-debian13:nonroot"


def test_every_base_image_can_be_had(engine: Engine) -> None:
    """The official one, or its stand-in, which is compared with its table when it is built."""
    with provided(engine, recipes(), state_folder(), print) as had:
        assert had.keys() == recipes().keys()
        for name, base in had.items():
            assert base.digest.startswith("sha256:"), name
            assert bool(base.differs) is base.stand_in, name


def test_an_image_nobody_has_is_an_error_that_says_what_to_do(engine: Engine) -> None:
    """Not on the engine, not in a registry, no recipe."""
    with (
        pytest.raises(BaseImageError, match="there is no recipe for it"),
        provided(engine, ["nobody/has-this:1"], state_folder(), print),
    ):
        pass


def test_a_stand_in_that_is_not_what_its_table_says_is_refused(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every difference is named, and the image does not stay under the official name."""
    with provided(engine, [SMALLEST, "debian:trixie"], state_folder(), print) as had:
        if not had[SMALLEST].stand_in:
            pytest.skip("the official image can be had here, so that no stand-in is built")
        source = Path(bases.__file__).parent / "recipes"
        for name in ("debian-trixie", "distroless-static-debian13"):
            shutil.copytree(source / name, tmp_path / name)
        facts = tmp_path / "distroless-static-debian13/facts.yaml"
        table = yaml.safe_load(facts.read_text())
        table |= {"image": "gcr.io/distroless/never:1", "user": "0", "absent": ["/etc/passwd"]}
        facts.write_text(yaml.safe_dump(table))
        monkeypatch.setattr(bases, "_RECIPES", tmp_path)

        with (
            pytest.raises(BaseImageError) as caught,
            provided(engine, ["gcr.io/distroless/never:1"], state_folder(), print),
        ):
            pass

    assert "user: official '0', stand-in '65532'" in str(caught.value)
    assert "/etc/passwd: official 'absent', stand-in 'present'" in str(caught.value)
    with contextlib.closing(engine.api()) as api:
        assert "gcr.io/distroless/never:1" not in [tag for image in api.images.list() for tag in image.tags]
