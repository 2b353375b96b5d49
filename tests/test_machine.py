"""The reader's machine: what is done on it is what would be done here, and nothing of it is left."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from helpers import LAB, run, small_project
from walkthrough.errors import AbortedError, StepError, TimedOutError
from walkthrough.machine.engine import Engine
from walkthrough.machine.marks import WALK_LABEL
from walkthrough.page.course import read_course
from walkthrough.page.itinerary import content_digest
from walkthrough.project import Project
from walkthrough.walk import login as logins
from walkthrough.walk.login import Login, agent_archive
from walkthrough.walk.needs import bases_of, tools_of
from walkthrough.walk.shell import ShellEndedError

MACHINE = "---\nmachine: fresh\n---\n\n# A machine\n\n"


@pytest.fixture
def login(tmp_path: Path) -> Iterator[Login]:
    """Log in by the agent's archive alone, without this package beside it, in an empty home."""
    home = tmp_path / "home"
    home.mkdir()
    program = tmp_path / "agent.pyz"
    program.write_bytes(agent_archive())
    with Login([sys.executable, "-I", str(program), LAB], {"HOME": str(home), "PATH": os.environ["PATH"]}) as session:
        yield session


def test_a_login_is_one_terminal_in_the_home_of_its_user(login: Login, tmp_path: Path) -> None:
    """Folder and variables last; output is what a terminal would show, whatever letters it is of."""
    login.run("cd docker-labs; x=ü", 10)

    done = login.run("pwd; echo $x; echo err >&2; false", 10)

    assert done.lines == [f"{tmp_path}/home/docker-labs", "ü", "err"]
    assert done.exit_code == 1
    assert 0 < done.seconds < 10


def test_what_goes_wrong_there_is_told_as_if_it_were_here(login: Login) -> None:
    """Each error of a step has its kind, its words and its line; after each the login goes on, where a shell would."""
    login.run(f"ln -s /tmp docker-labs/{LAB}/out", 10)
    with pytest.raises(StepError, match="leaves the lab's folder through a link"):
        login.write("out/x", "x")
    login.write("a", "x\ny\n")
    with pytest.raises(StepError, match="these lines are not in 'a'") as caught:
        login.compare("a", "z\n")
    assert caught.value.detail
    with pytest.raises(StepError, match="does not apply") as caught:
        login.change("a", "-z\n+y\n", 70)
    assert caught.value.line == 70
    assert login.run(f"cat docker-labs/{LAB}/a", 10).lines == ["x", "y"]
    with pytest.raises(TimedOutError, match="does not end") as late:
        login.run("echo before; sleep infinity", 0.5)
    assert late.value.detail == "before"


def test_a_shell_that_ends_is_a_new_login(login: Login) -> None:
    """With what the command did, and nothing of what the old shell knew."""
    login.run("x=1", 10)

    with pytest.raises(ShellEndedError) as ended:
        login.run("echo bye; exit 3", 10)

    assert (ended.value.result.exit_code, ended.value.result.lines) == (3, ["bye"])
    assert login.run('echo "<$x>"', 10).lines == ["<>"]


def test_a_machine_that_is_gone_aborts_and_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The client's words are told; one that says nothing is not waited for without end."""
    with (
        Login(["sh", "-c", "echo no such container >&2"], {}) as gone,
        pytest.raises(AbortedError, match="has gone: no such container"),
    ):
        gone.run("true", 10)
    monkeypatch.setattr(logins, "_PATIENCE", 0.2)
    with Login(["sleep", "60"], {}) as silent, pytest.raises(AbortedError, match="does not answer any more"):
        silent.run("true", 0.1)


def test_a_page_says_which_machine_it_is_walked_on(tmp_path: Path) -> None:
    """It is part of its content and needs a base image, and none of this machine's programs."""
    project = Project(small_project(tmp_path, MACHINE + "```console\n$ curl --version\n…\n...\n```\n"))
    there = read_course(project).itineraries["docs/lab-01-small/page.md"]
    page = project.docs / "lab-01-small/page.md"
    page.write_text(page.read_text().replace("machine: fresh", "description: none"))
    here = read_course(project).itineraries["docs/lab-01-small/page.md"]

    assert content_digest(there) != content_digest(here)
    assert (bases_of(there), bases_of(here)) == ({"ubuntu:24.04"}, set())
    assert not tools_of(there)
    assert tools_of(here)


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        (
            "page",
            MACHINE + "```checks\nimage: a\nuser: root\n```\n",
            "no image is measured on a machine of the page's own",
        ),
        (
            "other",
            "---\nbuilds_on: [page.md]\n---\n\n```console\n$ true\n```\n",
            "which has another machine of its own",
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
    assert left_by_walks(engine) == {"container": "", "image": "", "volume": ""}


def left_by_walks(engine: Engine) -> dict[str, str]:
    """Return what walks have left on the engine, by kind."""
    listing = ("ls", "--quiet", "--filter", f"label={WALK_LABEL}")
    return {what: engine.command(what, *listing).stdout for what in ("container", "image", "volume")}


OWN = """---
machine: docker
---

# An engine of one's own

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
    assert left_by_walks(engine) == {"container": "", "image": "", "volume": ""}
