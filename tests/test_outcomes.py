"""Failed, timed out, aborted: what is the page's fault and what is not; no page costs another its verdict."""

from __future__ import annotations

import errno
import os
import re
import signal
import struct
import subprocess
import sys
import uuid
from pathlib import Path
from typing import cast

import docker.errors
import pytest
import requests

from helpers import FRONT_DOORS, environment, run, small_project
from walkthrough.errors import EngineMissingError, Location, Problem
from walkthrough.machine.embedded import Embedded
from walkthrough.machine.engine import Engine
from walkthrough.machine.reader import MACHINE_LABEL
from walkthrough.observe.containers import wait_for
from walkthrough.page.course import read_course
from walkthrough.project import Project
from walkthrough.publish import blocks
from walkthrough.walk.abort import CRASHES, reason
from walkthrough.walk.guide import Guide
from walkthrough.walk.place import Home
from walkthrough.walk.quiet import Quiet

LAB = "docs/lab-01-small"


def told(text: str) -> str:
    """Return a page that tells ``text``, different in each run, so that it is walked."""
    return f"# A page\n\n```console\n$ echo {text}\n{text}\n```\n"


def script(text: str) -> str:
    """Return a page with a script, different in each run."""
    return f"# A script\n\n```bash\n: {uuid.uuid4().hex}\n{text}\n```\n"


FAILING = {
    "function": "f() {\n  false\n  echo hidden\n}\nf\ntouch reached",
    "function-in-function": "g() { false; echo hidden; }\nf() { g; echo hidden; }\nf\ntouch reached",
    "subshell": "( false; echo hidden )\ntouch reached",
    "substitution": 'x=$(false; echo hidden)\necho "$x"',
    "sourced": "printf 'false\\necho hidden\\n' >part.sh\n. ./part.sh\ntouch reached",
}
HONEST = {
    "handled": "f() { false; echo on; }\nf || echo handled\nif f; then echo yes; fi\n! false\nfalse | true",
    "left-early": "true\nreturn 0\nfalse",
}


@pytest.mark.usefixtures("engine")
def test_a_script_ends_where_a_line_fails(tmp_path: Path) -> None:
    """In a function, a subshell or a sourced file too; what a script handles itself is no failure."""
    project = tmp_path / "p"
    for name, text in (FAILING | HONEST).items():
        small_project(project, script(text), name)
    after = "\n```console\n$ false || trap -p ERR\n$ f() { false; echo on; }; f\non\n```\n"
    small_project(project, script("true") + after, "session")

    done = run(project, "walkthrough", "verify")

    assert done.returncode == 1, done.stdout
    for name in FAILING:
        assert f"{LAB}/{name}.md: FAILED" in done.stdout, done.stdout
        assert f"{LAB}/{name}.md:3: the script ends with exit status 1, not 0" in done.stdout
    for name in (*HONEST, "session"):
        assert f"{LAB}/{name}.md: verified" in done.stdout, done.stdout


@pytest.fixture
def broken_tool(tmp_path: Path) -> Path:
    """Return a project whose tool has a fault, with a page that meets it, one that does not, and one without an end."""
    marker = uuid.uuid4().hex
    project = small_project(tmp_path / "p", told(marker), "honest")
    small_project(project, f'# A\n\n```text title="first"\n{marker}\n```\n\n```text title="boom"\nx\n```\n', "meets-it")
    small_project(project, f'# B\n\n```console timeout="1"\n$ sleep 1000 # {marker}\n```\n', "endless")
    guide = project / "hooks/walkthrough/walk/guide.py"
    healthy = "self._place.write(step.path, step.fence.text)"
    assert healthy in guide.read_text()
    fault = f'1 / (step.path != "boom"); {healthy}'
    guide.write_text(guide.read_text().replace(healthy, fault))
    subprocess.run(["git", "init", "-q"], cwd=project, check=True)
    return project


@pytest.mark.usefixtures("engine")
@pytest.mark.parametrize("door", FRONT_DOORS)
def test_a_fault_of_the_tool_is_told_as_one(broken_tool: Path, door: str) -> None:
    """The page is aborted at its line, with a file to report; the others keep their verdicts."""
    done = run(broken_tool, *FRONT_DOORS[door])

    assert done.returncode == 1, done.stdout
    assert "Traceback" not in done.stdout
    assert f"{LAB}/honest.md: verified" in done.stdout
    assert f"{LAB}/endless.md: TIMED OUT" in done.stdout
    assert f"{LAB}/endless.md:4: the command does not end: stopped after 1 s" in done.stdout
    assert f"{LAB}/meets-it.md: ABORTED" in done.stdout
    assert f"{LAB}/meets-it.md:7: aborted: this is a fault of the tool" in done.stdout
    named = re.search(rf"report it with (\S+/{CRASHES}/\S+\.txt)", done.stdout)
    assert named, done.stdout
    assert "ZeroDivisionError" in Path(named[1]).read_text()
    if door == "pytest":
        assert re.search(r"ERROR .*meets-it.md::line 7", done.stdout), done.stdout
        assert not re.search(r"FAILED .*meets-it", done.stdout)
    else:
        assert "1 of 3 pages do not hold; 1 of 3 pages could not be walked" in done.stdout


@pytest.mark.usefixtures("engine")
def test_what_could_not_be_tried_is_not_called_untrue(broken_tool: Path) -> None:
    """Exit 2: nothing is known to be wrong with a page."""
    (broken_tool / LAB / "endless.md").unlink()

    done = run(broken_tool, "walkthrough", "verify")

    assert done.returncode == 2, done.stdout
    assert "1 of 2 pages could not be walked" in done.stdout


@pytest.mark.parametrize("door", FRONT_DOORS)
def test_an_engine_that_goes_away_aborts_every_page(second: Embedded, tmp_path: Path, door: str) -> None:
    """Those under way and those that wait, each with the reason; the table is there all the same."""
    names = [f"page-{number}" for number in range(6)]
    project = tmp_path / "p"
    for name in names:
        small_project(project, f"# {name}\n\n```console\n$ docker events # {uuid.uuid4().hex}\n```\n", name)
    log = tmp_path / "log"
    changed = environment(
        PYTHONPATH=str(project / "hooks"), LABS_STATE=str(second.folder.parent), LABS_ENGINE="embedded"
    )
    second.start(print)
    with log.open("wb") as output:
        command = [sys.executable, "-m", *FRONT_DOORS[door]]
        walking = subprocess.Popen(command, cwd=project, env=changed, stdout=output, stderr=output)
        assert wait_for(lambda: True if "walking 1 steps" in log.read_text() else None, 60, 0.1), log.read_text()

        second.stop()

        status = walking.wait(120)
    said = log.read_text()
    assert status == (2 if door == "verify" else 1), said
    assert "Traceback" not in said
    for name in names:
        assert f"{LAB}/{name}.md: ABORTED" in said, said
        assert re.search(rf"{LAB}/{name}.md:\d+: aborted: the Docker engine at \S+ does not answer any more", said), (
            said
        )
    if door != "pytest":
        assert "6 of 6 pages could not be walked" in said


MEASURED = """\
# A page that waits

```dockerfile title="Dockerfile"
FROM debian:trixie
LABEL is={marker}
HEALTHCHECK --interval=1s CMD ["false"]
CMD ["sleep", "1000"]
```

```console
$ docker build -q -t waiting docker-labs/lab-01-small
…
```

```checks
image: waiting
healthy: 60 s
unhealthy: 60 s
stops:
  - {{exit: 0, within: 60 s}}
```
"""


def test_an_interrupt_ends_a_measurement(engine: Engine, tmp_path: Path) -> None:
    """Ctrl-C while a container is observed: the run ends soon, and nothing of it is left."""
    project = small_project(tmp_path / "p", MEASURED.format(marker=uuid.uuid4().hex))
    log = tmp_path / "log"
    listing = ("container", "ls", "--quiet", "--filter", f"label={MACHINE_LABEL}")

    def measured() -> bool | None:
        machine = engine.command(*listing).stdout.strip()
        return True if machine and engine.command("exec", machine, "docker", "ps", "--quiet").stdout else None

    with log.open("wb") as output:
        command, changed = (
            [sys.executable, "-m", "walkthrough", "verify"],
            environment(PYTHONPATH=str(project / "hooks")),
        )
        walking = subprocess.Popen(command, cwd=project, env=changed, stdout=output, stderr=output)
        assert wait_for(measured, 120, 0.1), log.read_text()

        walking.send_signal(signal.SIGINT)

        assert walking.wait(30) == 130, log.read_text()
    assert engine.command(*listing, "--all").stdout == ""
    assert "Traceback" not in log.read_text()


ERRORS: dict[str, tuple[BaseException, str]] = {
    "full disk": (OSError(errno.ENOSPC, "No space left on device", "/var/x"), "the disk of /var/x is full; free some"),
    "forbidden": (PermissionError(errno.EACCES, "Permission denied", "/etc/x"), "refuses '/etc/x': Permission denied"),
    "engine": (docker.errors.APIError("500", explanation="layer is lost"), "the Docker engine reports: layer is lost"),
    "slow": (
        requests.ReadTimeout("read timed out"),
        "did not answer a request: ReadTimeout: read timed out; run again",
    ),
    "none": (EngineMissingError("no engine answers"), "no engine answers"),
    "ours": (RecursionError("too deep\nand more"), "a fault of the tool, not of the page: RecursionError: too deep;"),
}


@pytest.mark.parametrize("name", ERRORS)
def test_every_error_has_one_sentence(tmp_path: Path, name: str) -> None:
    """What is wrong and what to do; only a fault of the tool keeps a file."""
    error, says = ERRORS[name]

    words = str(reason(error, None, tmp_path))

    assert says in words
    assert "\n" not in words
    assert len(list(tmp_path.glob(f"{CRASHES}/*.txt"))) == (name == "ours")


class Failing:
    """A place in which nothing can be written, for a reason that is known beforehand."""

    def __init__(self, error: Exception) -> None:
        self.error = error

    def write(self, _path: str, _text: str) -> None:
        """Fail."""
        raise self.error


def refusal() -> docker.errors.APIError:
    """Return what the SDK raises where the engine holds a request for wrong."""
    response = requests.Response()
    response.status_code = 404
    return docker.errors.APIError("404", response, explanation="no such image")


MET: dict[str, tuple[Exception, str, str]] = {
    "refused": (refusal(), "failed", "the Docker engine refuses this: no such image"),
    "without end": (
        subprocess.TimeoutExpired(["/usr/bin/docker", "build"], 600),
        "timed out",
        "'docker build' does not end: stopped after 600 s",
    ),
    "engine": (docker.errors.APIError("500", explanation="layer is lost"), "aborted", "layer is lost"),
    "slow": (requests.ReadTimeout("read timed out"), "aborted", "did not answer a request"),
    "forbidden": (PermissionError(errno.EACCES, "Permission denied", "/etc/x"), "aborted", "refuses '/etc/x'"),
    "too deep": (RecursionError("too deep"), "aborted", "this is a fault of the tool"),
    "damaged": (struct.error("unpack requires a buffer"), "aborted", "this is a fault of the tool"),
}


@pytest.mark.parametrize("name", MET)
def test_whatever_a_step_meets_is_what_came_of_it(tmp_path: Path, name: str) -> None:
    """Told at its line as failed, timed out or aborted; whoever takes the step meets no error."""
    project = Project(small_project(tmp_path / "p", '# A page\n\n```text title="a"\nx\n```\n'))
    itinerary = read_course(project).itineraries[f"{LAB}/page.md"]
    error, status, says = MET[name]
    guide = Guide(None, cast("Home", Failing(error)), tmp_path / "state", Quiet(tmp_path / "quiet"))

    outcome = guide.take(itinerary.page, itinerary.steps[0], keep_going=False)

    (problem,) = outcome.problems
    assert (outcome.status, problem.where.line, problem.aborted) == (status, 3, status == "aborted")
    assert says in problem.what


def test_a_fault_that_cannot_be_kept_says_where_it_is() -> None:
    """No state folder to write to: the place in the code is all there is."""
    try:
        os.fspath(3)  # type: ignore[call-overload]
    except TypeError as error:
        words = str(reason(error, None, Path("/proc/nowhere")))

    assert "TypeError" in words
    assert f"{Path(__file__).name}:" in words


def test_without_an_engine_pytest_says_so_in_one_sentence(tmp_path: Path) -> None:
    """Each page is an error, with what to do, and without a traceback."""
    project = small_project(tmp_path / "p", told(uuid.uuid4().hex))

    done = run(project, *FRONT_DOORS["pytest"], DOCKER_HOST="fd://3")

    assert done.returncode == 1
    assert "2 errors" in done.stdout
    assert done.stdout.count("DOCKER_HOST names the engine fd://3, reached by fd") >= 2
    assert "pytest_plugin.py" not in done.stdout


@pytest.mark.parametrize("aborted", [True, False])
def test_a_page_that_could_not_be_walked_is_not_shown_as_untrue(tmp_path: Path, aborted: bool) -> None:
    """The line below its heading, and the problem at its step."""
    project = Project(small_project(tmp_path / "p", told("x")))
    itinerary = read_course(project).itineraries[f"{LAB}/page.md"]
    view = blocks.view_of(itinerary, None, (Problem(Location(f"{LAB}/page.md", 4), "it is so", aborted=aborted),))

    assert ("This page could not be walked" in blocks.line(view, None)) == aborted
    assert ("This page does not hold" in blocks.line(view, None)) == (not aborted)
    assert ("aborted: it is so" in blocks.said(view, itinerary.steps[0].fence.number)) == aborted
