"""The ``docker`` that a page's commands meet: the real client, which also labels and notes what it makes.

The label lets everything be found and removed again, even after a kill; the notes say which build made which image.
"""

from __future__ import annotations

import shlex
import shutil
from pathlib import Path

from walkthrough.machine.embedded import Embedded
from walkthrough.machine.engine import Engine
from walkthrough.machine.marks import WALK_LABEL
from walkthrough.project import state_folder

_DOCKER = """#!/bin/sh
{exports}
docker={docker} label={label} journal={journal}

build() {{ # build: the words that call it, "--", its arguments
    words=
    while [ "$1" != -- ]; do words="$words $1"; shift; done
    shift
    # shellcheck disable=SC2086
    "$docker" $words --label "$label" "$@" || exit
    printf '%s\\0' "$PWD" "$@" >"$(mktemp "$journal/build-XXXXXX")"
    exit 0
}}

case "$1 $2" in
    "build "*) shift; build build -- "$@" ;;
    "buildx build" | "image build" | "builder build") first=$1; shift 2; build "$first" build -- "$@" ;;
    "run "* | "create "*) verb=$1; shift; exec "$docker" "$verb" --label "$label" "$@" ;;
    "container run" | "container create" | "network create" | "volume create")
        noun=$1 verb=$2; shift 2; exec "$docker" "$noun" "$verb" --label "$label" "$@" ;;
esac
exec "$docker" "$@"
"""

_CHROOTED = """#!/bin/sh
exec chroot {root} {program} "$@"
"""


def install_tools(folder: Path, engine: Engine, walk: str, journal: Path) -> None:
    """Write the page's tools to ``folder``, to be put first in its ``PATH``.

    Besides ``docker`` that is ``curl``, lent from the embedded engine's root where the machine has none: a reader's
    Ubuntu has it.
    """
    journal.mkdir(parents=True, exist_ok=True)
    exports = "\n".join(f"export {name}={shlex.quote(value)}" for name, value in engine.environment.items())
    script = _DOCKER.format(
        exports=exports,
        docker=shlex.quote(str(engine.docker)),
        label=shlex.quote(f"{WALK_LABEL}={walk}"),
        journal=shlex.quote(str(journal)),
    )
    _write(folder / "docker", script)
    root = Embedded(state_folder()).root
    if shutil.which("curl") is None and engine.kind == "embedded" and (root / "usr/bin/curl").exists():
        _write(folder / "curl", _CHROOTED.format(root=shlex.quote(str(root)), program="/usr/bin/curl"))


def _write(path: Path, text: str) -> None:
    path.write_text(text)
    path.chmod(0o755)
