"""The reader's machine: what is done on it is what would be done here, and nothing of it is left."""

from __future__ import annotations

import importlib.metadata
import json
import re
import subprocess
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from helpers import ROOT, machines_left, run, small_project
from walkthrough.errors import AbortedError
from walkthrough.machine import reader, rented
from walkthrough.machine.engine import Engine
from walkthrough.machine.rented import Machine
from walkthrough.page.course import read_course
from walkthrough.page.itinerary import content_digest
from walkthrough.project import Project
from walkthrough.walk.abort import CRASHES
from walkthrough.walk.inside import HERE
from walkthrough.walk.outcome import Walked
from walkthrough.walk.walk import Hearing

MACHINE = "---\nmachine: fresh\n---\n\n# A machine\n\n"


def test_a_page_says_which_machine_it_is_walked_on(tmp_path: Path) -> None:
    """It is part of its content."""
    project = Project(small_project(tmp_path, MACHINE + "```console\n$ curl --version\n…\n...\n```\n"))
    there = read_course(project).itineraries["docs/lab-01-small/page.md"]
    page = project.docs / "lab-01-small/page.md"
    page.write_text(page.read_text().replace("machine: fresh", "description: none"))
    here = read_course(project).itineraries["docs/lab-01-small/page.md"]

    assert content_digest(there) != content_digest(here)


class Spoken:
    """A machine that has said all that it will say."""

    engine = None

    def __init__(self, *lines: str) -> None:
        self._lines = lines

    def lines(self) -> Iterator[str]:
        """Yield them."""
        yield from self._lines

    def last_words(self) -> str:
        """Return what a client says of a container that was killed."""
        return "no such container"


TOLD = '{"outcome": {"line": 8, "title": "true", "status": "passed"}}'


def heard(tmp_path: Path, *lines: str) -> Walked:
    """Return what comes of a page of two steps whose machine says ``lines``."""
    project = Project(small_project(tmp_path, MACHINE + "```console\n$ true\n```\n\n```console\n$ false\n```\n"))
    itinerary = read_course(project).itineraries["docs/lab-01-small/page.md"]
    hearing = Hearing([itinerary], tmp_path / "state")
    assert list(hearing.follow(Spoken(*lines))) == []  # type: ignore[arg-type]
    return hearing.walked


@pytest.mark.parametrize(
    ("lines", "says"),
    [
        ([TOLD], "the reader's machine has gone: no such container; run again"),
        ([TOLD, "Traceback"], "the reader's machine says what nobody understands"),
        ([TOLD, "[]"], "the reader's machine says what nobody understands"),
        ([TOLD, '{"step": 1}'], "the reader's machine says what nobody understands"),
        ([TOLD, TOLD.replace("passed", "great")], "the reader's machine says what nobody understands"),
        ([TOLD, '{"aborted": ["its disk is full", "free some"]}', '{"over": true}'], "its disk is full; free some"),
    ],
)
def test_what_a_machine_does_not_say_aborts_the_step_that_was_to_come(
    tmp_path: Path, lines: list[str], says: str
) -> None:
    """What was told before stays; whoever is root there can write what he likes, and nothing of it is run here."""
    walked = heard(tmp_path, *lines)

    assert [outcome.status for outcome in walked.outcomes] == ["passed", "aborted"]
    assert says in str(walked.problems[0])
    assert walked.problems[0].where.line == 11


def test_a_fault_of_the_tool_is_kept_where_the_run_is(tmp_path: Path) -> None:
    """The machine that it happened in is gone when it is read; a name leads to no other folder."""
    fault = f'{{"fault": ["../../{CRASHES}/1.txt", "Traceback"]}}'
    told = f'{{"aborted": ["a fault of the tool", "report it with {HERE}/{CRASHES}/1.txt"]}}'

    walked = heard(tmp_path, fault, told, '{"over": true}')

    place = tmp_path / "state" / CRASHES / "1.txt"
    assert place.read_text() == "Traceback"
    assert f"report it with {place}" in str(walked.problems[0])


def test_a_machine_has_the_libraries_that_are_imported_there() -> None:
    """By what walks a page, and by what tries its mutants: a fresh interpreter tells what it loads of others."""
    look = (
        "import sys, json, walkthrough.walk.inside, walkthrough.mutate.blocks; "
        "from walkthrough.claims.registry import claims; claims(); "
        "print(json.dumps(sorted({name.partition('.')[0] for name in sys.modules})))"
    )
    loaded = subprocess.run(
        [sys.executable, "-c", look], env={"PYTHONPATH": "hooks"}, cwd=ROOT, capture_output=True, check=True
    )
    packages = importlib.metadata.packages_distributions()
    needed = {
        name
        for module in json.loads(loaded.stdout)
        for name in packages.get(module, ())
        if name not in ("pip", "setuptools")
    }

    pinned = set(re.findall(r"^([\w.-]+)==", reader.pinned(), re.MULTILINE))
    assert {re.sub(r"[-_.]+", "-", name).lower() for name in needed} <= pinned
    assert all("--hash=sha256:" in entry for entry in reader.pinned().strip().split("\n\n"))


def test_a_machine_that_says_nothing_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that lives says so every few seconds."""
    client = tmp_path / "docker"
    client.write_text("#!/bin/sh\necho a line\nexec sleep 1000\n")
    client.chmod(0o755)
    monkeypatch.setattr(rented, "_PATIENCE", 0.5)
    monkeypatch.setattr(rented, "_END_LIMIT", 0.1)

    with Machine(Engine.users("unix:///nowhere", (client, {})), "name") as machine:
        lines = machine.lines()
        assert next(lines) == "a line"
        with pytest.raises(AbortedError, match="does not answer any more"):
            next(lines)


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        (
            "page",
            MACHINE + "```checks\nimage: a\nuser: root\n```\n",
            "nothing can be checked on a machine without Docker",
        ),
        (
            "other",
            "---\nbuilds_on: [page.md]\n---\n\n```console\n$ true\n```\n",
            "which is walked on another machine",
        ),
        ("page", MACHINE.replace("fresh", "stale") + "```console\n$ true\n```\n", "machine"),
    ],
)
def test_what_no_machine_can_do_is_told_at_reading(tmp_path: Path, name: str, text: str, says: str) -> None:
    """Before anything is walked."""
    project = small_project(tmp_path, MACHINE + "```console\n$ true\n```\n")
    small_project(tmp_path, text, name)

    (problem,) = read_course(Project(project)).problems

    assert says in problem.what
    assert problem.where.path == f"docs/lab-01-small/{name}.md"


def test_a_page_is_walked_as_a_reader_would_on_a_new_instance(engine: Engine, tmp_path: Path) -> None:
    """As a user who may become root, without Docker, in an empty home; groups are read at login; nothing is left."""
    text = MACHINE + (
        "```console\n$ whoami; pwd; ls\nubuntu\n/home/ubuntu\ndocker-labs\n$ sudo whoami\nroot\n"
        "$ command -v docker || echo none\nnone\n```\n\n"
        '```text title="notes/a"\none\n```\n\n```diff title="notes/a"\n-one\n+two\n```\n\n'
        "```console\n$ cat docker-labs/lab-01-small/notes/a\ntwo\n"
        "$ sudo groupadd labs; sudo usermod -aG labs $USER; id -nG | grep -cw labs || echo not yet\n0\nnot yet\n```\n\n"
        "```console logout\n$ exit\n```\n\n"
        "```console\n$ id -nG | grep -cw labs\n1\n$ nohup sleep 600 >/dev/null 2>&1 &\n```\n"
    )
    project = small_project(tmp_path, text)

    done = run(project, "walkthrough", "verify")

    assert "page.md: verified" in done.stdout, done.stdout
    assert machines_left(engine) == ""


STORED = """# Stored in another way

```dockerfile title="Dockerfile"
FROM debian:trixie-slim
LABEL of={marker}
RUN head -c 2000000 /dev/zero >/two
```

```console
$ docker build --quiet --tag stored docker-labs/lab-01-small
sha256:…
```

```checks
image: stored
layers: 2
size: 90 MB
compressed: 40 MB
present: [/two]
stages: reached
```
"""


@pytest.mark.usefixtures("engine")
def test_a_page_that_holds_on_both_releases_says_so(tmp_path: Path) -> None:
    """One stores layers packed, with containerd, the other unpacked; what is measured is what is in them."""
    project = small_project(tmp_path, STORED.format(marker=uuid.uuid4().hex))

    said = [run(project, "walkthrough", "verify", LABS_DOCKER=release).stdout for release in ("29", "26")]

    assert ["page.md: verified" in words for words in said] == [True, True], said
    record = json.loads((project / "labs/lab-01-small/evidence/page.json").read_text())
    held = [record["engine"], *(other["engine"] for other in record["also"])]
    assert [(one["engine"][:3], one["storage"]) for one in held] == [("29.", "overlayfs"), ("26.", "overlay2")]


OWN = """# An engine of one's own

```yaml title="FOLDER/compose.yaml"
services:
  web:
    image: debian:trixie-slim
    command:
      - perl
      - -MIO::Socket::INET
      - -e
      - |
        my $$s = IO::Socket::INET->new(LocalPort => 80, Listen => 5, ReuseAddr => 1);
        while (my $$c = $$s->accept) { <$$c>; print $$c "HTTP/1.0 200 OK\\r\\n\\r\\nserved\\n"; close $$c }
    init: true
    ports: ["8080:80"]
    volumes: ["kept:/kept", "./site:/site"]
volumes:
  kept:
```

```console
$ cd docker-labs/lab-01-small/FOLDER
$ mkdir site && echo hello > site/a
$ docker ps --all --quiet | wc -l
0
$ docker volume ls --quiet | wc -l
0
$ docker compose up --detach --quiet-pull
...
$ docker ps --format '{{.Names}} {{.Image}}'
FOLDER-web-1 debian:trixie-slim
$ docker compose exec -T web cat /site/a
hello
$ curl --retry 9 --retry-all-errors --silent localhost:8080
served
$ docker volume ls --quiet
FOLDER_kept
$ docker run --rm --volume visits:/data debian:trixie-slim sh -c 'echo visit >>/data/log; wc -l </data/log'
1
$ docker run --rm --volume visits:/data debian:trixie-slim sh -c 'echo visit >>/data/log; wc -l </data/log'
2
$ docker run --rm --volume $PWD/site:/out debian:trixie-slim sh -c 'mkdir /out/x; id -u >/out/x/who'
$ cat site/x/who
0
$ docker network create shelf
…
$ env -i setsid sleep SECONDS >/dev/null 2>&1 &
$ sudo docker info --format '{{.Containers}}'
1
$ docker compose down --volumes
...
$ docker system prune --all --force --volumes
...
Total reclaimed space: …
$ docker images --quiet | wc -l
0
```

```dockerfile title="FOLDER/Dockerfile"
FROM scratch
COPY site /site
```

```console
$ docker build --quiet --tag mine .
sha256:…
$ docker images --format '{{.Repository}}'
mine
```
"""


def test_two_pages_with_engines_of_their_own_do_not_see_each_other(engine: Engine, debian: str, tmp_path: Path) -> None:
    """Compose, a volume, a network and a port that both have, bind mounts, files of root, and prune of all there is.

    No process of a page outlives it, not even one that carries no mark.
    """
    seconds = f"1001.{uuid.uuid4().int % 10**9}"
    for name in ("one", "two"):
        project = small_project(tmp_path, OWN.replace("FOLDER", name).replace("SECONDS", seconds), name)
    before = engine.command("image", "inspect", "--format", "{{.Id}}", "debian:trixie-slim").stdout
    stranger = f"labs-test-{uuid.uuid4().hex}"
    engine.command("create", "--name", stranger, debian)

    try:
        done = run(project, "walkthrough", "verify")
        known = engine.command("ps", "--all", "--quiet", "--filter", f"name={stranger}").stdout
    finally:
        engine.command("rm", stranger)

    for name in ("one", "two"):
        assert f"{name}.md: verified" in done.stdout, done.stdout
    assert known
    assert engine.command("image", "inspect", "--format", "{{.Id}}", "debian:trixie-slim").stdout == before
    assert machines_left(engine) == ""
    assert not [place for place in Path("/proc").glob("[0-9]*/cmdline") if _runs(place, seconds)]


def _runs(place: Path, word: str) -> bool:
    """Return whether a process was started with a word."""
    try:
        return word.encode() in place.read_bytes().split(b"\0")
    except OSError:  # it has ended
        return False
