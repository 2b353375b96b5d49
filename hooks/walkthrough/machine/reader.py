"""The reader's machine: a disposable container that stands for the instance with Ubuntu on which a page is done."""

from __future__ import annotations

import contextlib
import io
import subprocess
import tarfile
import uuid
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Literal

from walkthrough.errors import AbortedError
from walkthrough.machine.bases import READER
from walkthrough.machine.cleanup import tags
from walkthrough.machine.engine import Engine
from walkthrough.machine.marks import WALK_LABEL

_USER = "ubuntu"
_HOME = f"/home/{_USER}"
_BUILD_LIMIT = 900.0
_MEMORY = "4g"
"""What a t3.medium has, which the setup page asks for."""
_PROCESSES = 4096
_START_LIMIT = 60.0
_LOAD_LIMIT = 300.0
_UNTIL_READY = "until docker info >/dev/null 2>&1; do sleep 0.1; done"
Kind = Literal["fresh", "docker"]
"""A machine just rented, or one that its reader has set up: stages of the build."""


@dataclass(frozen=True)
class ReaderMachine:
    """A machine on a host engine, by the name of its container."""

    engine: Engine
    name: str

    def login(self, *command: str) -> list[str]:
        """Return the words that run a command there as its user, in a new login: groups are read anew."""
        whole = ["exec", "--interactive", f"--user={_USER}", f"--workdir={_HOME}", f"--env=HOME={_HOME}"]
        whole += [f"--env=USER={_USER}", f"--env=LOGNAME={_USER}", "--env=SHELL=/bin/bash", self.name]
        return [str(self.engine.docker), *whole, *command]

    def put(self, path: PurePosixPath, content: bytes) -> None:
        """Write a file there that everybody may read.

        Raises:
            docker.errors.APIError: where its folder is missing.
        """
        packed = io.BytesIO()
        with tarfile.open(fileobj=packed, mode="w") as archive:
            entry = tarfile.TarInfo(path.name)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
        with contextlib.closing(self.engine.api()) as api:
            api.containers.get(self.name).put_archive(str(path.parent), packed.getvalue())

    def load(self, images: Iterable[str]) -> None:
        """Hand images of the host engine, as far as it has them, to the machine's own.

        Raises:
            AbortedError: where one cannot be handed over.
        """
        with contextlib.closing(self.engine.api()) as api:
            chosen = sorted(tags(api).keys() & set(images))
        if not chosen:
            return
        client, environment, names = str(self.engine.docker), self.engine.whole_environment, ", ".join(chosen)
        loading = [client, "exec", "--interactive", self.name, "docker", "load", "--quiet"]
        with subprocess.Popen([client, "save", *chosen], env=environment, stdout=subprocess.PIPE) as saving:
            assert saving.stdout
            try:
                loaded = subprocess.run(
                    loading, env=environment, stdin=saving.stdout, capture_output=True, timeout=_LOAD_LIMIT, check=False
                )
            except subprocess.TimeoutExpired:
                saving.kill()
                raise AbortedError(f"{names} cannot be handed to the machine in {_LOAD_LIMIT:.0f} s") from None
        if loaded.returncode or saving.returncode:
            raise AbortedError(f"the machine does not take {names}: {loaded.stderr.decode(errors='replace')[-500:]}")


@contextlib.contextmanager
def started(engine: Engine, walk: str, kind: Kind) -> Iterator[ReaderMachine]:
    """Start a machine of that kind; remove it, and all that was done on it, on leaving.

    Args:
        walk: the walk's id, for labels.

    Raises:
        AbortedError: where it cannot be made, as where privileged containers are refused.
    """
    label, name = f"--label={WALK_LABEL}={walk}", f"docker-labs-machine-{uuid.uuid4().hex[:8]}"
    built = engine.command(
        "buildx", "build", "--load", "-q", f"--target={kind}", "-t", name, label, str(READER), timeout=_BUILD_LIMIT
    )
    if built.returncode != 0:
        raise AbortedError(f"the reader's machine cannot be built: {built.stderr.strip()[-1000:]}", "see why")
    begun = engine.command(
        "run", "--detach", "--init", "--privileged", label, f"--name={name}", f"--memory={_MEMORY}",
        f"--pids-limit={_PROCESSES}", name,
    )  # fmt: skip
    try:
        if begun.returncode != 0:
            what = f"the reader's machine cannot be started: {begun.stderr.strip()[-500:]}"
            raise AbortedError(what, "it is a privileged container: use an engine that allows them")
        if kind == "docker":
            try:
                engine.command("exec", name, "sh", "-c", _UNTIL_READY, timeout=_START_LIMIT)
            except subprocess.TimeoutExpired:
                said = engine.command("logs", "--tail=20", name)
                what = f"the Docker in the machine does not answer in {_START_LIMIT:.0f} s"
                raise AbortedError(what, f"see why: {(said.stdout + said.stderr).strip()[-500:]}") from None
        yield ReaderMachine(engine, name)
    finally:
        engine.command("rm", "--force", "--volumes", name)
        engine.command("image", "rm", "--force", name)
