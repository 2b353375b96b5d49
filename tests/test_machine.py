"""The reader's machine: what is done on it is what would be done here, and nothing of it is left."""

from __future__ import annotations

from pathlib import Path

import pytest

from helpers import run, small_project
from walkthrough.machine.engine import Engine
from walkthrough.machine.reader import MACHINE_LABEL
from walkthrough.page.course import read_course
from walkthrough.page.itinerary import content_digest
from walkthrough.project import Project

MACHINE = "---\nmachine: fresh\n---\n\n# A machine\n\n"


def test_a_page_says_which_machine_it_is_walked_on(tmp_path: Path) -> None:
    """It is part of its content."""
    project = Project(small_project(tmp_path, MACHINE + "```console\n$ curl --version\n…\n...\n```\n"))
    there = read_course(project).itineraries["docs/lab-01-small/page.md"]
    page = project.docs / "lab-01-small/page.md"
    page.write_text(page.read_text().replace("machine: fresh", "description: none"))
    here = read_course(project).itineraries["docs/lab-01-small/page.md"]

    assert content_digest(there) != content_digest(here)


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        (
            "page",
            MACHINE + "```checks\nimage: a\nuser: root\n```\n",
            "no image is measured on a machine without Docker",
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


def machines_left(engine: Engine) -> str:
    """Return the machines that are on the engine."""
    return engine.command("container", "ls", "--all", "--quiet", "--filter", f"label={MACHINE_LABEL}").stdout


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
$ docker ps --all --quiet
$ docker volume ls --quiet
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
$ sudo docker info --format '{{.Containers}}'
1
$ docker compose down --volumes
...
$ docker system prune --all --force --volumes
...
Total reclaimed space: …
$ docker images --quiet
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


def test_two_pages_with_engines_of_their_own_do_not_see_each_other(engine: Engine, tmp_path: Path) -> None:
    """Compose, a named volume, a bind mount, a port that both publish, and prune, which finds the page's own things."""
    for name in ("one", "two"):
        project = small_project(tmp_path, OWN.replace("FOLDER", name), name)
    before = engine.command("image", "inspect", "--format", "{{.Id}}", "debian:trixie-slim").stdout

    done = run(project, "walkthrough", "verify")

    for name in ("one", "two"):
        assert f"{name}.md: verified" in done.stdout, done.stdout
    assert engine.command("image", "inspect", "--format", "{{.Id}}", "debian:trixie-slim").stdout == before
    assert machines_left(engine) == ""
