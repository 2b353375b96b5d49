"""Every kind of claim is seen to fail: an image of which nothing that its page says is true."""

from __future__ import annotations

import contextlib
import re
import uuid
from pathlib import Path

import pytest
from docker.models.containers import Container
from docker.models.networks import Network

from helpers import LAB, ROOT, run, small_project
from walkthrough.claims.claim import Of
from walkthrough.claims.registry import claims
from walkthrough.claims.spec import StandingSpec
from walkthrough.errors import StepError
from walkthrough.machine.engine import Engine
from walkthrough.observe.standing import Standing, StandingContainers, StandingNetwork, standing

SERVER = ROOT / "labs" / LAB / "solutions/c/server.c"
DOCKERFILE = """\
FROM debian:trixie-slim AS build
RUN apt-get update && apt-get install -y --no-install-recommends gcc libc6-dev
COPY server.c /server.c
RUN gcc -o /server /server.c

FROM debian:trixie-slim AS unused
COPY server.c /unused

FROM debian:trixie-slim
COPY --from=build /server /server
RUN date +%N >/built
EXPOSE 9090
HEALTHCHECK --interval=1s CMD true
CMD /server; true
"""
SICK = """\
FROM debian:trixie-slim
RUN date +%N >/built
HEALTHCHECK --interval=1s CMD false
CMD ["sleep", "600"]
"""
BEHIND = """\
FROM golang:1.27-trixie AS build
RUN printf 'package main\\nimport "net/http"\\nfunc main() { http.ListenAndServe("", nil) }\\n' >main.go
RUN GOTOOLCHAIN=go1.26.8 CGO_ENABLED=0 go build -o /server main.go

FROM scratch
COPY --from=build /server /
"""
PAGE = """\
# Lies

```c title="app/{source}"
{server}```

```dockerfile title="app/{dockerfile_name}"
{dockerfile}```

```console
$ cd docker-labs/lab-01-small/app
$ docker build -t labs-test-lies{tag} -f {dockerfile_name} .
...
```

```checks
image: labs-test-lies{tag}
{lies}
```
"""


def lies_of(image: str) -> str:
    """Return the lie of each claim that is told of this image, a line each."""
    return "\n".join(
        claim.lie.written for claim in claims().values() if claim.of == "image" and claim.lie.image == image
    )


STANDING = """
```yaml title="{of}/compose.yaml"
services:
  alone:
    image: debian:trixie-slim
    init: true
    command: ["sleep", "infinity"]
```

```console
$ docker run -d --init --name stands debian:trixie-slim sleep infinity
...
$ docker network create empty
...
$ docker volume create empty
...
$ cd ~/docker-labs/lab-01-small/{of}
$ docker compose up -d
...
```
"""
REGISTRY = """
```console timeout="120"
$ docker run -d --name registry -p 127.0.0.1:5000:5000 registry:3
...
$ until curl -sf -o /dev/null localhost:5000/v2/; do sleep 0.2; done
$ docker tag debian:trixie-slim localhost:5000/small:one
$ docker push localhost:5000/small:one
...
$ printf 'FROM debian:trixie-slim\\nRUN echo two > /two\\n' | docker build -q -t localhost:5000/small:two -
...
$ docker push localhost:5000/small:two
...
```
"""
SERVER_THERE = """
```console timeout="60"
$ docker run -d --init --name server -p 127.0.0.1:8081:8000 python:3.13-slim-trixie python -m http.server 8000
...
$ until curl -sf -o /dev/null localhost:8081; do sleep 0.2; done
```
"""
NAMES = {
    "container": "stands",
    "service": "alone",
    "network": "empty",
    "volume": "empty",
    "repository": "localhost:5000/small",
    "url": "http://localhost:8081/",
}
MAKING = {"repository": REGISTRY, "url": SERVER_THERE}


def standing_lies(of: str) -> str:
    """Return a page on which the lies are told that are of such a thing."""
    lies = "\n".join(claim.lie.written for claim in claims().values() if claim.of == of)
    made = MAKING.get(of, STANDING.format(of=of))
    return f"# Lies\n{made}\n```checks\n{of}: {NAMES[of]}\n{lies}\n```\n"


@pytest.mark.usefixtures("engine")
def test_each_false_claim_is_reported_at_its_line_with_what_was_measured(tmp_path: Path) -> None:
    """Every claim that there is, in one run: the first lie does not hide the others."""
    project = tmp_path / "p"
    for image, dockerfile, source in (
        ("", DOCKERFILE, "server.c"),
        ("sick", SICK, "sick.c"),
        ("behind", BEHIND, "b.c"),
    ):
        page = PAGE.format(
            server=SERVER.read_text(),
            source=source,
            dockerfile=dockerfile,
            dockerfile_name=f"Dockerfile{image and '.'}{image}",
            tag=f"{image and ':'}{image}",
            lies=lies_of(image),
        )
        small_project(project, page, image or "page")

    for of in NAMES:
        small_project(project, standing_lies(of), of)

    said = run(project, "walkthrough", "verify").stdout

    assert len(claims()) >= 40
    for claim in claims().values():
        name = claim.of if claim.of != "image" else claim.lie.image or "page"
        page = f"docs/lab-01-small/{name}.md"
        line = (project / page).read_text().splitlines().index(claim.lie.written) + 1
        where = f"{page}:{line}: "
        _, *told = re.split(rf"^(?={re.escape(where)})", said, flags=re.MULTILINE)
        assert len(told) == 1, (claim.name, said)
        words = told[0].partition("\ndocs/")[0]  # up to the next problem, its detail included
        assert claim.lie.says in words, (claim.name, words)


def test_every_claim_says_all_that_the_guide_and_readers_need() -> None:
    """Its words, its lie, and a test of it in the guide's live example."""
    guide = (ROOT / "docs/lab-00-authoring/index.md").read_text()
    for name, claim in claims().items():
        assert claim.title, name
        assert claim.guide[0] != "|", name
        assert claim.lie.written.startswith(f"{name}:"), name
        assert f"\n{name}:" in guide, name
    assert len({claim.place for claim in claims().values()}) == len(claims())


TRUTHS = (
    """\
# What stands

```yaml title="app/compose.yaml"
services:
  web:
    image: python:3.13-slim-trixie
    command: ["python", "-m", "http.server", "8000"]
    init: true
    user: "65532:65532"
    read_only: true
    restart: unless-stopped
    mem_limit: 64m
    scale: 2
    networks: [front, back]
    volumes:
      - kept:/kept:ro
      - ./compose.yaml:/compose.yaml:ro
    tmpfs: [/tmp]
    healthcheck:
      test: ["CMD", "python", "-c", "from urllib.request import urlopen as get; get('http://localhost:8000/')"]
      interval: 1s

  store:
    image: python:3.13-slim-trixie
    command: ["python", "-m", "http.server", "9000", "--directory", "/kept"]
    init: true
    networks: [back]
    volumes: ["kept:/kept"]
    ports: ["127.0.0.1:8080:9000"] # opens nothing: its network has no way out

  stranger:
    image: python:3.13-slim-trixie
    command: ["sh", "-c", "touch /kept/number; sleep infinity"]
    init: true
    networks: [front]
    volumes: ["kept:/kept"]
    ports: ["127.0.0.1:8080:80"]

networks:
  front: {}
  back: {internal: true}

volumes:
  kept: {}
```

```console timeout="120"
$ cd ~/docker-labs/lab-01-small/app
$ docker compose up -d
...
$ docker run --name ended debian:trixie-slim sh -c 'exit 3' || true
$ until docker compose exec -T stranger ls /kept/number >/dev/null; do sleep 1; done
```

```checks
service: web
replicas: 2
state: running
health: healthy
restart: unless-stopped
memory_limit: 64m
runs_as: "65532:65532"
mounts: {/kept: volume app_kept read-only, /compose.yaml: bind read-only, /tmp: tmpfs}
networks: [app_back, app_front]
published: []
reaches: [store:9000]
```

```checks
service: stranger
health: none
published: ["127.0.0.1:8080->80/tcp"]
reaches: [web:8000]
cannot_reach: [store:9000]
```

```checks
container: app-store-1
runs_as: 0:0
memory_limit: none
networks: [app_back]
published: []
```

```checks
container: ended
state: exited
exit_code: 3
```

```checks
network: app_back
internal: true
members: [app-web-1, app-web-2, app-store-1]
```

```checks
volume: app_kept
holds: [/number]
used_by: [app-web-1, app-web-2, app-store-1, app-stranger-1]
```
"""
    + REGISTRY
    + """
```console
$ docker tag localhost:5000/small:two localhost:5000/small:latest
$ docker push localhost:5000/small:latest
...
```

```checks
repository: localhost:5000/small
tags: [latest, one, two]
digests: {latest: two}
stored: 60 MB
```

```checks
repository: localhost:5000/never
tags: []
```
"""
    + SERVER_THERE
    + """
```checks
url: http://localhost:8081/
under_load: {rate: 20, seconds: 2, lost: none, meanwhile: docker stop ended}
```

```checks
url: http://localhost:8081/nowhere
under_load: {rate: 20, seconds: 1, lost: 20}
```

```checks
url: http://localhost:8081/
under_load: {rate: 20, seconds: 3, lost: '>= 1', meanwhile: docker rm -f server}
```
"""
)


@pytest.mark.usefixtures("engine")
def test_what_stands_is_as_it_is_claimed_and_no_mutant_of_it_holds(tmp_path: Path) -> None:
    """All of it true; then each claim is changed, and each change is told."""
    project = small_project(tmp_path / "p", TRUTHS)

    said = run(project, "walkthrough", "mutants")

    assert said.returncode == 0, said.stdout
    assert ", 0 survive, " in said.stdout, said.stdout


def test_the_beginning_of_an_id_is_no_name(engine: Engine, debian: str) -> None:
    with contextlib.ExitStack() as stack:
        api = stack.enter_context(contextlib.closing(engine.api()))
        container = api.containers.create(debian, "true")
        stack.callback(container.remove)
        network = api.networks.create(f"labs-test-{uuid.uuid4().hex[:8]}")
        stack.callback(network.remove)
        things: list[tuple[Of, Container | Network]] = [("container", container), ("network", network)]
        for of, one in things:
            assert one.name
            found = stack.enter_context(standing(StandingSpec(one.name, {}, of), engine))
            assert looked_at(found)
            found = stack.enter_context(standing(StandingSpec(one.short_id, {}, of), engine))
            with pytest.raises(StepError, match=f"there is no {of} '{one.short_id}'"):
                looked_at(found)


def looked_at(found: Standing) -> object:
    assert isinstance(found, StandingContainers | StandingNetwork)
    return found.seen if isinstance(found, StandingContainers) else not found.internal
