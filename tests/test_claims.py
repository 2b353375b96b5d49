"""Every kind of claim is seen to fail: an image of which nothing that its page says is true."""

from __future__ import annotations

from pathlib import Path

import pytest

from helpers import LAB, ROOT, run, small_project
from walkthrough.claims.registry import claims

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
    return "\n".join(claim.lie.written for claim in claims().values() if claim.lie.image == image)


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

    said = run(project, "walkthrough", "verify").stdout

    assert len(claims()) >= 24
    for claim in claims().values():
        page = f"docs/lab-01-small/{claim.lie.image or 'page'}.md"
        line = (project / page).read_text().splitlines().index(claim.lie.written) + 1
        where = f"{page}:{line}: "
        assert said.count(where) == 1, (claim.name, said)
        words = said.partition(where)[2].partition("\ndocs/")[0]  # up to the next problem, its detail included
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
