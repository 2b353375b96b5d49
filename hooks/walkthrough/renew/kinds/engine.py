"""Docker's engine, whose module has versions of its own: its parts are renewed together or not at all."""
# ruff: noqa: ARG002 - all kinds are asked in one way

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from walkthrough.renew.asking import UnaskedError, known
from walkthrough.renew.kind import Change, Kind, Pin, newest_patch, written
from walkthrough.renew.kinds.go_module import module_pins, module_versions
from walkthrough.renew.place import Place

_ENGINE = "github.com/moby/moby/v2"
_CLIENT = "github.com/docker/cli"
_PARTS = {"github.com/containerd/containerd/v2": "CONTAINERD_VERSION", "github.com/opencontainers/runc": "RUNC_VERSION"}
"""What the engine's own Dockerfile names, by the argument that it has there."""


class Engine(Kind):
    """The client's release is Docker's; the engine's module is the newest of that day, and names its parts itself."""

    name = "engine"
    together = True
    order = 10
    where = "`DOCKER_VERSION` and, with it, the engine's module, containerd and runc in the recipe of `docker:29-dind`"
    client = "`go list -m -versions` of Docker's client; the engine's Dockerfile in its module for the rest"

    def pins(self, place: Place, beside: Sequence[Place]) -> Iterator[Pin]:
        """Yield the parts of an engine that is compiled from its module."""
        found = {pin.name: pin for pin, _ in module_pins(place, beside)}
        if _ENGINE in found and _CLIENT in found:
            yield from (found[name] for name in (_CLIENT, _ENGINE, *_PARTS) if name in found)

    def changes(self, place: Place, pins: Sequence[Pin], beside: Sequence[Place]) -> Iterator[Change]:
        """Yield one change of all parts."""
        found = {pin.name: pin for pin in pins}
        docker, engine = found[_CLIENT], found[_ENGINE]
        release = newest_patch(docker.version, [version.removeprefix("v") for version in module_versions(_CLIENT)])
        if not release:
            return
        day = _told(_CLIENT, f"v{release}+incompatible")["Time"][:10]
        versions = reversed(module_versions(_ENGINE))
        module = next((one for one in versions if _told(_ENGINE, one)["Time"][:10] <= day), "")
        if not module:
            raise UnaskedError(f"no version of {_ENGINE} is of {day}, the day of {release}, or older")
        named = (Path(_told(_ENGINE, module, "mod", "download")["Dir"]) / "Dockerfile").read_text(encoding="utf-8")
        news = [(docker, release), (engine, module.removeprefix("v"))]
        for part, argument in _PARTS.items():
            version = re.search(rf"^ARG {argument}=v([\w.-]+)", named, re.MULTILINE)
            if part in found and version:
                news.append((found[part], version[1]))
        yield written(self.name, [(pin, new) for pin, new in news if pin.version != new])


def _told(module: str, version: str, *how: str) -> dict[str, str]:
    told: dict[str, str] = json.loads(known("go", *(how or ("list", "-m", "-mod=mod")), "-json", f"{module}@{version}"))
    return told
