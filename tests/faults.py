"""What can go wrong while pages are walked, and what is left of it: a table of faults, each met for real.

Each row meets its fault in a run over two pages: one that meets it, and one beside it. It holds where

- what came of it is told clearly, at the line of the page that met it,
- the page beside it has its own verdict,
- nothing is left on the host: a census before equals one after,
- the next run is right, without anybody cleaning up. It finds the machine's engine as new, builds and runs.

The census counts containers, images, networks and volumes of the host engine; processes, namespaces and mounts of the
embedded engine and of the runs; files that are mounted as devices; and files of the project, and of the home and of the
folder for temporary files that the runs have.

Kept on purpose, and not counted, are the volumes of machines (``docker-labs-…``: their Docker's data, with base images
and the build cache, and what is remembered of layers), the images of machines, base images, and the state folder. So is
the file that a run locks, one for each host engine in the folder for temporary files: another run may hold it.
"""

from __future__ import annotations

import argparse
import collections
import contextlib
import fcntl
import json
import os
import random
import re
import signal
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from helpers import environment, free_port, machines_left, second_engine, small_project, snapshot
from walkthrough.machine.embedded import Embedded
from walkthrough.machine.engine import Engine
from walkthrough.machine.find import find_engine
from walkthrough.machine.together import lock_of
from walkthrough.observe.containers import wait_for
from walkthrough.project import state_folder

PAGE, BESIDE = "docs/lab-01-small/fault.md", "docs/lab-01-small/beside.md"
FILE = """\
# A page

```dockerfile title="NAME/Dockerfile"
FROM debian:trixie
RUN echo MARK >/made
```

"""
SOUND = f"""\
{FILE}```console
$ (docker ps --all --quiet; docker volume ls --quiet; docker images --quiet mine) | wc --lines
0
$ ls
docker-labs
$ docker build --quiet --tag mine docker-labs/lab-01-small/NAME
sha256:…
$ docker run --rm mine cat /made
MARK
```
"""
"""It holds on a machine that is as new."""
VERIFY = ("walkthrough", "verify")
Census = dict[str, collections.Counter[str]]
_MARK = "LABS_FAULTS"
_BY_CONTENT = re.compile(r"(?<=/)[0-9a-f]{12}$")
"""The name of a file that is called by its content, which differs from page to page."""
_LIMIT = 300.0
_SETTLED = 60.0
"""Seconds after which what is still there counts as left."""


class Ground:
    """A project of two pages on a host engine, where faults are met and what is left is counted.

    Args:
        variables: those of the runs, beside this process's.
    """

    def __init__(self, folder: Path, engine: Engine, variables: Mapping[str, str]) -> None:
        self.folder, self.engine = folder, engine
        self.project = folder / "project"
        self._mark = uuid.uuid4().hex
        for name in ("tmp", "home"):
            (folder / name).mkdir()
        self.variables = {
            "LABS_STATE": str(state_folder()),
            "DOCKER_CONFIG": os.environ.get("DOCKER_CONFIG") or str(Path("~/.docker").expanduser()),
            **variables,
            _MARK: self._mark,
            "TMPDIR": str(folder / "tmp"),
            "HOME": str(folder / "home"),
            "PYTHONPYCACHEPREFIX": str(folder / "pycache"),
        }
        self._log = folder / "log"
        self.before: Census = {}
        """The census that others are held against."""

    def environment(self, **changes: str) -> dict[str, str]:
        """Return the environment of the runs, by which what they start is known, with ``changes``."""
        return environment(**self.variables, **changes)

    def write(self, text: str = SOUND, project: Path | None = None) -> None:
        """Write the page that meets the fault, and the one beside it, both new to every memory."""
        for name, content in (("beside", SOUND), ("fault", text)):
            filled = content.replace("MARK", uuid.uuid4().hex).replace("NAME", name)
            small_project(project or self.project, filled, name)

    def line(self, text: str) -> int:
        """Return the number of the page's line that holds ``text``."""
        lines = (self.project / PAGE).read_text().splitlines()
        return next(number for number, line in enumerate(lines, 1) if text in line)

    def start(self, *command: str, project: Path | None = None, log: Path | None = None) -> subprocess.Popen[bytes]:
        """Start a command of the project's own Python, as a terminal does: in a process group of its own."""
        project = project or self.project
        with (log or self._log).open("wb") as output:
            return subprocess.Popen(
                [sys.executable, "-m", *command],
                cwd=project,
                env=self.environment(PYTHONPATH=str(project / "hooks")),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )

    def said(self) -> str:
        """Return what the last run has said until now."""
        return self._log.read_text(errors="replace")

    def run(self, *command: str, during: Callable[[], None] = lambda: None) -> str:
        """Run a command to its end, doing something meanwhile; return what it said, its exit status last."""
        process = self.start(*command)
        try:
            during()
            status = process.wait(_LIMIT)
        finally:
            process.kill()
            process.wait()
        assert "Traceback" not in self.said(), self.said()
        return f"{self.said()}exit status {status}\n"

    def sound(self, said: str, *pages: str) -> None:
        """See that a run told of each of the pages that it holds."""
        for page in pages:
            assert re.search(rf"^{page} .* (verified|unchanged)$", said, re.MULTILINE), said

    def until(self, look: Callable[[], str], what: str) -> str:
        """Wait until ``look`` finds something; return that."""
        found = wait_for(lambda: look() or None, _LIMIT, 0.05)
        assert found, f"there is never {what}:\n{self.said()}"
        return found

    def machine_with(self, words: str) -> str:
        """Return the machine in which a process with these words in its command runs; nothing where none does."""
        names = machines_left(self.engine).split()
        return next((n for n in names if self.engine.command("exec", n, "pgrep", "--full", words).stdout), "")

    def census(self) -> Census:
        """Count what there is on the host."""
        with contextlib.closing(self.engine.api()) as api:
            counted = {kind: collections.Counter(things) for kind, things in snapshot(api).items()}
        processes = {*self.of_engine(), *self._of_runs()}
        counted["processes"] = collections.Counter(filter(None, map(_words, processes)))
        spaces = {space for one in processes for space in _namespaces(one)} - set(_namespaces("self"))
        counted["namespaces"] = collections.Counter(space.partition(":")[0] for space in spaces)
        counted["mounts"] = collections.Counter(
            point for one in ("self", *self.of_engine()[1:2]) for point in _mounts(one)
        )
        loops = Path("/sys/block").glob("loop*/loop/backing_file")
        counted["devices"] = collections.Counter(filter(None, map(_text, loops)))
        files = [path for part in ("tmp", "home", "project") for path in (self.folder / part).rglob("*")]
        counted["files"] = collections.Counter(
            _BY_CONTENT.sub("", str(path.relative_to(self.folder))) for path in files
        )
        return counted

    def settled(self, *, killed: bool = False) -> bool:
        """Wait until the census is as before; of a run that was ``killed``, a machine that never began may be left.

        Return whether it is, and nothing is left at all.
        """

        def look() -> bool | None:
            now = self.census()
            if now == self.before:
                return True
            unbegun = not any(" running" in one for one in now["containers"] - self.before["containers"])
            engines = dict.fromkeys(("containers", "volumes"))
            same = {**now, **engines} == {**self.before, **engines}
            return False if killed and unbegun and same else None

        settled = wait_for(look, _SETTLED, 0.2)
        if settled is None:
            now = self.census()
            left = {kind: list((now[kind] - self.before[kind]).elements()) for kind in now}
            gone = {kind: list((self.before[kind] - now[kind]).elements()) for kind in now}
            raise AssertionError(f"left: {_told(left)}; gone: {_told(gone)}")
        return settled

    def of_engine(self) -> list[str]:
        """Return the embedded engine's processes, the one outside of its namespaces first; the user's are not ours."""
        if self.engine.network is None:
            return []
        found, waiting = [], [self.engine.network.parts[2]]
        while waiting:
            found.append(waiting.pop(0))
            waiting += _text(Path(f"/proc/{found[-1]}/task/{found[-1]}/children")).split()
            for thread in Path(f"/proc/{found[-1]}/task").glob("*"):
                waiting += [child for child in _text(thread / "children").split() if child not in {*found, *waiting}]
        return found

    def _of_runs(self) -> list[str]:
        """Return the processes that the runs have started, by their environment."""
        mark = f"{_MARK}={self._mark}"
        places = Path("/proc").glob("[0-9]*/environ")
        return [place.parent.name for place in places if mark in _text(place)]


def _text(place: Path) -> str:
    """Return what a file of the kernel's says; nothing where its process has ended, or is another user's."""
    try:
        return place.read_bytes().decode(errors="replace").strip()
    except OSError:
        return ""


def _words(process: str) -> str:
    """Return the words of a process; the embedded engine's are the same in whichever checkout it was started."""
    words = _text(Path(f"/proc/{process}/cmdline")).replace("\0", " ").strip()
    return re.sub(r"\S+/(?=start\.sh )", "", words)


def _namespaces(process: str) -> Iterator[str]:
    for place in Path(f"/proc/{process}/ns").glob("*"):
        with contextlib.suppress(OSError):
            yield str(place.readlink())


def _mounts(process: str) -> list[str]:
    """Return where something is mounted, as a process sees it (proc_pid_mountinfo(5))."""
    return [line.split()[4] for line in _text(Path(f"/proc/{process}/mountinfo")).splitlines()]


def _told(things: Mapping[str, list[str]]) -> str:
    return ", ".join(f"{kind} {found}" for kind, found in things.items() if found) or "nothing"


def two_at_once(ground: Ground, other: Path) -> str:
    """Start a run here and one in ``other`` at the same time; return that neither waited for the other."""
    ground.write(project=other)
    ground.write()
    logs = {ground.folder / "log-0": ground.project, ground.folder / "log-1": other}
    runs = [ground.start(*VERIFY, project=project, log=log) for log, project in logs.items()]
    statuses = [run.wait(_LIMIT) for run in runs]
    said = [log.read_text() for log in logs]
    assert statuses == [0, 0], "".join(said)
    for one in said:
        ground.sound(one, PAGE, BESIDE)
    assert "waiting:" not in "".join(said), "".join(said)
    return "both hold, side by side"


def in_one_checkout(ground: Ground) -> str:
    """Meet two runs at once in one checkout."""
    return two_at_once(ground, ground.project)


def in_two_checkouts(ground: Ground) -> str:
    """Meet two runs at once in two checkouts with one engine."""
    return two_at_once(ground, ground.folder / "other")


def at_random_moments(
    number: int,
    seed: int,
    end: Callable[[subprocess.Popen[bytes]], None],
    statuses: set[int],
    command: tuple[str, ...],
    begun: str = "",
) -> Callable[[Ground], str]:
    """Return how runs of a command are ended at random moments; after each, nothing is left and the next run is right.

    Args:
        number: how many.
        seed: of the moments, which lie between a run's beginning and when one would have ended.
        statuses: the exit statuses that a run may end with.
        begun: what a run has said at its beginning.
    """

    def meet(ground: Ground) -> str:
        moments, ended, left = random.Random(seed), collections.Counter[int](), 0
        started = time.monotonic()
        follow(ground)
        whole = time.monotonic() - started
        for _ in range(number):
            ground.write()
            run = ground.start(*command)
            ground.until(lambda: "begun" if begun in ground.said() else "", begun)
            with contextlib.suppress(subprocess.TimeoutExpired):
                run.wait(moments.uniform(0, whole))
            end(run)
            status = run.wait(_LIMIT)
            ended[status] += 1
            said = ground.said()
            assert status in statuses, f"exit status {status}: {said}"
            assert "Traceback" not in said, said
            try:
                left += not ground.settled(killed=status == -signal.SIGKILL)
                follow(ground)
                ground.settled()
            except AssertionError as error:
                raise AssertionError(f"ended when it had said:\n{said}\n{error}") from None
        told = ", ".join(f"{times} with status {status}" for status, times in sorted(ended.items()))
        unbegun = f"; {left} left a machine that had not begun, which the next run removed" if left else ""
        return f"{told}{unbegun}; seed {seed}"

    return meet


def kill(run: subprocess.Popen[bytes]) -> None:
    """End a run, and nothing that it has started."""
    run.kill()


def interrupt(run: subprocess.Popen[bytes]) -> None:
    """Press Ctrl-C, which a terminal tells all that is in the foreground."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(run.pid, signal.SIGINT)


def host_engine_killed(ground: Ground) -> str:
    """Kill the host engine while both pages are walked; the next run starts it anew."""
    ground.write(f"{FILE}```console\n$ docker events\n```\n")

    def during() -> None:
        ground.until(lambda: ground.machine_with("docker events"), "a page at work")
        # The outermost comes first; those of the machines are below it.
        engine = next(one for one in ground.of_engine() if _words(one).startswith("dockerd "))
        os.kill(int(engine), signal.SIGKILL)

    said = ground.run(*VERIFY, during=during)
    assert said.endswith("exit status 2\n"), said
    assert re.search(rf"^{PAGE} .* ABORTED$", said, re.MULTILINE), said
    assert "FAILED" not in said, said
    told = [line for line in said.splitlines() if line.startswith(f"{PAGE}:{ground.line('```console')}: aborted: the")]
    assert told, said
    follow(ground)
    ground.engine = Embedded(Path(ground.variables["LABS_STATE"])).start(print)
    return told[0]


def record_of(ground: Ground) -> list[Path]:
    """Return the page's record."""
    return [ground.project / "labs/lab-01-small/evidence/fault.json"]


def verdict_of(ground: Ground) -> list[Path]:
    """Return what is remembered of the page."""
    content = json.loads(record_of(ground)[0].read_text())["content"]
    verdicts = (state_folder() / "verdicts").glob("*.json")
    return [place for place in verdicts if json.loads(place.read_text())["content"] == content]


def half(text: str) -> str:
    """Return a text as a full disk leaves it."""
    return text[: len(text) // 2]


def other_version(text: str) -> str:
    """Return a record as another version of this tool writes it."""
    return json.dumps({**json.loads(text), "record_schema": 0})


def damaged(
    places: Callable[[Ground], list[Path]], how: Callable[[str], str], says: str = ""
) -> Callable[[Ground], str]:
    """Return how a file about a page that holds is damaged; the next run writes it anew.

    Args:
        says: what is told of it where committed files are only compared; otherwise the page is just walked again.
    """

    def meet(ground: Ground) -> str:
        ground.write()
        ground.sound(ground.run(*VERIFY), PAGE, BESIDE)
        (place,) = places(ground)
        whole = place.read_text()
        place.write_text(how(whole))
        told = ""
        if says:
            said = ground.run(*VERIFY, "--check")
            assert said.endswith("exit status 1\n"), said
            assert re.search(rf"^{BESIDE} .* unchanged$", said, re.MULTILINE), said
            told = next((line for line in said.splitlines() if line.startswith(f"{PAGE}:1: ")), "")
            assert says in told, said
        said = ground.run(*VERIFY)
        assert said.endswith("exit status 0\n"), said
        verdict = "unchanged" if says else "verified"
        assert re.search(rf"^{PAGE} .* {verdict}$", said, re.MULTILINE), said
        assert json.loads(place.read_text()).keys() == json.loads(whole).keys()
        return told or verdict

    return meet


@dataclass(frozen=True)
class Fault:
    """A row of the table: ``meet`` meets the fault and returns what was told of it, in a line."""

    name: str
    meet: Callable[[Ground], str]
    mortal: bool = False
    """Whether it kills the host engine, so that it needs one of its own."""


def on_page(
    commands: str, verdict: str, says: str, at: str = "", during: Callable[[Ground], None] = lambda _: None
) -> Callable[[Ground], str]:
    """Return how a fault is met by a page's own commands, or ``during`` them.

    Args:
        verdict: the page's.
        says: how what is told begins, at the line that holds ``at``.
    """

    def meet(ground: Ground) -> str:
        ground.write(f'{FILE}```console timeout="60"\n{commands}```\n')
        said = ground.run(*VERIFY, during=lambda: during(ground))
        ground.sound(said, BESIDE)
        assert re.search(rf"^{PAGE} .* {verdict}$", said, re.MULTILINE), said
        if verdict == "verified":
            assert said.endswith("exit status 0\n"), said
            return verdict
        assert said.endswith(f"exit status {2 if verdict == 'ABORTED' else 1}\n"), said
        told = next((line for line in said.splitlines() if line.startswith(f"{PAGE}:{ground.line(at)}: {says}")), "")
        assert told, said
        return told

    return meet


def engine_killed(words: str) -> Callable[[Ground], None]:
    """Return what kills the engine of the machine in which a process with these words is at work."""

    def kill(ground: Ground) -> None:
        machine = ground.until(lambda: ground.machine_with(words), f"a process {words}")
        killed = ground.engine.command("exec", "--user=root", machine, "pkill", "-KILL", "-x", "dockerd")
        assert killed.returncode == 0, killed.stderr

    return kill


def aborted(command: str, words: str) -> Callable[[Ground], str]:
    """Return how the machine's engine is killed in a command, while a process with ``words`` is at work."""
    return on_page(f"$ {command}\n...\n", "ABORTED", "aborted: the Docker engine at", command, engine_killed(words))


def attempt(fault: Fault, ground: Ground) -> str:
    """Meet a fault, see that nothing is left of it and that the next run is right; return what was told of it.

    The pages on the ground are sound, and walked, before and after.

    Raises:
        AssertionError: where the row does not hold.
    """
    told = fault.meet(ground)
    ground.settled()
    follow(ground)
    ground.settled()
    return told


def follow(ground: Ground) -> None:
    """See that the next run is right, with nobody having cleaned up."""
    ground.write()
    said = ground.run(*VERIFY)
    ground.sound(said, PAGE, BESIDE)
    assert said.endswith("exit status 0\n"), said


@contextlib.contextmanager
def ground_on(engine: Engine, folder: Path, **variables: str) -> Iterator[Ground]:
    """Yield a ground whose pages are sound and walked; other runs on the engine wait."""
    # The runs lock another file: they have another folder for temporary files.
    with lock_of(engine.identity).open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        ground = Ground(folder, engine, variables)
        follow(ground)
        ground.before = ground.census()
        yield ground


def faults(number: int, seed: int) -> list[Fault]:
    """Return the table.

    Args:
        number: how many runs are killed; a third of that are interrupted, and as many previews.
        seed: of the moments at which they are.
    """
    few = -(-number // 3)
    return [
        Fault("a run in which nothing goes wrong", on_page("$ true\n", "verified", "")),
        Fault(
            "the machine's engine killed in a build",
            aborted("printf 'FROM debian:trixie\\nRUN sleep 1000003\\n' | docker build -", "sleep 1000003"),
        ),
        Fault(
            "the machine's engine killed in a run",
            aborted("docker run --rm debian:trixie sleep 1000004", "sleep 1000004"),
        ),
        Fault(
            "the machine's engine killed in a save",
            aborted(
                "set -o pipefail; docker save debian:trixie | while [ $(head -c 9999 | wc -c) != 0 ]; do sleep 1; done",
                "docker save",
            ),
        ),
        Fault("the host engine killed", host_engine_killed, mortal=True),
        Fault("endless output", on_page("$ yes\n", "FAILED", "the command prints more than 8 MiB", "yes")),
        Fault(
            "a fork bomb",
            on_page("$ f() { f | f; }; f\n", "FAILED", "the command starts more than", "f()"),
        ),
        Fault(
            "a fork bomb in sessions of their own",
            on_page(
                "$ perl -MPOSIX -e 'while () { fork; setsid; select undef, undef, undef, .1 }'\n",
                "FAILED",
                "the command starts more than",
                "perl",
            ),
        ),
        Fault(
            "memory exhausted in the machine",
            on_page(
                """$ python3 -c 'b"x" * (5 << 30)'\n""",
                "FAILED",
                "'python3 -c 'b\"x\" * (5 << 30)'' ends with exit status 137",
                "python3",
            ),
        ),
        Fault(
            "memory exhausted in a container",
            on_page(
                """$ docker run --rm debian:trixie perl -e '$x = "x" x (5 << 30)'\n""",
                "FAILED",
                "'docker run --rm debian:trixie perl",
                "perl",
            ),
        ),
        Fault(
            "disk full in the machine",
            on_page(
                "$ mkdir small; sudo mount -t tmpfs -o size=16m small small\n$ sudo head -c 32M /dev/zero >small/big\n",
                "FAILED",
                "'sudo head -c 32M /dev/zero >small/big' ends with exit status 1",
                "head",
            ),
        ),
        Fault(
            "processes that daemonise",
            on_page(
                "$ setsid nohup sleep 1000000 >/dev/null 2>&1 &\n"
                "$ sudo sh -c '(setsid env -i sleep 1000001 &) >/dev/null 2>&1'\n"
                "$ docker run --detach --restart=always debian:trixie sleep 1000002\n…\n",
                "verified",
                "",
            ),
        ),
        Fault(
            "a container that ignores SIGTERM",
            on_page(
                """$ docker run --detach debian:trixie sh -c 'trap "" TERM; while :; do sleep 1; done'\n…\n""",
                "verified",
                "",
            ),
        ),
        Fault(
            "files of root",
            on_page(
                "$ sudo sh -c 'umask 077; mkdir -p ours/a; touch ours/a/b; chmod 0 ours'\n"
                "$ docker run --rm --volume $PWD:/out --volume kept:/kept debian:trixie sh -c 'touch /out/c /kept/d'\n",
                "verified",
                "",
            ),
        ),
        Fault(
            "docker system prune -af --volumes",
            on_page(
                "$ docker system prune -af --volumes\n...\nTotal …\n$ docker images --quiet | wc --lines\n0\n",
                "verified",
                "",
            ),
        ),
        Fault("two runs at once in one checkout", in_one_checkout),
        Fault("two runs at once in two checkouts", in_two_checkouts),
        Fault("a record cut in half", damaged(record_of, half, "is cut off")),
        Fault("a record of another version", damaged(record_of, other_version, "has the schema 0")),
        Fault("a remembered verdict cut in half", damaged(verdict_of, half)),
        Fault("a remembered verdict of another version", damaged(verdict_of, other_version)),
        Fault(f"SIGKILL of the run, {number} times at random", at_random_moments(number, seed, kill, {0, -9}, VERIFY)),
        Fault(f"Ctrl-C, {few} times at random", at_random_moments(few, seed, interrupt, {0, -2, 130}, VERIFY)),
        Fault(
            f"Ctrl-C in a preview, {few} times at random",
            at_random_moments(
                few,
                seed,
                interrupt,
                {0, 1},
                ("mkdocs", "serve", "--no-strict", "-a", f"127.0.0.1:{free_port()}"),
                "Building documentation",  # before, MkDocs has a folder for temporary files that it does not yet remove
            ),
        ),
    ]


def main() -> int:
    """Try the rows, print the table; return 1 where one does not hold."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("rows", nargs="*", help="what the names of rows contain (default: all rows)")
    parser.add_argument(
        "--number", type=int, default=50, help="how many runs are killed; a third as many are interrupted"
    )
    parser.add_argument("--seed", type=int, default=random.randrange(10**6), help="of the moments at which they are")
    chosen = parser.parse_args()
    engine, held = find_engine(print), True
    rows = [row for row in faults(chosen.number, chosen.seed) if any(part in row.name for part in chosen.rows or [""])]
    with contextlib.ExitStack() as stack:

        def new_ground(on: Engine, **variables: str) -> Ground:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
            return stack.enter_context(ground_on(on, folder, **variables))

        grounds: dict[bool, Ground] = {}
        for row in rows:
            if row.mortal and engine.kind != "embedded":
                print(f"{row.name}: not tried: the engine is the user's own", flush=True)
                continue
            if row.mortal not in grounds and row.mortal:
                other = stack.enter_context(second_engine(engine))
                state = str(other.folder.parent)
                grounds[True] = new_ground(other.start(print), LABS_STATE=state, LABS_ENGINE="embedded")
            elif row.mortal not in grounds:
                grounds[False] = new_ground(engine)
            begun = time.monotonic()
            try:
                told, holds = attempt(row, grounds[row.mortal]), True
            except AssertionError as error:
                told, holds = str(error).strip(), False
            held = held and holds
            seconds = time.monotonic() - begun
            print(f"{row.name}: {'holds' if holds else 'DOES NOT HOLD'} ({seconds:.0f} s): {told}", flush=True)
    return 0 if held else 1


if __name__ == "__main__":
    sys.exit(main())
