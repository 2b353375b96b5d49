"""What a walk costs, what the memory saves, what the preview saves: each a ratio or a difference within one run."""

from __future__ import annotations

import base64
import contextlib
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import requests

from helpers import INDEX_PAGE, LAB, ROOT, preview
from walkthrough.doors.report import Progress
from walkthrough.doors.verify import Options, verify
from walkthrough.machine.bases import RELEASES, of_the_machine
from walkthrough.machine.find import find_engine
from walkthrough.machine.provision import provided
from walkthrough.machine.reader import Machines
from walkthrough.observe.containers import wait_for
from walkthrough.page.course import choose, read_course
from walkthrough.page.itinerary import Itinerary
from walkthrough.page.patch import apply_patch
from walkthrough.page.steps import ApplyDiff, RunCommands, RunScript, WriteFile
from walkthrough.project import Project, state_folder
from walkthrough.walk.needs import bases_of, images_of
from walkthrough.walk.walk import walk

RIGHT, WRONG = "{{.Server.Os}}'\nlinux", "{{.Server.Os}}'\nminix"
TOLD = "does not print what the page shows"
LIMIT = 120.0


def walk_all(fresh: bool) -> float:
    """Return the seconds of one run over all pages."""
    started = time.monotonic()
    run = verify(read_course(Project(ROOT)), [], Progress(), Options(fresh=fresh))
    assert run.passed, run.problems
    return time.monotonic() - started


def lead() -> float:
    """Return by how many seconds an open page shows a failing step before the page is built anew."""
    with tempfile.TemporaryDirectory() as folder:
        project = Path(folder) / "project"
        left_out = shutil.ignore_patterns(".*", "site", "test-artefacts", "__pycache__")
        shutil.copytree(ROOT, project, ignore=left_out)
        page = project / INDEX_PAGE
        with preview(project, Path(folder) / "log") as address:
            built = f"{address}/{LAB}/index.html"

            def has(where: str, words: str) -> float | None:
                with contextlib.suppress(requests.RequestException):
                    return time.monotonic() if words in requests.get(where, timeout=LIMIT).text else None
                return None

            assert wait_for(lambda: has(built, "This page is verified"), LIMIT)
            page.write_text(page.read_text().replace(RIGHT, WRONG))
            heard = hear(address, TOLD)
            shown = wait_for(lambda: has(built, TOLD), LIMIT)
    assert shown
    return shown - heard


def hear(address: str, words: str) -> float:
    """Wait for a verdict with these words as an open page does; return the clock's time when it came."""
    seen, deadline = 0, time.monotonic() + LIMIT
    while time.monotonic() < deadline:
        answer = requests.get(f"{address}/walk-verdict/{seen}", timeout=LIMIT)
        if answer.status_code == requests.codes.ok:
            seen = answer.json()["number"]
            if words in answer.text:
                return time.monotonic()
    raise AssertionError("no such verdict came")


def script_of(itinerary: Itinerary) -> str:
    """Return what a page and those before it do as a plain script: files as they are shown, and commands."""
    lines = ["set +e"]
    for page, steps in (*itinerary.before, (itinerary.page, itinerary.steps)):
        lines += [f"mkdir -p ~/docker-labs/{page.lab}", "cd"]
        files: dict[str, str] = {}
        for step in steps:
            if isinstance(step, WriteFile | ApplyDiff):
                old = files.get(step.path, "")
                text = step.fence.text if isinstance(step, WriteFile) else apply_patch(old, step.fence.text, 1)
                files[step.path] = text
                place = shlex.quote(f"/home/ubuntu/docker-labs/{page.lab}/{step.path}")
                packed = base64.b64encode(text.encode()).decode()
                lines.append(f"mkdir -p $(dirname {place}); echo {packed} | base64 -d >{place}; chmod +x {place}")
            elif isinstance(step, RunCommands) and not any(command.stays for command in step.commands):
                lines += [command.text for command in step.commands if not command.interrupts]
            elif isinstance(step, RunScript):
                lines.append(step.fence.text)
    return "\n".join(lines) + "\n"


def plain(machines: Machines, itinerary: Itinerary) -> float:
    """Return the seconds that a page's plain script takes in a machine that has the bases, and an empty build cache."""
    engine, image = machines.engine, machines.image("docker")
    volume = f"--volume=docker-labs-{image.partition(':')[2]}-0:/var/lib/docker"
    started = engine.command("run", "--detach", "--rm", "--init", "--privileged", volume, image, "sleep", "infinity")
    name = started.stdout.strip()
    run = [str(engine.docker), "exec", "--interactive", "--user=ubuntu", "--env=HOME=/home/ubuntu", name, "bash", "-s"]
    clean = "until docker info; do sleep 0.1; done; docker ps -aq | xargs -r docker rm -f; docker builder prune -af"
    try:
        for words in (clean, script_of(itinerary)):
            begun = time.monotonic()
            subprocess.run(
                run, input=words.encode(), env=engine.whole_environment, capture_output=True, timeout=1800, check=False
            )
        return time.monotonic() - begun
    finally:
        engine.command("rm", "--force", name)


def against_scripts(pages: list[str]) -> Iterator[tuple[str, float, float]]:
    """Yield for each page its name, the seconds of its plain script, and those of its walk, one after the other."""
    course = read_course(Project(ROOT))
    engine = find_engine(print)
    for path in choose(course, pages):
        itinerary = course.itineraries[path]
        needed = bases_of(itinerary) | images_of(itinerary) | of_the_machine("docker", RELEASES[0])
        with provided(engine, needed, state_folder(), print) as bases:
            machines = Machines(engine, bases, RELEASES[0], print)
            walk(itinerary, machines, 0, state_folder())  # so that its bases are there
            script = plain(machines, itinerary)
            walked = walk(itinerary, machines, 0, state_folder(), fresh=True)
            assert walked.passed, walked.problems
            yield path, script, walked.seconds


if __name__ == "__main__":
    for path, script, walked in against_scripts(sys.argv[1:]):
        print(f"{path}: plain script {script:.1f} s, walk {walked:.1f} s: {walked / script:.2f} times", flush=True)
    if not sys.argv[1:]:
        walked, remembered = walk_all(fresh=True), walk_all(fresh=False)
        print(f"walked {walked:.1f} s, remembered {remembered:.2f} s: {walked / remembered:.0f} times faster")
        print(f"an open page shows a failing step {lead():.1f} s before the page is built anew")
