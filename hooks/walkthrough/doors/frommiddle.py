"""Walk pages from the middle: a new machine is brought to each step by ``catch-up`` alone, and that step is walked."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from walkthrough.doors.hosts import Host, Wanted, hosts_of
from walkthrough.doors.onlooker import Onlooker
from walkthrough.doors.pool import side_by_side
from walkthrough.doors.results import Reporter
from walkthrough.doors.verify import Options
from walkthrough.machine.bases import of_the_machine
from walkthrough.page.course import Course, choose
from walkthrough.page.itinerary import Itinerary
from walkthrough.page.pages import page_of
from walkthrough.page.reading import read_steps
from walkthrough.project import Project, state_folder
from walkthrough.publish.archive import archives
from walkthrough.publish.catchup import catch_up_files
from walkthrough.publish.states import states
from walkthrough.units import time_text
from walkthrough.walk.needs import bases_of, images_of
from walkthrough.walk.outcome import Walked
from walkthrough.walk.walk import abandon, walk

# What a reader pastes is what catch-up prints, and nothing else.
_ARRIVAL = """\
```console downloads timeout="3600"
$ mkdir -p ~/docker-labs
$ tar -xzf LAB.tar.gz -C ~/docker-labs
$ cd ~/docker-labs/LAB
$ ./catch-up PAGE STEP > ~/said.txt
$ cat ~/said.txt
$ PASTED=$(sed -n 's/^  \\(\\. .*\\)/\\1/p' ~/said.txt)
$ eval "${PASTED:-cd}"
```
"""


@dataclass(frozen=True)
class Arrival:
    """A walk that begins before a step of a page, at which ``catch-up`` alone has brought its reader."""

    itinerary: Itinerary
    number: int
    line: int
    """The page's line at which the step begins."""
    arriving: int
    """How many steps of the walk are no steps of the page, but what brings its reader there."""
    needs: frozenset[str]
    """Images that its machine must have: those that the page uses before the step are among them."""

    @property
    def name(self) -> str:
        """The page's path and the number of the step."""
        return f"{self.itinerary.page.path} {self.number}"

    def problems(self, walked: Walked) -> Iterator[str]:
        """Yield what is wrong: what keeps catch-up from bringing a reader there is told where the step begins."""
        for at, outcome in enumerate(walked.outcomes):
            for problem in outcome.problems:
                if at >= self.arriving:
                    yield f"{problem} (from before step {self.number})"
                else:
                    what = f"catch-up does not bring a new machine to step {self.number}: {problem.what}"
                    todo = "see what the steps before need that is no command or file of theirs"
                    where = self.itinerary.page.at(self.line)
                    yield str(replace(problem, where=where, what=what, todo=todo))


def arrivals(project: Project, itinerary: Itinerary, to_end: bool = False) -> list[Arrival]:
    """Return a walk for each step of a page at which it does something.

    Args:
        to_end: walk on to the end of the page; otherwise each walk ends with its step.
    """
    page = itinerary.page
    if page.front.machine or not catch_up_files(itinerary):
        return []
    needs = frozenset(bases_of(itinerary) | images_of(itinerary))
    befores = states(itinerary)
    found = []
    for at, state in enumerate(befores):
        end = befores[at + 1].line if at + 1 < len(befores) and not to_end else sys.maxsize
        own = tuple(step for step in itinerary.steps if state.line <= step.fence.line < end)
        if own:
            text = _ARRIVAL.replace("LAB", str(page.lab)).replace("PAGE", page.name).replace("STEP", str(state.number))
            arriving = read_steps(page_of(project, page.path, text))
            walked = Itinerary(page, (*arriving, *own))
            found.append(Arrival(walked, state.number, state.line, len(arriving), needs))
    return found


def walk_from_middle(
    course: Course, pages: Sequence[str], reporter: Reporter, step: int | None = None, to_end: bool = False
) -> int:
    """Walk pages (all where none are named) from each of their steps (or from ``step``) and tell of it.

    Returns:
        the exit status: 0 all hold, 1 something does not, 2 it could not be tried.
    """
    began = time.monotonic()
    every = {
        one.name: one
        for path in choose(course, pages)
        if path in course.itineraries
        for one in arrivals(course.project, course.itineraries[path], to_end)
        if step is None or one.number == step
    }
    came: dict[str, Walked] = {}
    options, downloads = Options(), archives(course.itineraries)
    machine = of_the_machine("docker", options.release)
    wanted = {name: Wanted(one.needs | machine, frozenset()) for name, one in every.items()}
    with hosts_of(wanted, options.release, reporter.say) as hosts:

        def work(name: str, worker: int) -> None:
            slot, host = divmod(worker, len(hosts))
            came[name] = _walked(every[name], hosts[host], slot, downloads)
            reporter.say(f"{name}: {came[name].status} ({time_text(came[name].seconds)})")

        workers = options.workers * len(hosts)
        page_of_each = {name: one.itinerary.page.path for name, one in every.items()}
        side_by_side(list(every), work, workers, abandon, threading.Event(), page_by_page(page_of_each))
    for name, one in every.items():
        for problem in one.problems(came[name]):
            print(problem, file=sys.stderr)
    bad = sum(walked.status != "passed" for walked in came.values())
    print(f"{len(came)} states walked from, {bad} do not hold ({time_text(time.monotonic() - began)})")
    statuses = {walked.status for walked in came.values()}
    return 1 if statuses & {"failed", "timed out"} else 2 if "aborted" in statuses else 0


def page_by_page(pages: Mapping[str, str]) -> Callable[[list[str], int], str]:
    """Return what chooses a worker's next state: of his page, whose machine has in its cache what comes before.

    Else it is one of a page at which nobody is, else the first that waits.

    Args:
        pages: the page of each state.
    """
    at: dict[int, str] = {}

    def choose_next(waiting: list[str], worker: int) -> str:
        own = [name for name in waiting if pages[name] == at.get(worker)]
        new = [name for name in waiting if pages[name] not in at.values()]
        name = (own or new or waiting)[0]
        at[worker] = pages[name]
        return name

    return choose_next


def _walked(arrival: Arrival, host: Host, slot: int, downloads: Mapping[str, bytes]) -> Walked:
    lab = f"{arrival.itinerary.page.lab}/"
    own = {path.removeprefix(lab): content for path, content in downloads.items() if path.startswith(lab)}
    needs = arrival.needs & host.bases.keys()
    return walk(
        arrival.itinerary,
        host.machines,
        slot,
        state_folder(),
        visitor=Onlooker(needs),
        keep=frozenset(host.bases),
        downloads=own,
    )
