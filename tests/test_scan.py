"""A scan has happened, and says of what, by what, of which day; what was not scanned is not clean."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Iterator
from pathlib import Path

import docker
import pytest

from archives import file, image, layer
from walkthrough.claims.seen import Scanned
from walkthrough.errors import StepError
from walkthrough.images.package import Package
from walkthrough.images.reading import read_file, read_image
from walkthrough.machine.engine import Engine
from walkthrough.machine.provision import provided
from walkthrough.observe.scan import scan
from walkthrough.project import state_folder

pytestmark = pytest.mark.beside

PROGRAM = """\
package main

import "net/http"

func main() { http.ListenAndServe(":8080", nil) }
"""
DOCKERFILE = """\
FROM golang:1.27-trixie AS build
COPY main.go go.mod ./
ARG GOTOOLCHAIN=local
RUN CGO_ENABLED=0 go build -ldflags=-s -o /server .

FROM scratch
COPY --from=build /server /
CMD ["/server"]
"""


@pytest.fixture
def api(engine: Engine) -> Iterator[docker.DockerClient]:
    """Yield a client of the engine."""
    with contextlib.closing(engine.api()) as client:
        yield client


def scanned(engine: Engine, api: docker.DockerClient, name: str, state: Path) -> Scanned:
    """Scan an image, and remove it."""
    try:
        return scan(engine, api, name, read_image(api, name), state)
    finally:
        api.images.remove(name, force=True)


def go_image(engine: Engine, folder: Path, *arguments: str) -> str:
    """Build an image with one Go program, as the Go exercise does."""
    (folder / "main.go").write_text(PROGRAM)
    (folder / "go.mod").write_text("module example.com/server\n\ngo 1.26.0\n")
    (folder / "Dockerfile").write_text(DOCKERFILE)
    with provided(engine, {"golang:1.27-trixie"}, state_folder(), print):
        built = engine.command("build", "-q", "-t", "scan-go:1", *arguments, str(folder))
    assert built.returncode == 0, built.stderr
    return "scan-go:1"


def test_a_go_program_of_an_old_toolchain_has_known_faults(
    engine: Engine, api: docker.DockerClient, tmp_path: Path
) -> None:
    """The same sources by a toolchain whose faults are mended have fewer, and no one that was mended before it."""
    old = scanned(engine, api, go_image(engine, tmp_path, "--build-arg=GOTOOLCHAIN=go1.26.8"), state_folder())
    new = scanned(engine, api, go_image(engine, tmp_path), state_folder())

    (by_go,) = old.scans
    assert by_go.by.startswith("govulncheck v")
    assert by_go.day >= "2026-11-05"
    assert "GO-2026-6809" in [report.name for report in old.reports]
    assert {(report.package, report.version) for report in old.reports} == {("stdlib", "v1.26.8")}
    assert new.reports == []
    assert not old.missing
    assert not new.missing


def by_hand(api: docker.DockerClient, *members: tuple[str, bytes]) -> str:
    """Load an image with these files."""
    api.images.load(image([layer(file(name, content) for name, content in members)], "scan-hand:1"))
    return "scan-hand:1"


def test_a_debian_package_that_is_behind_is_known(engine: Engine, api: docker.DockerClient, debian: str) -> None:
    """The base as it is, against what its release offers; then one package of it with an older version."""
    files = debian_files(api, debian)
    now = scanned(engine, api, by_hand(api, *files.items()), state_folder())
    status = files["var/lib/dpkg/status"].decode()
    behind = dict(files, **{"var/lib/dpkg/status": status.replace("Version: ", "Version: 0~", 1).encode()})
    then = scanned(engine, api, by_hand(api, *behind.items()), state_folder())

    (scan_now,), (scan_then,) = now.scans, then.scans
    assert scan_now.packages == scan_then.packages > 50
    assert "security" in scan_now.by
    assert len(then.reports) == len(now.reports) + 1
    assert not then.missing


def debian_files(api: docker.DockerClient, name: str) -> dict[str, bytes]:
    """Return the files of a Debian image that tell its release and its packages."""
    paths = ("usr/lib/os-release", "var/lib/dpkg/status")
    return {path: read_file(api, name, f"/{path}") for path in paths}


def test_what_cannot_be_scanned_is_said(engine: Engine, api: docker.DockerClient) -> None:
    """No database of npm's faults can be had; Debian packages of no release cannot be compared with one."""
    found = scanned(
        engine,
        api,
        by_hand(
            api,
            ("app/node_modules/one/package.json", b'{"name": "one", "version": "1.0.0"}'),
            ("var/lib/dpkg/status", b"Package: libc6\nStatus: install ok installed\nVersion: 2.41\n"),
        ),
        state_folder(),
    )
    assert found.scans == ()
    assert found.missing["npm"].startswith("1 not scanned")
    assert "does not say which release" in found.missing["deb"]


def test_a_scanner_that_says_nothing_has_not_scanned(engine: Engine, api: docker.DockerClient, tmp_path: Path) -> None:
    """A program that is none, though its path says so, is no program without faults."""
    name = by_hand(api, ("server", b"not a program"))
    whole = read_image(api, name)
    lying = dataclasses.replace(
        whole,
        entries={
            "/server": dataclasses.replace(
                whole.entries["/server"], packages=(Package("go", "stdlib", "go1.27.4", "/server"),)
            )
        },
    )
    try:
        with pytest.raises(StepError, match=r"nothing was scanned|does not say what it scanned"):
            scan(engine, api, name, lying, tmp_path)
    finally:
        api.images.remove(name, force=True)
