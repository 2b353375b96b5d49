"""Claims mean what readers take them to mean: true and false ones, by the walk and by the reader's script alike."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from browser import network_of
from helpers import small_project
from test_reader_check import DASH, check
from walkthrough.claims.kinds.exec_form import hands_a_line_to_a_shell
from walkthrough.claims.spec import read_spec
from walkthrough.machine.bases import names_in
from walkthrough.machine.engine import Engine
from walkthrough.machine.provision import provided
from walkthrough.observe.subject import ImageSubject
from walkthrough.page.course import read_course
from walkthrough.page.itinerary import Itinerary
from walkthrough.page.readercheck import reader_check
from walkthrough.page.steps import CheckImage
from walkthrough.project import Project, state_folder
from walkthrough.walk.measure import Alone, measure

pytestmark = pytest.mark.beside
SERVER = """\
import signal, sys, time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
READY = time.monotonic() + 2
class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        ready = time.monotonic() > READY + (10 if self.path == "/late" else 0)
        self.send_response(200 if ready else 503)
        self.end_headers()
        self.wfile.write(b"ready" if ready else b"warming up")
        while self.path == "/endless":
            time.sleep(0.2)
            self.wfile.write(b".")
    def log_message(self, *_): pass
signal.signal(signal.SIGQUIT, lambda *_: sys.exit(0))
signal.signal(signal.SIGTERM, lambda *_: sys.exit(9))
ThreadingHTTPServer(("0.0.0.0", 8080), Handler).serve_forever()
"""
PROBE = """\
import time, urllib.request
time.sleep(1.2)
urllib.request.urlopen("http://127.0.0.1:8080/", timeout=2)
"""
SERVES = """\
FROM python:3.13-slim-trixie
COPY server.py probe.py /
STOPSIGNAL SIGQUIT
EXPOSE 53/udp 8080 8080/udp
HEALTHCHECK --interval=1s --timeout=5s --start-period=10s --retries=2 CMD ["python", "/probe.py"]
CMD ["python", "/server.py"]
"""
SLIM = "FROM debian:trixie-slim\n"


@dataclass(frozen=True)
class Told:
    """Claims of the image of a Dockerfile, and whether each holds; ``script`` if readers can test them."""

    dockerfile: str
    claims: str
    holds: bool
    script: bool = True


TOLD = {
    "user-0-with-a-group": Told(SLIM + "USER 0:1001\n", "user: not root", False),
    "user-00": Told(SLIM + "USER 00\n", "user: not root", False),
    "user-0-is-root": Told(SLIM + "USER 0:1001\n", "user: root", True),
    "another-name-of-root": Told(
        SLIM + "RUN echo toor:x:0:0::/:/bin/sh >>/etc/passwd\nUSER toor\n", "user: not root", False
    ),
    "another-name-of-root-by-name": Told(
        SLIM + "RUN echo toor:x:0:0::/:/bin/sh >>/etc/passwd\nUSER toor\n", "user: toor", True
    ),
    "a-name-that-nobody-has": Told(SLIM + "USER ghost\n", "user: not root", False),
    "two-lines-of-one-name": Told(
        SLIM
        + "RUN sed -i '1i app:x:0:0::/:/bin/sh' /etc/passwd && echo app:x:7:7::/:/bin/sh >>/etc/passwd\nUSER app\n",
        "user: not root",
        False,
    ),
    "a-folder-with-a-slash": Told(SLIM, "absent: [/etc/]", False),
    "hard-links-are-programs": Told(SLIM + "RUN ln /bin/true /bin/truth\n", 'programs: "<= 1"', False),
    "a-name": Told(SLIM + "USER www-data\n", "user: not root", True),
    "shell-with-options": Told(SLIM + 'SHELL ["/bin/bash", "-ec"]\nCMD sleep 60; true\n', "exec_form: true", False),
    "shell-with-pipefail": Told(
        SLIM + 'SHELL ["/bin/bash", "-o", "pipefail", "-c"]\nCMD sleep 60; true\n', "exec_form: true", False
    ),
    "shell-behind-env": Told(SLIM + 'CMD ["/usr/bin/env", "A=1", "sh", "-c", "id"]\n', "exec_form: true", False),
    "shell-in-two-halves": Told(SLIM + 'ENTRYPOINT ["sh"]\nCMD ["-c", "id"]\n', "exec_form: true", False),
    "a-script": Told(SLIM + 'CMD ["bash", "-e", "/start.sh", "-c", "id"]\n', "exec_form: true", True),
    "an-absolute-path": Told(SLIM, "absent: [/bin/nothing]", True),
    "tcp-and-udp": Told(SERVES, "ports: [53/udp, 8080, 8080/udp]\nhttp: [{path: /, contains: ready}]", True),
    "unready-at-first": Told(SERVES, "http: [{path: /, contains: ready, within: 15 s}]", True),
    "unready-for-long": Told(SERVES, "http: [{path: /late, contains: ready, within: 30 s}]", True),
    "never-so": Told(SERVES, "http: [{path: /, contains: never, within: 2 s}]", False),
    "endless-body": Told(SERVES, "http: [{path: /endless, contains: never, within: 3 s}]", False),
    "the-images-own-signal": Told(SERVES, "http: [{path: /}]\nstops: [{exit: 0, within: 5 s}]", True),
    "a-named-signal": Told(SERVES, "http: [{path: /}]\nstops: [{signal: quit, exit: 0, within: 5 s}]", True),
    "another-signal": Told(SERVES, "http: [{path: /}]\nstops: [{signal: SIGTERM, exit: 0, within: 5 s}]", False),
    "slow-probe": Told(SERVES, "healthy: 30 s\nunhealthy: 30 s", True),
    "probed-before-it-is-ready": Told(
        SERVES.replace("--start-period=10s --retries=2", "--retries=9"), "healthy: 30 s\nunhealthy: 30 s", True
    ),
}


@pytest.fixture(scope="module")
def pages(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Itinerary, Path]]:
    """Yield a page that makes all these claims, on images that are built, and the script of its checks."""
    context = tmp_path_factory.mktemp("kinds")
    (context / "server.py").write_text(SERVER)
    (context / "probe.py").write_text(PROBE)
    dockerfiles = list(dict.fromkeys(told.dockerfile for told in TOLD.values()))
    images = [f"labs-test-kinds:{number}" for number, _ in enumerate(dockerfiles)]
    with provided(engine, names_in(dockerfiles), state_folder(), print):
        try:
            for image, dockerfile in zip(images, dockerfiles, strict=True):
                (context / "Dockerfile").write_text(dockerfile)
                built = engine.command("build", "-q", "-t", image, ".", cwd=context, timeout=300)
                assert built.returncode == 0, built.stderr
            blocks = [
                f"```checks\nimage: {images[dockerfiles.index(told.dockerfile)]}\ncheck: {name}\n{told.claims}\n```\n"
                for name, told in TOLD.items()
            ]
            project = small_project(context / "p", '```text title="x"\nx\n```\n\n' + "\n".join(blocks))
            course = read_course(Project(project))
            assert course.problems == ()
            (itinerary,) = course.itineraries.values()
            script = context / "check"
            script.write_text(reader_check([itinerary]))
            yield itinerary, script
        finally:
            engine.command("image", "rm", "--force", *images)


@pytest.fixture(autouse=True)
def a_proxy_that_leads_nowhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """Name a proxy in the environment: the server in the container is asked, whatever stands there."""
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize("name", TOLD)
def test_a_claim_is_judged_by_what_it_means(engine: Engine, pages: tuple[Itinerary, Path], name: str) -> None:
    """By the walk: all claims hold, or the last of them does not."""
    number = 1 + list(TOLD).index(name)
    step = pages[0].steps[number]
    assert isinstance(step, CheckImage)
    begun = time.monotonic()

    with network_of(engine):
        measured = measure(ImageSubject(step.spec, engine, [], Path("/nonexistent")), Alone())

    assert (measured.findings[-1].ok, [finding.ok for finding in measured.findings[:-1]]) == (
        TOLD[name].holds,
        [True] * (len(measured.findings) - 1),
    ), measured.findings
    assert name != "endless-body" or time.monotonic() - begun < 60  # it would never end


@pytest.mark.parametrize("name", TOLD)
def test_the_readers_script_says_the_same(engine: Engine, pages: tuple[Itinerary, Path], name: str) -> None:
    """The same images and claims, by the script that readers are given."""
    said = check(engine, DASH, name, script=pages[1], HTTP_PROXY="http://127.0.0.1:9", http_proxy="http://127.0.0.1:9")

    assert (said.returncode == 0) is TOLD[name].holds, said.stdout
    assert ("FAIL" in said.stdout) is not TOLD[name].holds, said.stdout


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["/bin/sh", "-c", "x"], True),
        (["bash", "-lc", "x"], True),
        (["bash", "--norc", "-eo", "pipefail", "-c", "x"], True),
        (["bash", "-o", "errexit", "-c", "x"], True),
        (["busybox", "sh", "-c", "x"], True),
        (["env", "-i", "-u", "A", "B=1", "sh", "-c", "x"], True),
        (["/busybox", "httpd", "-f"], False),
        (["bash", "--rcfile", "f", "-c", "x"], True),
        (["sh", "run.sh", "-c"], False),
        (["python", "-c", "x"], False),
        (["env", "-S", "sh -c x"], True),
        (["env", "-Ssh -c x"], True),
        (["env", "env", "sh", "-c", "x"], True),
        (["env", "-S", "server -c x"], False),
        (["env"], False),
        ([], False),
    ],
)
def test_a_shell_is_known_by_its_options(words: list[str], expected: bool) -> None:
    """As bash(1) and dash(1) read them."""
    assert hands_a_line_to_a_shell(words) is expected


@pytest.mark.parametrize(
    ("claim", "says"),
    [
        ("absent: ['/usr/bin/apt*']", "looks like a pattern"),
        ("absent: ['/usr/bin/[a]pt']", "looks like a pattern"),
        ("absent: [bin/sh]", "is not a path from the root"),
        ("absent: [./bin/sh]", "is not a path from the root"),
        ("absent: ['']", "is not a path from the root"),
        ("absent: [/bin/../sh]", "is not a plain path"),
        ("absent: ['/bin/sh ']", "is not a plain path"),
        ("absent: [//bin]", "names no file"),
        ("absent: [/]", "names no file"),
        ("absent: []", "it claims nothing"),
        ("present: ['/a*']", "looks like a pattern"),
        ("static: [server]", "is not a path from the root"),
        ("owner: {/a: root}", "should match pattern"),
        ("size:", "it has no value"),
        ("size: 1 MB\nsize: 2 MB", "it is claimed twice"),
        ("stops: [{signal: SIGKILL, within: 1 s}]", "no signal that a program can handle"),
        ("stops: [{signal: SIGNONE, within: 1 s}]", "no signal that a program can handle"),
        ("env: {A: x, A: y}", "it is claimed twice"),
        ("http: [{path: /, status: 404, status: 200}]", "it is claimed twice"),
        ("label: {created: 2026-02-30}", "are not YAML"),
        ("present: &a [/x, *a]", "is an alias"),
        ("stops: [{signal: RTMIN+99, within: 1 s}]", "no signal that a program can handle"),
        ("upload: 1 MB", "is measured after the edit"),
        ("memory: 1 MB", "is measured after the first answers"),
    ],
)
def test_a_claim_that_could_not_fail_is_refused_when_it_is_read(claim: str, says: str) -> None:
    """What can never be there is absent from every image."""
    spec, faults = read_spec(f"image: a\n{claim}\n", 1)

    assert spec is None
    assert any(says in what for _, what, _ in faults), faults
