"""The reader's machine: a disposable container that stands for the instance with Ubuntu on which a page is done.

It is one container a walk. Two volumes are kept for the next walk: the data of its Docker, with base images and build
cache, and what is remembered of layers. Its input is its life: it ends when the other end is closed, so that a run that
is killed leaves no machine.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib.metadata
import io
import itertools
import re
import shutil
import tarfile
import tempfile
import threading
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path, PurePosixPath

import docker.errors

from walkthrough.errors import AbortedError
from walkthrough.machine.bases import READER, Base, Kind, engine_of, of_the_machine
from walkthrough.machine.engine import Engine
from walkthrough.machine.rented import Machine

MACHINE_LABEL = "docker-labs.machine"
"""Label of machines, and of their images."""
PROGRAM = PurePosixPath("/opt/docker-labs")
"""Where what walks the page is put."""
STATE = PurePosixPath("/var/lib/docker-labs")
"""What machines of one host engine remember and lock together: their state folder, on a volume."""
_NAME = "docker-labs"
"""How the names of machines, of their images and of their volumes begin."""
_LIBRARIES = (
    "backports.zstd",
    "docker",
    "jinja2",
    "markdown",
    "pydantic",
    "pymdown-extensions",
    "pyyaml",
    "requests",
    "tenacity",
    "urllib3",
)
"""What walks a page imports these."""
_PROGRAM = ("python3", "-m", "walkthrough.walk.inside")
_VARIABLES = {
    "HOME": "/home/ubuntu",
    "USER": "ubuntu",
    "LOGNAME": "ubuntu",
    "SHELL": "/bin/bash",
    "PYTHONPATH": f"{PROGRAM}/hooks:{PROGRAM}/libraries",
    "PYTHONPYCACHEPREFIX": f"{STATE}/pycache",
    "LABS_STATE": str(STATE),
}
_DATA = ("/var/lib/docker", "/var/lib/containerd")
"""What the image declares as volumes."""
_LOCK = Path(__file__).parents[3] / "requirements.txt"
_BUILD_LIMIT = 900.0
_MEMORY = "4g"
"""What a t3.medium has, which the setup page asks for."""
_PROCESSES = 4096
_SLOTS = 16
"""More than a run has machines on a host, so that volumes of two runs never have one number."""
_PACKAGE = Path(__file__).parent.parent
_SOURCES = (".py", ".sh")


class Machines:
    """The machines of one host engine: their images, and the one that is rented next.

    Args:
        bases: the images that machines are made from, among others.
        number: of the run, from 0, on this engine: each has volumes of its own.
        alone: whether no other run was there at first, so that what machines had before may be forgotten.
    """

    def __init__(
        self,
        engine: Engine,
        bases: Mapping[str, Base],
        release: str,
        say: Callable[[str], None] = lambda _line: None,
        number: int = 0,
        alone: bool = False,
    ) -> None:
        self.engine, self.release, self._say, self._number, self._alone = engine, release, say, number, alone
        kinds: tuple[Kind, ...] = ("fresh", "docker")
        self._digests = {kind: _digest(bases, of_the_machine(kind, release)) for kind in kinds}
        self._one_each = {kind: threading.Lock() for kind in kinds}

    def image(self, kind: Kind) -> str:
        """Return the name of the image of such machines: another one for whatever makes another machine."""
        return f"{_NAME}-machine:{self._name(kind)}"

    def _name(self, kind: Kind) -> str:
        return f"{kind}{self.release if kind == 'docker' else ''}-{self._digests[kind]}"

    @contextlib.contextmanager
    def rented(self, kind: Kind, slot: int, files: Mapping[str, bytes]) -> Iterator[Machine]:
        """Start a machine that walks what ``files`` say; remove it, and all that was done on it, on leaving.

        Args:
            slot: the number of the volume that the data of its Docker are on, if no machine of another run has that.
            files: by name, what is put beside the program.

        Raises:
            AbortedError: where it cannot be made, as where privileged containers are refused.
        """
        image = self.provide(kind)
        name = f"{_NAME}-machine-{uuid.uuid4().hex[:8]}"
        try:
            # An interrupt may end the client when the engine has made it: so it is removed in each case.
            with contextlib.closing(self.engine.api()) as api:
                self._create(api, kind, image, name, slot)
                api.containers.get(name).put_archive(str(PROGRAM), _packed(files))
            with Machine(self.engine, name) as machine:
                yield machine
        finally:
            # As a rule it has ended by itself, and is gone already.
            self.engine.command("rm", "--force", "--volumes", name)

    def _create(self, api: docker.DockerClient, kind: Kind, image: str, name: str, slot: int) -> None:
        """Create a machine on a volume that no other machine has: somebody else may have a run on the same engine.

        Of two that take the same one at the same time, the one that was created first has it.
        """
        for number in itertools.count(slot + self._number * _SLOTS, _SLOTS):
            volume = f"{_NAME}-{self._name(kind)}-{number}"
            if _users(api, volume):
                continue
            data = [f"--volume={volume}:/var/lib/docker"] if kind == "docker" else []
            # They go with the machine. Where the host's engine dies, it forgets that: their label tells whose they are.
            passing = _DATA[len(data) :]
            made = self.engine.command(
                "create", "--interactive", "--rm", "--init", "--privileged", f"--label={MACHINE_LABEL}",
                f"--name={name}", f"--memory={_MEMORY}", f"--pids-limit={_PROCESSES}", "--log-driver=none",
                f"--volume={_NAME}-memory:{STATE}", *data,
                *(f"--mount=type=volume,destination={place},volume-label={MACHINE_LABEL}" for place in passing),
                *(f"--env={key}={value}" for key, value in _VARIABLES.items()), image, *_PROGRAM,
            )  # fmt: skip
            if made.returncode != 0:
                raise _refused(made.stderr)
            if not data or _users(api, volume)[0] == name:
                return
            self.engine.command("rm", "--force", "--volumes", name)

    def provide(self, kind: Kind) -> str:
        """Return the name of the image of such machines, after building it where it is not there.

        Raises:
            AbortedError: where it cannot be built.
        """
        name = self.image(kind)
        with self._one_each[kind], contextlib.closing(self.engine.api()) as api:
            try:
                api.images.get(name)
            except docker.errors.ImageNotFound:
                self._say("building the reader's machine")
                with tempfile.TemporaryDirectory(prefix="docker-labs-machine-") as folder:
                    context = Path(folder, "context")
                    shutil.copytree(READER, context)
                    (context / "requirements.txt").write_text(pinned(), encoding="utf-8")
                    built = self.engine.command(
                        "buildx", "build", "--load", f"--target={kind}",
                        f"--build-arg=ENGINE={engine_of(self.release)}", f"--tag={name}", f"--label={MACHINE_LABEL}",
                        str(context), timeout=_BUILD_LIMIT,
                    )  # fmt: skip
                if built.returncode != 0:
                    said = built.stderr.strip()[-1500:]
                    raise AbortedError(f"the reader's machine cannot be built: {said}", "see why") from None
                if self._alone:
                    self._forget_old(api, kind)
        return name

    def _forget_old(self, api: docker.DockerClient, kind: Kind) -> None:
        """Remove images and volumes of machines of that kind and release that are made otherwise now."""
        name = self._name(kind)
        like = re.compile(rf"{_NAME}-(machine:)?{name.rpartition('-')[0]}-[0-9a-f]{{12}}(-\d+)?")
        for image in api.api.images(filters={"label": MACHINE_LABEL}):
            for tag in image["RepoTags"] or ():
                if like.fullmatch(tag) and name not in tag:
                    with contextlib.suppress(docker.errors.APIError):
                        api.images.remove(tag)
        for volume in api.volumes.list():
            if like.fullmatch(str(volume.name)) and name not in str(volume.name):
                with contextlib.suppress(docker.errors.APIError):
                    volume.remove()


def _users(api: docker.DockerClient, volume: str) -> list[str]:
    """Return the names of the containers that have a volume, in the order in which they were created."""
    found = api.containers.list(all=True, filters={"volume": volume}, ignore_removed=True)
    return [str(one.name) for one in sorted(found, key=lambda one: (str(one.attrs["Created"]), str(one.name)))]


def remove_left(engine: Engine) -> list[str]:
    """Remove the machines on a host engine that do not run, and volumes of those that are gone; return their names.

    One that runs is somebody's: it ends by itself when he goes away.
    """
    with contextlib.closing(engine.api()) as api:
        found = api.containers.list(all=True, filters={"label": MACHINE_LABEL}, ignore_removed=True)
        names = [str(one.name) for one in found if one.status != "running"]
        for name in names:
            engine.command("rm", "--force", "--volumes", name)
        for volume in api.volumes.list(filters={"label": MACHINE_LABEL, "dangling": True}):
            with contextlib.suppress(docker.errors.APIError):
                volume.remove()
    return names


def _refused(said: str) -> AbortedError:
    what = f"the reader's machine cannot be started: {said.strip()[-500:]}"
    return AbortedError(what, "it is a privileged container: use an engine that allows them")


def _digest(bases: Mapping[str, Base], named: Iterable[str]) -> str:
    """Return the digest of all that makes a machine: its build context, its libraries, its base images by digest."""
    told = hashlib.sha256()
    for path in sorted(READER.iterdir()):
        told.update(path.name.encode() + path.read_bytes())
    told.update(pinned().encode())
    for name in sorted(named):
        told.update(f"{name} {bases[name].digest if name in bases else ''}\0".encode())
    return told.hexdigest()[:12]


def pinned() -> str:
    """Return the part of this project's requirements that the machine needs, with the hashes."""
    entries = re.split(r"\n(?=[a-z0-9])", _LOCK.read_text(encoding="utf-8"), flags=re.IGNORECASE)
    by_name = {_plain(re.split(r"[=\[ ]", entry, maxsplit=1)[0]): entry.strip() for entry in entries}
    wanted, closed = [_plain(name) for name in _LIBRARIES], set[str]()
    while wanted:
        name = wanted.pop()
        if name in closed or name not in by_name:
            continue
        closed.add(name)
        with contextlib.suppress(importlib.metadata.PackageNotFoundError):
            needed = [one for one in importlib.metadata.requires(name) or () if "extra ==" not in one]
            wanted += [_plain(re.split(r"[^\w.-]", one, maxsplit=1)[0]) for one in needed]
    return "".join(f"{by_name[name]}\n" for name in sorted(closed))


def _plain(name: str) -> str:
    """Return a package's name in the form in which two spellings are one (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


def _packed(files: Mapping[str, bytes]) -> bytes:
    """Return an archive of this package, and of ``files`` beside it."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:

        def add(name: str, content: bytes, changed: float) -> None:
            entry = tarfile.TarInfo(name)
            entry.size, entry.mtime, entry.mode = len(content), int(changed), 0o644
            archive.addfile(entry, io.BytesIO(content))

        for path in sorted(_PACKAGE.rglob("*")):
            if path.suffix in _SOURCES or path.parent.name == "govulncheck":
                place = path.relative_to(_PACKAGE.parent)
                add(f"hooks/{place.as_posix()}", path.read_bytes(), path.stat().st_mtime)
        for name, content in files.items():
            add(name, content, 0)
    return packed.getvalue()
