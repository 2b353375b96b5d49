"""Copies of the project to break, and its real command lines to run in them."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import docker
import pytest

from walkthrough.machine.cleanup import tags
from walkthrough.machine.embedded import Embedded
from walkthrough.machine.engine import Engine
from walkthrough.machine.reader import MACHINE_LABEL
from walkthrough.page.course import read_course
from walkthrough.project import Project, state_folder
from walkthrough.publish.labfolder import write_lab

ROOT = Path(__file__).resolve().parent.parent
LAB = "lab-03-multi-stage-builds"
AUTHORING = "lab-00-authoring"
GO_PAGE = f"docs/{LAB}/go-app.md"
INDEX_PAGE = f"docs/{LAB}/index.md"
LIMIT = 600
UNFINISHED = "*.pyc.*"
"""What is being compiled just now. What has been goes along: a copy that compiled it all anew took a second longer."""
MADE = """\
```dockerfile title="app/Dockerfile"
FROM debian:trixie AS build
RUN echo {marker} >/made

FROM scratch
COPY --from=build /made /made
CMD ["/made"]
```
"""
"""A file from which an image with one other file is built, which is new to every cache with a new ``marker``."""
# A user namespace without a mapping: every process in it is nobody, though the files stay readable.
NOBODY = ("unshare", "--user")
NO_ENGINE = {"DOCKER_HOST": "unix:///nonexistent/docker.sock", "LABS_STATE": "/nonexistent/" + "state/" * 20}
"""Where no engine answers, and where not even root can start one: the path is too long for a socket."""


def copy_project(target: Path) -> Path:
    """Copy all that makes the project to ``target``, less what was built and every exercise but Go's.

    It is for what is seen without an engine. What is walked is a small page of the tests' own: ``honest_page``.
    """
    skipped = shutil.ignore_patterns(UNFINISHED, ".*_cache", "test-artefacts")
    for name in ("docs", "labs", "hooks"):
        shutil.copytree(ROOT / name, target / name, ignore=skipped)
    for name in ("mkdocs.yml", "conftest.py", "pyproject.toml", "requirements.txt"):
        shutil.copy(ROOT / name, target / name)
    for lab in (*(target / "docs").glob("lab-*"), *(target / "labs").glob("lab-*")):
        if lab.name != LAB:
            shutil.rmtree(lab)
    for page in (target / "docs" / LAB).rglob("*.md"):
        if page.relative_to(target).as_posix() not in (GO_PAGE, INDEX_PAGE):
            page.unlink()
    for made in (target / "labs" / LAB).iterdir():
        if made.name not in ("go-app", "evidence", "README.md"):
            shutil.rmtree(made) if made.is_dir() else made.unlink()
    front = target / "docs/index.md"
    front.write_text(re.sub(r"## What a lab does.*?(?=\n## )", "", front.read_text(), flags=re.DOTALL))
    for page in (front, target / INDEX_PAGE, target / GO_PAGE):  # links to pages that the copy lacks
        lacking = rf"\[([^]]+)\]\((?!({LAB}/)?(go-app|index|status)\.md)[\w./-]+\.md[^)]*\)"
        page.write_text(re.sub(lacking, r"\1", page.read_text()))
    configuration = target / "mkdocs.yml"
    kept = [
        line
        for line in configuration.read_text().splitlines(keepends=True)
        if not re.search(rf'lab-\d\d-[\w-]+/|For authors|^  - "Lab (?!{LAB[4:6]})', line)
        or any(page.removeprefix("docs/") in line for page in (GO_PAGE, INDEX_PAGE))
    ]
    configuration.write_text("".join(kept))
    project = Project(target)
    itineraries = read_course(project).itineraries
    for path in (INDEX_PAGE, GO_PAGE):
        write_lab(project, itineraries[path])
    return target


def environment(**changes: str) -> dict[str, str]:
    """Return this process's environment with ``changes``; what CI and GitHub add is left out.

    Which engine the developer chose counts, but not where a test names one itself.
    """
    left_out = {"CI", "GITHUB_ACTIONS", "PYTHONPATH"} | ({"LABS_ENGINE"} if "DOCKER_HOST" in changes else set())
    kept = {name: value for name, value in os.environ.items() if name not in left_out}
    return {**kept, "NO_MKDOCS_2_WARNING": "1", "DISABLE_MKDOCS_2_WARNING": "true", **changes}


def run(project: Path, *command: str, prefix: tuple[str, ...] = (), **changes: str) -> subprocess.CompletedProcess[str]:
    """Run a command of the project's own Python in a copy; stdout holds both streams."""
    return subprocess.run(
        [*prefix, sys.executable, "-m", *command],
        cwd=project,
        env=environment(**{"PYTHONPATH": str(project / "hooks"), **changes}),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=LIMIT,
        check=False,
    )


def built_site(generator: str, folder: Path) -> Path:
    """Build the whole course's site into ``folder`` without an engine, and without being root."""
    done = run(
        ROOT, generator, "build", "--strict", "-q", "-f", "mkdocs.yml", "-d", str(folder), prefix=NOBODY, **NO_ENGINE
    )
    assert done.returncode == 0, done.stdout
    return folder


@contextlib.contextmanager
def second_engine(engine: Engine) -> Iterator[Embedded]:
    """Start an engine beside the embedded one, with all that machines are made from, in a state folder of its own."""
    if engine.kind != "embedded":
        pytest.skip("this machine's own engine is the user's, and there is no second one")
    state = Path(f"/tmp/labs-{uuid.uuid4().hex[:8]}")
    other = Embedded(state)
    other.folder.mkdir(parents=True)
    subprocess.run(["cp", "-a", str(Embedded(state_folder()).root), str(other.root)], check=True)
    try:
        hand_machines(engine, other.start(print))
        yield other
    finally:
        other.remove()
        subprocess.run(["rm", "-r", str(state)], check=True)


def hand_machines(engine: Engine, other: Engine) -> None:
    """Hand all that machines are made from to another engine, which would have to make it otherwise."""
    with contextlib.closing(engine.api()) as api:
        needed = ("docker-labs-machine:docker", "debian:trixie", "docker:", "ubuntu:")
        chosen = [name for name in tags(api) if name.startswith(needed)]
    with subprocess.Popen(
        [str(engine.docker), "save", *chosen], env=engine.whole_environment, stdout=subprocess.PIPE
    ) as saving:
        subprocess.run(
            [str(other.docker), "load", "--quiet"],
            env=other.whole_environment,
            stdin=saving.stdout,
            stdout=subprocess.DEVNULL,
            check=True,
            timeout=LIMIT,
        )


_OURS = re.compile(r"docker-labs-(memory|(machine:)?(docker\d+|fresh)-[0-9a-f]{12}(-\d+)?)")
"""Images and volumes of machines, which are kept on purpose."""


def snapshot(api: docker.DockerClient) -> dict[str, list[str]]:
    """Return all of an engine that people can see, the build cache aside, and the machines' images and volumes."""
    images = [(str(image["Id"]), image["RepoTags"] or []) for image in api.api.images()]
    return {
        "containers": sorted(f"{c.name} {c.status}" for c in api.containers.list(all=True, ignore_removed=True)),
        "images": sorted(
            f"{identity} {tag}" for identity, tags in images for tag in tags or ["untagged"] if not _OURS.fullmatch(tag)
        ),
        "networks": sorted(str(network.name) for network in api.networks.list()),
        "volumes": sorted(str(volume.name) for volume in api.volumes.list() if not _OURS.fullmatch(str(volume.name))),
    }


def machines_left(engine: Engine) -> str:
    """Return the machines that are on the engine."""
    return engine.command("container", "ls", "--all", "--quiet", "--filter", f"label={MACHINE_LABEL}").stdout


def machines_started(engine: Engine, since: float) -> int:
    """Return how many machines an engine has started since then."""
    told = ("--since", f"{since:.3f}", "--until", f"{time.time():.3f}", "--format", "{{.ID}}")
    said = engine.command("events", *told, "--filter", "event=start", "--filter", f"label={MACHINE_LABEL}")
    return len(said.stdout.split())


@contextlib.contextmanager
def preview(project: Path, log: Path) -> Iterator[str]:
    """Run ``mkdocs serve`` on a free port, its words going to ``log``; yield the site's address."""
    port = free_port()
    command = [sys.executable, "-m", "mkdocs", "serve", "--no-strict", "-a", f"127.0.0.1:{port}"]
    changed = environment(PYTHONPATH=str(project / "hooks"))
    with log.open("wb") as output:
        process = subprocess.Popen(command, cwd=project, env=changed, stdout=output, stderr=output)
        try:
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()
            process.wait(30)


def free_port() -> int:
    """Return a port of this host, as the calling thread sees it, that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def published(engine: Engine, name: str) -> Iterator[int]:
    """Run the image ``name`` in a read-only container of that name; yield the port at which its 8080 is reached.

    The container and the image are gone in the end.
    """
    try:
        started = engine.command("run", "-d", "--read-only", "--name", name, "-p", "127.0.0.1:0:8080", name)
        assert started.returncode == 0, started.stderr
        yield int(engine.command("port", name, "8080/tcp").stdout.rpartition(":")[2])
    finally:
        engine.command("rm", "--force", name)
        engine.command("image", "rm", "--force", name)


FRONT_DOORS = {
    "verify": ("walkthrough", "verify"),
    "mkdocs": ("mkdocs", "build", "--strict"),
    "pytest": ("pytest", "docs", "-p", "no:cacheprovider"),
}


def line_with(page: Path, text: str) -> int:
    """Return the number of the only line that contains ``text``."""
    found = [number for number, line in enumerate(page.read_text().splitlines(), 1) if text in line]
    assert len(found) == 1, (text, found)
    return found[0]


def honest_page(name: str, port: str = "18000") -> str:
    """Return the text of the tests' own page, for a page of that name: its files, image, container and port."""
    return (ROOT / "tests/pages/honest.md").read_text().replace("NAME", name).replace("PORT", port)


def small_project(target: Path, text: str, name: str = "page") -> Path:
    """Make a project of one small lab page, ``docs/lab-01-small/<name>.md``."""
    folder = target / "docs/lab-01-small"
    folder.mkdir(parents=True, exist_ok=True)
    (target / "labs").mkdir(exist_ok=True)
    (folder / f"{name}.md").write_text(text)
    (target / "docs/index.md").write_text("# A small course\n")
    config = re.sub(r"^nav:.*?\n\n", "", (ROOT / "mkdocs.yml").read_text(), flags=re.DOTALL | re.MULTILINE)
    (target / "mkdocs.yml").write_text(config)
    for other in ("conftest.py", "pyproject.toml", "requirements.txt"):
        shutil.copy(ROOT / other, target / other)
    if not (target / "hooks").exists():
        shutil.copytree(ROOT / "hooks", target / "hooks", ignore=shutil.ignore_patterns(UNFINISHED))
    shutil.copytree(ROOT / "docs/assets", target / "docs/assets", dirs_exist_ok=True)
    return target
