"""The tools that a page's commands meet: a ``docker`` that labels and notes what it makes, and a ``curl``.

The label lets everything be found and removed again, even after a kill; the notes say which build made which image.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from walkthrough.machine.embedded import Embedded
from walkthrough.machine.engine import Engine
from walkthrough.machine.marks import WALK_LABEL
from walkthrough.project import state_folder

_DOCKER = Path(__file__).with_name("docker_client.py")
_INTERPRETER = f'#!/usr/bin/env -S "{Path(sys.executable).resolve()}" -IS\n'
_CHROOTED = """\
import os, sys
os.chroot({root!r})
os.execv({program!r}, [{program!r}, *sys.argv[1:]])
"""


def install_tools(folder: Path, engine: Engine, walk: str, journal: Path) -> None:
    """Write the page's tools to ``folder``, to be put first in its ``PATH``.

    Besides ``docker`` that is ``curl``, lent from the embedded engine's root where the machine has none: a reader's
    Ubuntu has it.
    """
    journal.mkdir(parents=True, exist_ok=True)
    known = (str(engine.docker), f"{WALK_LABEL}={walk}", str(journal))
    script = _DOCKER.read_text(encoding="utf-8")
    script = script.replace('DOCKER, LABEL, JOURNAL = "", "", ""', f"DOCKER, LABEL, JOURNAL = {known!r}")
    _write(folder / "docker", script.replace("EXPORTS: dict[str, str] = {}", f"EXPORTS = {engine.environment!r}"))
    root = Embedded(state_folder()).root
    if shutil.which("curl") is None and engine.kind == "embedded" and (root / "usr/bin/curl").exists():
        _write(folder / "curl", _CHROOTED.format(root=str(root), program="/usr/bin/curl"))


def _write(path: Path, text: str) -> None:
    path.write_text(_INTERPRETER + text, encoding="utf-8")
    path.chmod(0o755)
