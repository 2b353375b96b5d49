"""Names that are lent: official ones, which stand-ins have on somebody's own engine while a run needs them."""

from __future__ import annotations

from pathlib import Path

import docker
import docker.errors
import requests

from walkthrough.machine.bases import STAND_IN_LABEL


class Lent:
    """The official names that stand-ins have on the user's engine for a while.

    They are kept in a file, so that of a run that is killed the next one takes them back, and of several runs at once
    the last one.
    """

    def __init__(self, file: Path) -> None:
        self._file = file

    def add(self, name: str) -> None:
        """Note a name, before a stand-in has it."""
        self._file.parent.mkdir(parents=True, exist_ok=True)
        with self._file.open("a", encoding="utf-8") as file:
            file.write(f"{name}\n")

    def take_back(self, api: docker.DockerClient) -> None:
        """Take the names away, from stand-ins only: somebody may have pulled the official image since."""
        names = self._file.read_text(encoding="utf-8").split() if self._file.exists() else []
        for name in dict.fromkeys(names):
            try:
                if STAND_IN_LABEL in (api.images.get(name).labels or {}):
                    api.images.remove(name)
            except docker.errors.APIError:
                continue
            except requests.RequestException:  # the engine is gone: the next run takes them back
                return
        self._file.unlink(missing_ok=True)
