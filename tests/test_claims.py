"""Every kind of claim is seen to fail: an image of which nothing that its page says is true."""

from __future__ import annotations

from pathlib import Path

import pytest

from helpers import LAB, ROOT, line_with, run, small_project

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
EXPOSE 9090
HEALTHCHECK --interval=1s CMD true
CMD /server; true
"""
SICK = """\
FROM debian:trixie-slim
HEALTHCHECK --interval=1s CMD false
CMD ["sleep", "600"]
"""
LIES = {
    "size: 1 MB": "claimed: size, uncompressed",
    "compressed: 1 MB": "claimed: size, compressed",
    "user: not root": "claimed: runs as any user but root; measured: root; the image runs as root",
    "ports: [8080]": "claimed: exposes 8080/tcp; measured: 9090/tcp",
    "exec_form: true": "measured: shell form; a shell is PID 1",
    "packages: none": "has no package that a scanner could find; measured:",
    "programs: 1": "claimed: programs that could be run ≤ 1; measured:",
    "memory: 1 kB": "claimed: memory of its own ≤ 1.00 kB; measured:",
    'upload: ">= 1 MB"': "claimed: a push after an edit of app/server.c uploads ≥ 1.00 MB; measured:",
    "present: [/nothing]": "claimed: has /nothing; measured: absent",
    "absent: [/bin/sh]": "claimed: has no /bin/sh; measured: present (/usr/bin/sh)",
    "static: [/server]": "claimed: /server is static; measured:",
    "http: [{path: /nowhere, port: 8080}]": "claimed: GET /nowhere answers 200; measured: 404",
    "unhealthy: 2 s": "its health check passes though the server does not answer",
    "stops: [{exit: [0, 143], within: 1 s}]": "measured: exit code 137 after",
    "stages: reached": "BuildKit skips unused",
    "guard: {stage: build, file: app/server.c, replace: Hello, by: Hullo}": "measured: the build succeeds",
    "reuses: {edit: app/server.c, extend: A web server, steps: [COPY server.c /server.c]}": "claimed: an edit of",
}
PAGE = """\
# Lies

```c title="app/server.c"
{server}```

```dockerfile title="app/Dockerfile"
{dockerfile}```

```dockerfile title="app/Dockerfile.sick"
{sick}```

```console
$ cd docker-labs/lab-01-small/app
$ docker build -t labs-test-lies .
...
$ docker build -t labs-test-lies:sick -f Dockerfile.sick .
...
```

```checks
image: labs-test-lies
{lies}
```
"""
SICK_CHECK = """
```checks
image: labs-test-lies:sick
healthy: 2 s
```
"""


@pytest.mark.usefixtures("engine")
def test_each_false_claim_is_reported_at_its_line_with_what_was_measured(tmp_path: Path) -> None:
    """All in one run: the first lie does not hide the others."""
    text = PAGE.format(server=SERVER.read_text(), dockerfile=DOCKERFILE, sick=SICK, lies="\n".join(LIES))
    project = small_project(tmp_path / "p", text)
    page = project / "docs/lab-01-small/page.md"

    said = run(project, "walkthrough", "verify").stdout

    for claim, words in LIES.items():
        where = f"docs/lab-01-small/page.md:{line_with(page, claim)}: "
        assert said.count(where) == 1, (claim, said)
        told = said.partition(where)[2].partition("\ndocs/")[0]  # up to the next problem, its detail included
        assert words in told, (claim, told)


@pytest.mark.usefixtures("engine")
def test_a_container_that_never_gets_well_is_told_with_its_last_probe(tmp_path: Path) -> None:
    """The reader sees what the health check said."""
    text = PAGE.split("```checks")[0].format(server=SERVER.read_text(), dockerfile=DOCKERFILE, sick=SICK) + SICK_CHECK
    project = small_project(tmp_path / "p", text)

    said = run(project, "walkthrough", "verify").stdout

    line = line_with(project / "docs/lab-01-small/page.md", "healthy: 2 s")
    assert f"docs/lab-01-small/page.md:{line}: labs-test-lies:sick: claimed: becomes healthy within" in said
    assert "the last probe said: exit code 1" in said
