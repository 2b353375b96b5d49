"""The stages of a build, each with its size."""

from __future__ import annotations

import docker

from walkthrough.images.anatomy import StagePart
from walkthrough.images.image import Image
from walkthrough.images.memory import LayerMemory
from walkthrough.images.reading import Store, read_image
from walkthrough.machine.engine import Engine
from walkthrough.observe.builds import Build, Stages, as_image, packs_layers


def stage_parts(
    engine: Engine,
    api: docker.DockerClient,
    build: Build,
    stages: Stages,
    image: Image,
    memory: LayerMemory | None = None,
    store: Store | None = None,
) -> tuple[StagePart, ...]:
    """Return every stage that ``build`` reached, with its size; each is built as an image of its own to measure it.

    Raises:
        StepError: where a stage cannot be built alone.
    """
    target = next(iter(build.values("--target")[-1:]), stages.names[-1]).lower()
    exact = not packs_layers(api)
    parts = []
    for name, base in zip(stages.names, stages.bases, strict=True):
        if name not in stages.reached:
            continue
        size = image.size
        if name != target:
            with as_image(engine, api, build, name) as stage:
                size = (
                    api.images.get(stage).attrs["Size"] if exact else read_image(api, stage, False, memory, store).size
                )
        parts.append(StagePart(name, base, size, stages.copies.get(name, ())))
    return tuple(parts)
