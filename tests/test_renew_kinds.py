"""Renewing: a deliberately old pin of each kind is found where it stands, asked for, and rewritten there.

The clients are the real ones; what they ask is an index on this machine, and for Maven the one that it has by default.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

import local_index
from helpers import ROOT, run, small_project
from walkthrough.errors import AbortedError
from walkthrough.machine.engine import Engine
from walkthrough.observe.containers import wait_for
from walkthrough.page.course import read_course
from walkthrough.project import Project
from walkthrough.renew import running
from walkthrough.renew.asking import UnaskedError, forget, uv
from walkthrough.renew.checkout import bring_back, copied
from walkthrough.renew.looking import Looked, chosen_kinds, look
from walkthrough.renew.place import apply, places_of
from walkthrough.renew.touching import touched

PAGE = "docs/lab-01-small/page.md"
HOOKS = {"PYTHONPATH": str(ROOT / "hooks")}


@dataclass
class Index:
    """The index on this machine, and a project that asks it."""

    folder: Path
    state: Path
    project: Path

    def look(self, kind: str) -> Looked:
        """Look for one kind of pin."""
        return look(places_of(Project(self.project)), chosen_kinds([kind]), print)

    def page(self, *fences: str) -> str:
        """Write a page of these fences, each from its opening line on; return its text."""
        text = "# A page\n\n" + "\n\n".join(f"- Inside a list:\n\n{_indented(fence)}" for fence in fences) + "\n"
        (self.project / PAGE).write_text(text)
        return text

    def recipe(self, text: str, folder: str = "machine/recipes/old") -> Path:
        """Write a recipe, and return its place."""
        file = self.project / "hooks/walkthrough" / folder / "Dockerfile"
        file.parent.mkdir(parents=True)
        file.write_text(text)
        return file

    def renewed(self, kind: str, *told: str, again: bool = True) -> dict[str, str]:
        """Look for a kind, see that this is what is newer, write it; return the files that it is in by their names."""
        looked = self.look(kind)
        assert looked.unasked == ()
        assert [str(one) for change in looked.changes for one in change.renewals] == list(told)
        edits = [edit for change in looked.changes for edit in change.edits]
        apply(self.project, edits)
        if again:
            assert self.look(kind).changes == (), "what was written is not newer than itself"
        return {edit.path: (self.project / edit.path).read_text() for edit in edits}


def _indented(fence: str) -> str:
    return "\n".join(f"    {line}".rstrip() for line in fence.split("\n"))


def _needs(client: str) -> None:
    if not shutil.which(client):
        pytest.skip(f"{client} is not on this machine")


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Index]:
    """Yield an index that the clients ask, and a project of one page, without recipes of its own as yet."""
    folder = tmp_path / "index"
    folder.mkdir()
    (tmp_path / "p/hooks").mkdir(parents=True)
    project = small_project(tmp_path / "p", "# A page\n")
    (project / "requirements.txt").unlink()
    forget()
    with local_index.served(folder) as address:
        for name, value in local_index.environment(tmp_path, address).items():
            monkeypatch.setenv(name, value)
        yield Index(folder, tmp_path, project)
    forget()


def test_a_go_module(index: Index) -> None:
    """In a page's Dockerfile; the newer minor release and the pre-release are left alone."""
    _needs("go")
    versions = ("v1.2.0", "v1.2.9", "v1.2.10", "v1.2.11-rc.1", "v1.3.0")
    local_index.go_module(index.folder, "example.org/old", {version: {} for version in versions})
    text = index.page(
        '```dockerfile title="app/Dockerfile"\nFROM scratch\nRUN go install example.org/old/cmd/x@v1.2.0\n```'
    )

    written = index.renewed("go-module", f"{PAGE}:7: example.org/old/cmd/x v1.2.0 -> v1.2.10")

    assert written == {PAGE: text.replace("v1.2.0", "v1.2.10")}


def test_a_go_toolchain(index: Index) -> None:
    """Every place of the variable is rewritten."""
    _needs("go")
    versions = [f"v0.0.1-go1.27.{patch}.linux-amd64" for patch in (1, 4, 10)]
    local_index.go_module(index.folder, "golang.org/toolchain", {version: {} for version in versions})
    file = index.recipe(
        "FROM x AS a\nENV GO_V=1.27.1\nRUN GOTOOLCHAIN=go$GO_V go version\nFROM x\nENV GO_V=1.27.1 A=b\n"
    )
    text = file.read_text()
    path = file.relative_to(index.project).as_posix()

    assert index.renewed("go-toolchain", f"{path}:2: go 1.27.1 -> 1.27.10") == {path: text.replace("27.1", "27.10")}


def test_a_vulnerability_database(index: Index) -> None:
    """The newest day is taken."""
    _needs("go")
    old, new = "v0.0.0-20260101000000-000000000001", "v0.0.0-20260102000000-000000000002"
    local_index.go_module(index.folder, "example.org/vulndb", {old: {}, new: {}})
    file = index.recipe(
        f"FROM x\nENV DATABASE={old}\nRUN go mod download example.org/vulndb@$DATABASE\n", "observe/scan"
    )
    path = file.relative_to(index.project).as_posix()

    written = index.renewed("database", f"{path}:2: example.org/vulndb {old} -> {new}")

    assert f"ENV DATABASE={new}\n" in written[path]


def test_an_engine(index: Index) -> None:
    """The client's release leads; the module of its day, and the parts that this one names, follow."""
    _needs("go")
    local_index.go_module(
        index.folder, "github.com/docker/cli", {"v29.8.1+incompatible": {}, "v29.8.2+incompatible": {}}
    )
    named = {"Dockerfile": "ARG CONTAINERD_VERSION=v2.3.6\n"}
    module = "github.com/moby/moby/v2"
    local_index.go_module(index.folder, module, {"v2.0.0-beta.1": {}, "v2.0.0-beta.2": named, "v2.0.0-beta.3": {}})
    file = index.recipe(
        "FROM x\nARG DOCKER_VERSION=29.8.1\nARG MOBY_VERSION=2.0.0-beta.1\nARG CONTAINERD_VERSION=2.3.5\n"
        f"RUN fetch {module}@v$MOBY_VERSION\n"
        "RUN fetch github.com/containerd/containerd/v2@v$CONTAINERD_VERSION\n"
        "RUN fetch github.com/docker/cli@v$DOCKER_VERSION+incompatible\n"
    )
    path = file.relative_to(index.project).as_posix()

    written = index.renewed(
        "engine",
        f"{path}:2: github.com/docker/cli 29.8.1 -> 29.8.2",
        f"{path}:3: {module} 2.0.0-beta.1 -> 2.0.0-beta.2",
        f"{path}:4: github.com/containerd/containerd/v2 2.3.5 -> 2.3.6",
    )

    assert "ARG DOCKER_VERSION=29.8.2\nARG MOBY_VERSION=2.0.0-beta.2\nARG CONTAINERD_VERSION=2.3.6\n" in written[path]


def test_a_go_project(index: Index) -> None:
    """The sums follow the manifest, each in its own fence."""
    _needs("go")
    source = {"lib.go": "package lib\n"}
    local_index.go_module(index.folder, "example.org/lib", {"v1.2.0": source, "v1.2.1": source, "v1.3.0": source})
    index.page(
        '```go title="app/main.go"\npackage main\n\nimport _ "example.org/lib"\n\nfunc main() {}\n```',
        '```text title="app/go.mod"\nmodule example.org/app\n\ngo 1.21\n\nrequire example.org/lib v1.2.0\n```',
        '```text title="app/go.sum"\nexample.org/other v1.0.0 h1:old\nexample.org/other v1.0.0/go.mod h1:old\n```',
    )

    written = index.renewed("go-mod", f"{PAGE}:20: example.org/lib v1.2.0 -> v1.2.1")

    assert "\n    require example.org/lib v1.2.1\n" in written[PAGE]
    assert re.search(
        r"\n    example.org/lib v1.2.1 h1:\S+=\n    example.org/lib v1.2.1/go.mod h1:\S+=\n", written[PAGE]
    )


def test_a_package_of_npm(index: Index) -> None:
    """In a command, with a scope or without."""
    _needs("npm")
    local_index.npm_package(index.folder, "old", "1.2.0", "1.2.3", "1.3.0")
    text = index.page("```console\n$ npm install -g old@1.2.0\nadded old@1.2.0\n```")

    written = index.renewed("npm", f"{PAGE}:6: old 1.2.0 -> 1.2.3")

    assert written == {PAGE: text.replace("-g old@1.2.0", "-g old@1.2.3")}, "only what is typed is a pin"


def test_a_project_of_npm(index: Index) -> None:
    """The lock follows the manifest."""
    _needs("npm")
    local_index.npm_package(index.folder, "old", "1.2.0", "1.2.3", "1.3.0")
    lock = {
        "name": "app",
        "lockfileVersion": 3,
        "requires": True,
        "packages": {"": {"name": "app", "dependencies": {"old": "1.2.0"}}, "node_modules/old": {"version": "1.2.0"}},
    }
    index.page(
        '```json title="app/package.json"\n{\n  "name": "app",\n  "dependencies": {\n    "old": "1.2.0"\n  }\n}\n```',
        f'```json title="app/package-lock.json"\n{json.dumps(lock, indent=2)}\n```',
    )

    written = index.renewed("npm-lock", f"{PAGE}:9: old 1.2.0 -> 1.2.3")

    assert '        "old": "1.2.3"\n' in written[PAGE]
    assert '          "version": "1.2.3",\n' in written[PAGE]
    assert "1.2.0" not in written[PAGE]


@pytest.fixture
def uv_there(index: Index) -> None:
    """Skip where uv cannot be had."""
    try:
        uv()
    except UnaskedError as error:
        pytest.skip(str(error))


@pytest.mark.usefixtures("uv_there")
def test_a_package_of_python(index: Index) -> None:
    """In a command."""
    local_index.python_package(index.folder, "old", "1.2.0", "1.2.3", "1.3.0")
    text = index.page(
        '```dockerfile title="app/Dockerfile"\nFROM scratch\nRUN pip install --no-cache-dir old==1.2.0\n```'
    )

    assert index.renewed("pip", f"{PAGE}:7: old 1.2.0 -> 1.2.3") == {PAGE: text.replace("1.2.0", "1.2.3")}


@pytest.mark.usefixtures("uv_there")
def test_packages_of_python_with_hashes(index: Index) -> None:
    """The hashes are those of the newer release; what is not newer keeps its lines."""
    old = local_index.python_package(index.folder, "old", "1.2.0", "1.2.3", "1.3.0")
    same = local_index.python_package(index.folder, "same", "2.0.0")
    pinned = f"old==1.2.0 \\\n    --hash=sha256:{old['1.2.0']}\nsame==2.0.0 \\\n    --hash=sha256:{same['2.0.0']}"
    text = index.page(f'```text title="app/requirements.txt"\n{pinned}\n```')

    written = index.renewed("requirements", f"{PAGE}:6: old 1.2.0 -> 1.2.3")

    assert written == {PAGE: text.replace("1.2.0", "1.2.3").replace(old["1.2.0"], old["1.2.3"])}


def test_crates(index: Index) -> None:
    """The lock is renewed within the series, whatever the manifest would take."""
    _needs("cargo")
    digests = local_index.crate(index.folder, "olden", "1.2.0", "1.2.3", "1.3.0")
    lock = (
        "# This file is automatically @generated by Cargo.\n# It is not intended for manual editing.\n"
        'version = 4\n\n[[package]]\nname = "app"\nversion = "0.1.0"\ndependencies = [\n "olden",\n]\n\n'
        '[[package]]\nname = "olden"\nversion = "1.2.0"\n'
        'source = "registry+https://github.com/rust-lang/crates.io-index"\n'
        f'checksum = "{digests["1.2.0"]}"'
    )
    text = index.page(
        '```toml title="app/Cargo.toml"\n[package]\nname = "app"\nversion = "0.1.0"\nedition = "2024"\n\n'
        '[dependencies]\nolden = "1"\n```',
        f'```toml title="app/Cargo.lock"\n{lock}\n```',
    )

    written = index.renewed("cargo", f"{PAGE}:31: olden 1.2.0 -> 1.2.3")

    assert written == {PAGE: text.replace("1.2.0", "1.2.3").replace(digests["1.2.0"], digests["1.2.3"])}


def test_artifacts_of_maven(index: Index) -> None:
    """A dependency that has had no new release in years; the project itself is no pin."""
    _needs("mvn")
    text = index.page(
        '```xml title="app/pom.xml"\n<project>\n'
        "<groupId>x</groupId><artifactId>x</artifactId><version>1.0.0</version>\n"
        "<dependencies><dependency>\n"
        "<groupId>junit</groupId><artifactId>junit</artifactId><version>4.13</version>\n"
        "</dependency></dependencies>\n</project>\n```"
    )

    written = index.renewed("maven", f"{PAGE}:9: junit:junit 4.13 -> 4.13.2", again=False)

    assert written == {PAGE: text.replace("4.13<", "4.13.2<")}


def test_actions(index: Index) -> None:
    """The commit is that behind the annotated tag."""
    _needs("git")
    commits = local_index.repository(index.state, "old/action", "v1.2.0", "v1.2.3", "v1.3.0")
    file = index.project / ".github/workflows/x.yml"
    file.parent.mkdir(parents=True)
    text = f"      - uses: old/action@{commits['v1.2.0']} # v1.2.0\n"
    file.write_text(text)
    path = ".github/workflows/x.yml"

    written = index.renewed("actions", f"{path}:1: old/action v1.2.0 -> v1.2.3")

    assert written == {path: f"      - uses: old/action@{commits['v1.2.3']} # v1.2.3\n"}


class _Registry(BaseHTTPRequestHandler):
    """As much of a registry as tells what is behind a tag."""

    MANIFEST = json.dumps(
        {
            "schemaVersion": 2,
            "mediaType": "application/vnd.oci.image.index.v1+json",
            "manifests": [],
        }
    ).encode()

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "application/vnd.oci.image.index.v1+json")
        self.send_header("Content-Length", str(len(self.MANIFEST)))
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(self.MANIFEST)

    def log_message(self, *_: object) -> None:
        pass


def test_base_images(engine: Engine, index: Index, monkeypatch: pytest.MonkeyPatch) -> None:
    """A tag that has moved changes no file; the pages that need it are walked. A stand-in is asked for nowhere."""
    for name, value in engine.whole_environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("PATH", f"{engine.docker.parent}:{os.environ['PATH']}")
    with ThreadingHTTPServer(("127.0.0.1", 0), _Registry) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        try:
            image = f"127.0.0.1:{server.server_address[1]}/old:1"
            index.page(f'```dockerfile title="app/Dockerfile"\nFROM {image}\n```')
            bases = [
                {"name": image, "digest": f"sha256:{'0' * 64}", "stand_in": None},
                {"name": "python:3", "digest": f"sha256:{'1' * 64}", "stand_in": "recipes/python"},
            ]
            evidence = index.project / "labs/lab-01-small/evidence/page.json"
            evidence.parent.mkdir(parents=True)
            evidence.write_text(json.dumps({"bases": bases}, indent=1))
            (change,) = index.look("images").changes
        finally:
            server.shutdown()
            thread.join()

    assert change.images == (image,)
    assert change.edits == ()
    assert touched(read_course(Project(index.project)), change) == {PAGE}


def test_what_debian_has_is_asked_for_nowhere_and_that_is_told(index: Index) -> None:
    index.recipe("FROM debian\nENV PYTHON_VERSION=3.13.5\n")

    looked = index.look("debian")

    assert [line.partition(":")[0] for line in looked.nobody] == ["debian, 1 pins"]
    assert looked.pins == {"debian": 1}


def test_a_client_that_gives_no_answer_is_told_and_is_never_nothing_newer(index: Index) -> None:
    """By the command line: what is newer, which pages it touches; and what nobody answered for."""
    _needs("go")
    local_index.go_module(index.folder, "example.org/old", {"v1.2.0": {}, "v1.2.1": {}})
    index.page("```console\n$ go install example.org/gone@v1.0.0\n$ go install example.org/old@v1.2.0\n```")
    small_project(index.project, "# Other\n\n```console\n$ go install example.org/old@v1.2.0\n```\n", "other")
    done = run(index.project, "walkthrough", "renew", "--look", "--kind=go-module", prefix=(), **HOOKS)

    said = done.stdout.splitlines()
    assert done.returncode == 2
    assert said[said.index("## Touched") + 2 :][:3] == [
        "- docs/lab-01-small/other.md: example.org/old v1.2.0 -> v1.2.1",
        f"- {PAGE}: example.org/old v1.2.0 -> v1.2.1",
        "",
    ]
    asked = said[said.index("## Could not be asked") + 2]
    assert asked.startswith(
        f"- {PAGE}:6: could not ask for go-module, example.org/gone: 'go list -m -versions -mod=mod example.org/gone' f"
    )
    assert "Nothing is newer." not in said


def test_where_nothing_can_be_walked_nothing_is_written(index: Index) -> None:
    """No engine answers: that is told, the page is as it was, and no copy is left."""
    _needs("go")
    local_index.go_module(index.folder, "example.org/old", {"v1.2.0": {}, "v1.2.1": {}})
    text = index.page("```console\n$ go install example.org/old@v1.2.0\n```")
    (index.project / "hooks/walkthrough").symlink_to(ROOT / "hooks/walkthrough")
    copies = index.state / "copies"
    copies.mkdir()

    done = run(index.project, "walkthrough", "renew", PAGE, "--kind=go-module", prefix=(), TMPDIR=str(copies))

    assert done.returncode == 2
    assert done.stdout.endswith("error: the pages could not be walked; see why above, and run it again\n")
    assert "no Docker engine answers" in done.stdout
    assert (index.project / PAGE).read_text() == text
    assert not list(copies.iterdir())


def test_a_client_that_takes_too_long_is_ended_with_all_that_it_began(tmp_path: Path) -> None:
    """A child of its own that would go on, and holds its output open."""
    with pytest.raises(subprocess.TimeoutExpired):
        running.run(["sh", "-c", "sleep 600 & echo $! >child; wait"], tmp_path, 0.5)

    child = Path(f"/proc/{(tmp_path / 'child').read_text().strip()}/stat")

    def ended() -> bool | None:  # the kernel takes a moment from the signal to the end
        try:
            return True if child.read_text().rpartition(")")[2].split()[0] == "Z" else None
        except (FileNotFoundError, ProcessLookupError):
            return True

    assert wait_for(ended, 10, 0.1)


def test_a_kind_that_there_is_not(index: Index) -> None:
    done = run(index.project, "walkthrough", "renew", "--look", "--kind=rpm", prefix=(), **HOOKS)

    assert done.returncode == 2
    assert "error: no kind of pin is called 'rpm'; there are: " in done.stdout


def test_what_was_changed_meanwhile_is_not_written_over(tmp_path: Path) -> None:
    """Nor is anything else, then; and a copy is gone in the end."""
    root = tmp_path / "p"
    root.mkdir()
    for name in ("a", "b", "c"):
        (root / name).write_text("old")
    with copied(root) as before, copied(root) as copy:
        (copy / "a").write_text("new")
        (copy / "b").unlink()
        (copy / "d/e").parent.mkdir()
        (copy / "d/e").write_text("new")
        (root / "b").write_text("mine")
        with pytest.raises(AbortedError, match=r"^b was changed while newer releases were tried; nothing is written"):
            bring_back(copy, before, root)
        assert (root / "a").read_text() == "old"
        (root / "b").write_text("old")
        assert bring_back(copy, before, root) == ["a", "b", "d/e"]
    assert {file.name: file.read_text() for file in root.rglob("*") if file.is_file()} == {
        "a": "new", "c": "old", "e": "new",
    }  # fmt: skip
    assert not before.exists()
