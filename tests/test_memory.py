"""What a verdict is remembered by: all that can change it, and nothing that cannot."""

from __future__ import annotations

import ast
import json
import shutil
import subprocess
import sys
import uuid
from pathlib import Path

import pytest

from helpers import ROOT, run, small_project
from walkthrough.machine.bases import Base, names_in
from walkthrough.machine.engine import Engine
from walkthrough.page.course import read_course
from walkthrough.page.itinerary import Itinerary
from walkthrough.project import Project
from walkthrough.record import memory
from walkthrough.record.evidence import Record, record_path
from walkthrough.record.memory import Cache, cache_key, deciding_files, tool_digest
from walkthrough.walk import needs

PACKAGE = ROOT / "hooks/walkthrough"


def reached() -> set[str]:
    """Return the files of the package that are loaded to reach a verdict, as a fresh interpreter loads them.

    That is what ``verify``, and what it imports of its own room, import of the rooms below the doors and the published
    page, with all that this imports.
    """
    names, doors = set[str](), ["walkthrough.doors.verify"]
    while doors:
        file = PACKAGE.joinpath(*doors.pop().split(".")[1:]).with_suffix(".py")
        imports = {
            node.module or "" for node in ast.walk(ast.parse(file.read_text())) if isinstance(node, ast.ImportFrom)
        }
        doors += [name for name in imports - names if name.startswith("walkthrough.doors.")]
        names |= {name for name in imports if name.startswith("walkthrough.")}
    roots = sorted(name for name in names if name.split(".")[1] not in ("doors", "mutate", "publish"))
    look = (
        "import sys, json, importlib; [importlib.import_module(n) for n in sys.argv[1:]]; "
        "from walkthrough.claims.registry import claims; claims(); "  # a page's first claim loads all kinds
        "print(json.dumps([m.__file__ for n, m in sys.modules.items() if n.split('.')[0] == 'walkthrough']))"
    )
    asked = subprocess.run(
        [sys.executable, "-c", look, *roots], env={"PYTHONPATH": "hooks"}, cwd=ROOT, capture_output=True, check=True
    )
    return {Path(file).relative_to(PACKAGE).as_posix() for file in json.loads(asked.stdout)}


def read_by(modules: set[str]) -> set[str]:
    """Return the files that are read or run, and not imported: a module names each, or its folder, that stands beside.

    What makes a stand-in is not among them: the digest of its image tells of it.
    """
    named = {
        path
        for module in modules
        for path in (PACKAGE / module).parent.iterdir()
        if path.name not in ("recipes", "__pycache__") and f'"{path.name}"' in (PACKAGE / module).read_text()
    }
    folders = {path for path in named if path.is_dir() and not (path / "__init__.py").exists()}
    files = {path for path in named if path.is_file()} | {file for path in folders for file in path.iterdir()}
    return {path.relative_to(PACKAGE).as_posix() for path in files}


def test_the_files_that_decide_are_those_that_are_used_to_reach_a_verdict() -> None:
    """Held against what an interpreter really loads; a file that joins one and not the other is told here."""
    decide = {path.relative_to(PACKAGE).as_posix() for path in deciding_files(PACKAGE)}

    # The package's own marker for type checkers decides nothing, and is never changed.
    loaded = reached()
    assert decide - {"py.typed"} == loaded | read_by(loaded)


def test_each_file_that_decides_changes_the_key_and_no_other_does(tmp_path: Path) -> None:
    """One after the other, in a copy of the package."""
    copy = tmp_path / "walkthrough"
    shutil.copytree(PACKAGE, copy, ignore=shutil.ignore_patterns("__pycache__"))
    before, decide = tool_digest(copy), set(deciding_files(copy))
    assert before == tool_digest(PACKAGE)
    for path in (path for path in copy.rglob("*") if path.is_file()):
        content = path.read_bytes()
        path.write_bytes(content + b"\n")
        assert (tool_digest(copy) != before) == (path in decide), path
        path.write_bytes(content)
    (copy / "walk/new.py").touch()
    assert tool_digest(copy) != before


def itinerary_of(folder: Path, text: str, name: str = "page") -> Itinerary:
    """Return the itinerary of a small page."""
    project = Project(small_project(folder, text, name))
    return read_course(project).itineraries[f"docs/lab-01-small/{name}.md"]


def test_what_decides_a_verdict_is_in_its_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The page, its images, its machine, this tool's Python and libraries."""
    page = itinerary_of(tmp_path / "p", "```console\n$ my-tool --version\n```\n")
    image = Base(name="a:1", digest="sha256:1", stand_in=False)
    machine = "machine:docker-1"
    first = cache_key(page, [image], machine)

    assert cache_key(page, [image], machine) == first
    assert cache_key(page, [], machine) != first
    assert cache_key(page, [image.model_copy(update={"digest": "sha256:2"})], machine) != first
    assert cache_key(page, [image], "machine:docker-2") != first
    assert cache_key(page, [image], machine, {"lab.tar.gz": b"1"}) != cache_key(
        page, [image], machine, {"lab.tar.gz": b"2"}
    )
    assert cache_key(itinerary_of(tmp_path / "q", "```console\n$ other\n```\n"), [image], machine) != first
    for library in ("docker 0", "Python 0"):
        monkeypatch.setattr(memory, "this_tool", lambda library=library: [library])
        assert cache_key(page, [image], machine) != first


def test_the_key_knows_python_and_the_libraries_that_measure() -> None:
    """By their versions: what asks the engine and the servers may answer differently with another."""
    told = memory.this_tool()

    assert sys.version.split()[0] in told
    assert {entry.split()[0] for entry in told[2:]} == {"docker", "requests", "urllib3"}


USES = {
    "docker run --rm -it alpine:3 sh": {"alpine:3"},
    "docker run -d --name box -p 80:80 -e A=b --init nginx": {"nginx"},
    "docker container run --network host \\\n  -v /a:/b quay.io/x/y:1 cmd": {"quay.io/x/y:1"},
    "docker create --read-only busybox:1.37 true": {"busybox:1.37"},
    "docker pull -q redis@sha256:" + "a" * 64: {"redis@sha256:" + "a" * 64},
    "docker run --rm mine:1": set(),
    'docker run --rm "$IMAGE"': set(),
    "docker run $shared --name box nginx:1": {"nginx:1"},
    "docker build -t mine:1 .": set(),
}


@pytest.mark.parametrize("command", USES)
def test_images_that_commands_use_are_known(tmp_path: Path, command: str) -> None:
    """The first word that is no option and no option's value; what the page makes itself is none."""
    lines = command.replace("\n", "\n> ")
    page = itinerary_of(tmp_path / "p", f"```console\n$ docker build -t mine:1 .\n$ {lines}\n```\n")

    assert needs.images_of(page) == USES[command]


def test_an_image_is_needed_wherever_it_is_named(tmp_path: Path) -> None:
    """As in a script that the page writes, where options stand in a variable; a machine may have had it by chance."""
    script = '#!/bin/sh\ndocker run $shared --name store -v "$PWD/a:/a" \\\n    python:3.13-slim-trixie python /a\n'
    text = f'```sh title="app/start.sh"\n{script}```\n\n```console\n$ sh app/start.sh\n```\n'

    assert needs.bases_of(itinerary_of(tmp_path / "p", text)) == {"python:3.13-slim-trixie"}


def test_images_of_compose_files_are_known(tmp_path: Path) -> None:
    """Each service's image, but not what the page builds."""
    compose = 'services:\n  a:\n    image: redis:8\n  b:\n    image: "mine:1"\n    build: .\n'
    text = f'```yaml title="app/compose.yaml"\n{compose}```\n\n```console\n$ docker build -t mine:1 app\n```\n'

    assert needs.images_of(itinerary_of(tmp_path / "p", text)) == {"redis:8"}


@pytest.mark.parametrize(
    ("texts", "names"),
    [
        (["ARG V=1.37\nFROM busybox:${V}\n"], {"busybox:1.37"}),
        (["ARG V=1.37\nFROM busybox:$V AS x\n", "docker build --build-arg V=2 ."], {"busybox:1.37", "busybox:2"}),
        (["FROM busybox:${V:-3}\n"], {"busybox:3"}),
        (["ARG R=quay.io\nARG V=1\nFROM ${R}/x/y:${V}\n"], {"quay.io/x/y:1"}),
        (["FROM busybox:${NOBODY}\n"], set()),
        (["ARG B=build\nFROM alpine:3 AS build\nFROM ${B}\n"], {"alpine:3"}),
    ],
)
def test_a_variable_in_the_name_of_a_base_is_filled_in(texts: list[str], names: set[str]) -> None:
    """By the Dockerfile's default, and by what a command says."""
    assert names_in(texts) == names


def remembered() -> Record:
    """Return a record as it is remembered."""
    path = next((ROOT / "labs/lab-00-authoring/evidence").glob("index.json"))
    return Record.model_validate_json(path.read_text())


@pytest.mark.parametrize("cut", [0, 1, 1000])
def test_a_verdict_that_is_cut_off_is_forgotten(tmp_path: Path, cut: int) -> None:
    """As after a full disk: the page is walked again."""
    cache = Cache(tmp_path)
    cache.put("key", remembered())
    assert cache.get("key", "docs/a.md")
    place = next(tmp_path.rglob("key.json"))

    place.write_text(place.read_text()[:cut])

    assert cache.get("key", "docs/a.md") is None


@pytest.mark.usefixtures("engine")
def test_a_page_is_remembered_by_what_it_says_and_recorded_by_its_name(tmp_path: Path) -> None:
    """A page of the same content, or this one by a new name: nothing is walked, and its record names it."""
    text = f"```console\n$ echo {uuid.uuid4().hex} >/dev/null\n```\n"
    project = small_project(tmp_path / "p", text, "first")
    assert run(project, "walkthrough", "verify").returncode == 0
    small_project(tmp_path / "p", text, "second")

    done = run(project, "walkthrough", "verify")

    assert "nothing changed" in done.stdout, done.stdout
    course = read_course(Project(project))
    for name in ("first", "second"):
        page = course.pages[f"docs/lab-01-small/{name}.md"]
        assert json.loads(record_path(course.project, page).read_text())["page"] == page.path


def test_a_page_is_walked_again_when_an_image_that_it_runs_is_another(
    engine: Engine, debian: str, tmp_path: Path
) -> None:
    """Nothing of the page says which image a tag is today."""
    name = f"labs-test-used:{uuid.uuid4().hex[:8]}"
    project = small_project(tmp_path, f"```console\n$ docker run --rm {name} true\n```\n")

    def verdict() -> str:
        said = run(project, "walkthrough", "verify").stdout
        return next(line.split()[-1] for line in said.splitlines() if line.startswith("docs/lab-01-small/page.md "))

    try:
        engine.command("tag", debian, name)
        verdicts = [verdict(), verdict()]
        (tmp_path / "context").mkdir()
        (tmp_path / "context/Dockerfile").write_text(f"FROM {debian}\nLABEL other=yes\n")
        changed = engine.command("buildx", "build", "--load", "-t", name, str(tmp_path / "context"))
        assert changed.returncode == 0, changed.stderr
        verdicts.append(verdict())
    finally:
        engine.command("image", "rm", "--force", name)

    assert verdicts == ["verified", "unchanged", "verified"]
