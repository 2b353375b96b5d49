"""Do the core path of a lab as its reader does: copy in a browser, paste into a shell of a new machine, look.

Nothing is run that was not copied. What the shell then shows is held against the page, and at the end the lab's
``check`` has its say. It is a shell in a terminal, with all that comes with it: prompts, columns, colours, history.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import struct
import subprocess
import sys
import tempfile
import termios
import threading
import time
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from playwright.sync_api import Browser

from browser import BLOCKS, OPEN_ALL, Chromium, chromium, html_of, network_of, served
from helpers import NO_ENGINE, NOBODY, ROOT, run
from walkthrough.doors.corepath import core_lines, rows
from walkthrough.machine.bases import RELEASES, Base, of_the_machine
from walkthrough.machine.cleanup import same_everywhere
from walkthrough.machine.engine import Engine
from walkthrough.machine.find import find_engine
from walkthrough.machine.handing import packed, packed_folder
from walkthrough.machine.provision import provided
from walkthrough.machine.reader import Machines
from walkthrough.observe.containers import wait_for
from walkthrough.page.course import read_course
from walkthrough.page.expected import ANY_LINES, difference, matches
from walkthrough.page.itinerary import Itinerary
from walkthrough.page.steps import ApplyDiff, NotRun, RunCommands, RunScript, Step, WriteFile
from walkthrough.project import Project, state_folder
from walkthrough.walk.needs import bases_of
from walkthrough.walk.terminal import screen_lines

COLUMNS, LINES = 200, 50
LIMIT = 300.0
"""Seconds for one block."""
# A cloud image of Ubuntu has patch, and the machine that pages are walked on does not need it.
FIRST = "sudo apt-get update -qq && sudo apt-get install -y -qq patch >/dev/null 2>&1"


class Shell:
    """A login shell of the machine's user in a terminal of its own: what is typed goes in, what is shown comes out."""

    def __init__(self, engine: Engine, machine: str) -> None:
        self._master, slave = os.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", LINES, COLUMNS, 0, 0))
        login = [str(engine.docker), "exec", "-it", "--user=ubuntu", "--workdir=/home/ubuntu", machine, "bash", "-l"]
        environment = {**engine.whole_environment, "TERM": "xterm-256color"}
        self._process = subprocess.Popen(
            login, stdin=slave, stdout=slave, stderr=slave, env=environment, start_new_session=True
        )
        os.close(slave)
        self._shown, self._changed = bytearray(), threading.Condition()
        threading.Thread(target=self._read, daemon=True).start()
        # What is pasted is not to be taken for what is answered.
        self.do("stty -echo; PS1= PS2=")

    def _read(self) -> None:
        with contextlib.suppress(OSError):
            while part := os.read(self._master, 1 << 16):
                with self._changed:
                    self._shown += part
                    self._changed.notify_all()

    def type(self, text: str) -> None:
        """Press keys."""
        data = text.encode()
        while data:
            data = data[os.write(self._master, data[:1024]) :]

    def paste(self, text: str) -> None:
        """Paste a text, as terminals do: the shell takes all of it, and begins at the Enter that follows."""
        self.type(f"\x1b[200~{text}\x1b[201~\r")

    def shown(self) -> list[str]:
        """Return the lines that have been shown since the last end."""
        with self._changed:
            return self._lines(bytes(self._shown))

    def do(self, text: str) -> tuple[list[str], int]:
        """Paste a text, and wait until all of it is done; return what was shown, and the last exit status.

        Raises:
            TimeoutError: where that takes too long.
        """
        mark = uuid.uuid4().hex
        last = f'echo "{mark[:8]}""{mark[8:]}:$?"'
        self.paste("\n".join(filter(None, [text.removesuffix("\n"), last])))
        end = re.compile(rf"{mark}:(\d+)\r?\n".encode())
        with self._changed:
            if not self._changed.wait_for(lambda: end.search(self._shown), LIMIT):
                raise TimeoutError(self._shown[-2000:].decode(errors="replace"))
            found = end.search(self._shown)
            assert found
            before = bytes(self._shown[: found.start()])
            status, over = int(found[1]), found.end()  # before the bytes go that it was found in
            del found
            del self._shown[:over]
        return self._lines(before), status

    @staticmethod
    def _lines(shown: bytes) -> list[str]:
        lines = screen_lines(shown.decode(errors="replace").replace("\r\n", "\n"))
        while lines and not lines[0]:  # the end of the line in which Enter was pressed
            del lines[0]
        return lines

    def close(self) -> None:
        """Hang up."""
        self._process.kill()
        self._process.wait()
        os.close(self._master)


@contextlib.contextmanager
def machine(engine: Engine, bases: dict[str, Base]) -> Iterator[str]:
    """Yield the name of a new machine with Docker, whose Docker has the base images."""
    image = Machines(engine, bases, RELEASES[0], print).provide("docker")
    name = f"labs-reader-{uuid.uuid4().hex[:8]}"
    try:
        started = engine.command(
            "run", "--detach", "--rm", "--init", "--privileged", f"--name={name}", image, "sleep", "7200"
        )
        assert started.returncode == 0, started.stderr
        assert wait_for(lambda: engine.command("exec", name, "docker", "version").returncode == 0 or None, 60, 0.2)
        with contextlib.closing(engine.api()) as api:
            for base, what in same_everywhere(api, bases.keys() - of_the_machine("docker", RELEASES[0])).items():
                with packed(api, base, what, packed_folder(state_folder())).open("rb") as archive:
                    load = [str(engine.docker), "exec", "-i", name, "docker", "load", "-q"]
                    subprocess.run(load, stdin=archive, env=engine.whole_environment, check=True, timeout=LIMIT)
        yield name
    finally:
        engine.command("rm", "--force", "--volumes", name)


def expected_of(step: RunCommands) -> list[str]:
    """Return what a block shows of its commands; of one without shown output nothing is promised."""
    lines: list[str] = []
    for command in step.commands:
        lines += command.expected or [ANY_LINES]
        if command.stays:
            lines.append(ANY_LINES)
    return lines


class Walk:
    """The walk of a reader through pages, with the shells that are open."""

    def __init__(self, engine: Engine, name: str, browser: Browser, address: str) -> None:
        self._engine, self._name, self._browser, self._address = engine, name, browser, address
        self._shells: dict[str, Shell] = {}
        self.faults: list[str] = []
        self.blocks = 0

    def shell(self, terminal: str) -> Shell:
        """Return the shell of a terminal, which is opened when it is used first."""
        if terminal not in self._shells:
            self._shells[terminal] = Shell(self._engine, self._name)
        return self._shells[terminal]

    def close(self) -> None:
        """Hang up all shells."""
        for shell in self._shells.values():
            shell.close()

    def page(self, itinerary: Itinerary) -> None:
        """Do the core of a page."""
        page, core = itinerary.page, core_lines(itinerary.page)
        steps = {step.fence.number: step for step in itinerary.steps}
        context = self._browser.new_context(viewport={"width": 1280, "height": 900})
        with contextlib.closing(context):
            context.grant_permissions(["clipboard-read", "clipboard-write"], origin=self._address)
            tab = context.new_page()
            tab.goto(f"{self._address}/{html_of(page.path)}")
            tab.evaluate(OPEN_ALL)
            for index, fence in enumerate(one for one in page.fences if one.language != "checks"):
                step = steps.get(fence.number)
                if step is None or fence.line not in core or isinstance(step, NotRun):
                    continue
                command = isinstance(step, WriteFile | ApplyDiff)
                block = tab.locator(BLOCKS).nth(index)
                button = (
                    block.get_by_role("button", name="Copy as command", exact=True)
                    if command
                    else block.locator("button[data-md-type=copy]")
                )
                interrupts = isinstance(step, RunCommands) and any(one.interrupts for one in step.commands)
                copied = ""
                if not (interrupts and button.count() == 0):
                    button.click(force=True)
                    copied = str(tab.evaluate("navigator.clipboard.readText()"))
                began = time.monotonic()
                self._do(f"{page.path}:{fence.line}", step, copied)
                self.blocks += 1
                print(f"{page.path}:{fence.line} {time.monotonic() - began:.1f} s {step.title[:70]}", flush=True)

    def _do(self, where: str, step: Step, copied: str) -> None:
        shell = self.shell(step.terminal if isinstance(step, RunCommands) else "")
        if isinstance(step, RunCommands) and any(one.interrupts for one in step.commands):
            shell.type("\x03")
        if isinstance(step, RunCommands) and step.commands[-1].stays:
            shell.paste(copied)
            wanted = expected_of(step)
            if not wait_for(lambda: matches(wanted, shell.shown()) or None, 60, 0.1):
                self._tell(where, wanted, shell.shown())
            return
        shown, status = shell.do(copied)
        if isinstance(step, RunCommands):
            wanted = expected_of(step)
            if not matches(wanted, shown):
                self._tell(where, wanted, shown)
        if isinstance(step, RunCommands | RunScript):
            due = step.wanted(step.commands[-1], status) if isinstance(step, RunCommands) else step.exit_code
            if status != due:
                self.faults.append(f"{where}: the last command ends with {status}, not {due}")
        if isinstance(step, WriteFile | ApplyDiff) and status:
            self.faults.append(f"{where}: cannot be written: {shown}")

    def _tell(self, where: str, wanted: Sequence[str], shown: Sequence[str]) -> None:
        self.faults.append(f"{where}: shows something else:\n{difference(wanted, shown)}")


def main(lab: str, choices: Sequence[str]) -> int:
    """Walk the core path of a lab; return 1 where something is not as its page says.

    Args:
        choices: the names of the pages that are done where the path leaves a choice; without one the first is.
    """
    engine, course = find_engine(print), read_course(Project(ROOT))
    first = course.itineraries[f"docs/{lab}/index.md"].page
    path = [first.path]
    for row in rows(first):
        chosen = [page for page in row.pages if Path(page).stem in choices] or [row.pages[0]]
        # The machine has Docker already: how it gets there is walked with the page that says it.
        path += [page for page in chosen if page not in path and course.itineraries[page].page.front.machine != "fresh"]
    needed = set(of_the_machine("docker", RELEASES[0]))
    for page in path:
        itinerary = course.itineraries[page]
        core = core_lines(itinerary.page)
        needed |= bases_of(
            replace(itinerary, before=(), steps=tuple(s for s in itinerary.steps if s.fence.line in core))
        )
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as scratch, contextlib.ExitStack() as stack:
        site = Path(scratch, "site")
        built = run(ROOT, "mkdocs", "build", "--strict", "-q", "-d", str(site), prefix=NOBODY, **NO_ENGINE)
        assert built.returncode == 0, built.stdout
        bases = stack.enter_context(provided(engine, needed, state_folder(), print))
        name = stack.enter_context(machine(engine, bases))
        stack.enter_context(network_of(engine))
        chrome: Chromium = stack.enter_context(chromium(engine, Path(tempfile.mkdtemp(dir=scratch))))
        address = stack.enter_context(served(site))
        walk = Walk(engine, name, chrome.browser, address)
        stack.callback(walk.close)
        shell = walk.shell("")
        shell.do(FIRST)
        ready = time.monotonic()
        for page in path:
            walk.page(course.itineraries[page])
        ended = time.monotonic()
    print("\n".join(walk.faults))
    print(f"{len(path)} pages, {walk.blocks} blocks, {len(walk.faults)} faults")
    print(
        f"{(ended - ready) / 60:.1f} minutes without reading; {(ready - began) / 60:.1f} before that, for the machine"
    )
    return bool(walk.faults)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))
