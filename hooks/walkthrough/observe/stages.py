"""The stages of a build, each measured by building it as an image of its own."""

from __future__ import annotations

import docker

from walkthrough.images.anatomy import StagePart
from walkthrough.images.image import Image
from walkthrough.images.reading import read_image
from walkthrough.machine.engine import Engine
from walkthrough.observe.builds import Build, Stages, as_image


def stage_parts(
    engine: Engine, api: docker.DockerClient, build: Build, stages: Stages, walk: str, image: Image
) -> tuple[StagePart, ...]:
    """Return every stage that ``build`` reached, with its size; each is built as an image of its own to measure it.

    Raises:
        StepError: where a stage cannot be built alone.
    """
    target = next(iter(build.values("--target")[-1:]), stages.names[-1]).lower()
    parts = []
    for name, base in zip(stages.names, stages.bases, strict=True):
        if name not in stages.reached:
            continue
        size = image.size
        if name != target:
            with as_image(engine, api, build, walk, name) as stage:
                size = read_image(api, stage).size
        parts.append(StagePart(name, base, size, stages.copies.get(name, ())))
    return tuple(parts)
