"""The ports that pages publish: a walk takes those of its page for the steps that use them, and gives them back."""

from __future__ import annotations

import contextlib
import re
import threading
from collections.abc import Iterator

import docker.errors
import requests

from walkthrough.machine.engine import Engine
from walkthrough.machine.marks import WALK_LABEL
from walkthrough.page.itinerary import commands_of
from walkthrough.page.steps import Step

_changed = threading.Condition()
_taken: set[int] = set()


class Ports:
    """The turn of one walk at the ports of its page: all of them or none, so that no two walks wait for each other.

    They are taken before a step whose commands name one of them, to publish it or to ask it, and given back after a
    step that leaves no container of the walk publishing any.
    """

    def __init__(self, ports: frozenset[int], engine: Engine, walk: str) -> None:
        self._ports, self._engine, self._walk = ports, engine, walk
        self._named = re.compile(rf"(?<![\d.])(?:{'|'.join(map(str, sorted(ports)))})(?!\d)") if ports else None
        self._held = False

    @contextlib.contextmanager
    def used_by(self, step: Step) -> Iterator[None]:
        """Have the ports while a step is taken that names one; wait until nobody else has them."""
        if self._named and not self._held and any(map(self._named.search, commands_of(step))):
            with _changed:
                _changed.wait_for(lambda: _taken.isdisjoint(self._ports))
                _taken.update(self._ports)
            self._held = True
        yield
        if self._held and not self._published():
            self.give_back()

    def give_back(self) -> None:
        """Give the ports back, whatever was left."""
        if self._held:
            self._held = False
            with _changed:
                _taken.difference_update(self._ports)
                _changed.notify_all()

    def _published(self) -> bool:
        """Return whether a container of the walk publishes a port; an engine that does not answer has not said no."""
        try:
            with contextlib.closing(self._engine.api()) as api:
                containers = api.api.containers(filters={"label": f"{WALK_LABEL}={self._walk}"})
        except (docker.errors.DockerException, requests.RequestException, OSError):
            return True
        return any(port.get("PublicPort") for container in containers for port in container["Ports"] or ())
