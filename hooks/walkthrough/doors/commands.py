"""The command line: verify, record, mutants, catch-up, lab, renew, engine."""

from __future__ import annotations

import argparse
import signal
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from walkthrough.doors.beginning import begin_lab
from walkthrough.doors.frommiddle import walk_from_middle
from walkthrough.doors.mutants import try_mutants
from walkthrough.doors.order import shard_of
from walkthrough.doors.recording import record_outputs
from walkthrough.doors.renewing import guide, renew
from walkthrough.doors.report import Progress, account, annotation
from walkthrough.doors.results import PageResult, Run, Verdict
from walkthrough.doors.verify import Options, recorded_seconds, verify
from walkthrough.errors import WalkthroughError
from walkthrough.machine.embedded import Embedded
from walkthrough.machine.find import find_engine
from walkthrough.page import written
from walkthrough.page.course import Course, choose, read_course
from walkthrough.project import Project, state_folder
from walkthrough.publish.labfolder import drift_of
from walkthrough.renew.results import PageTold, write_results
from walkthrough.walk.abort import reason


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; return its exit status: 0 all true, 1 something is not, 2 it could not be tried."""
    parser = argparse.ArgumentParser(prog="walkthrough", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    for name, words in (
        ("verify", "walk pages and check them"),
        ("record", "walk pages and rewrite the outputs they show"),
    ):
        command = commands.add_parser(name, help=words)
        command.add_argument("pages", nargs="*", help="pages or folders below docs/ (default: all)")
        command.add_argument("--fresh", action="store_true", help="believe no remembered verdict")
        command.add_argument("--check", action="store_true", help="report stale files below labs/, do not rewrite them")
        if name == "verify":
            command.add_argument("--shard", type=_shard, help="walk only this part of the pages, such as 1/4")
            command.add_argument("--results", type=Path, help="write what came of each page into this file, as JSON")
    mutants = commands.add_parser("mutants", help="walk pages and change what makes them false: all of it must be told")
    mutants.add_argument("pages", nargs="*", help="pages or folders below docs/ (default: all)")
    middle = commands.add_parser(
        "catch-up", help="walk pages from each step, where catch-up alone has brought a machine"
    )
    middle.add_argument("pages", nargs="*", help="pages or folders below docs/ (default: all)")
    middle.add_argument("--step", type=int, help="walk from this step alone")
    middle.add_argument(
        "--to-end", action="store_true", help="walk on to the page's end; else each walk ends with its step"
    )
    lab = commands.add_parser("lab", help="begin a lab: write its first pages, and walk them")
    lab.add_argument("name", help="the lab's folder, such as lab-05-going-live")
    renewal = commands.add_parser(
        "renew",
        help="try newer patch releases of what is pinned; write those that hold",
        epilog=guide(),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    renewal.add_argument("pages", nargs="*", help="look only at what these pages pin (default: at all that is pinned)")
    renewal.add_argument("--kind", action="append", default=[], help="only this kind of pin; may be repeated")
    renewal.add_argument(
        "--look", action="store_true", help="say what is newer and which pages it touches; try nothing"
    )
    engine = commands.add_parser("engine", help="start, stop or remove the engine")
    engine.add_argument("action", choices=["start", "stop", "remove"])
    chosen = parser.parse_args(arguments)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        if chosen.command == "engine":
            return _engine(chosen.action)
        if chosen.command == "lab":
            return _begin(chosen.name)
        if chosen.command == "mutants":
            return try_mutants(read_course(Project.find()), chosen.pages)
        if chosen.command == "catch-up":
            course = read_course(Project.find())
            return walk_from_middle(course, chosen.pages, Progress(), chosen.step, chosen.to_end)
        if chosen.command == "renew":
            return renew(read_course(Project.find()), chosen.pages, chosen.kind, chosen.look)
        if chosen.command == "record":
            return _verify(chosen.pages, chosen.fresh, chosen.check, recording=True)
        return _verify(chosen.pages, chosen.fresh, chosen.check, chosen.shard, results=chosen.results)
    except WalkthroughError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return 130
    except Exception as error:
        print(f"error: {reason(error, None, state_folder())}", file=sys.stderr)
        return 2


def _shard(words: str) -> tuple[int, int]:
    """Return which shard of how many is meant by words such as ``1/4``."""
    number, slash, of = words.partition("/")
    if not (slash and number.isdecimal() and of.isdecimal() and 1 <= int(number) <= int(of)):
        raise argparse.ArgumentTypeError(f"'{words}' is no part of the pages; write 1/4 for the first of four")
    return int(number), int(of)


def _verify(
    pages: list[str],
    fresh: bool,
    check: bool,
    shard: tuple[int, int] | None = None,
    recording: bool = False,
    results: Path | None = None,
) -> int:
    project = Project.find()
    course = read_course(project)
    if shard:
        pages = shard_of(*shard, choose(course, pages), course.itineraries, recorded_seconds(course))
        if not pages:
            print("no page is left for this shard")
            return 0
    if recording:
        for path in written.rewrite(project, course.itineraries):
            print(f"{path}: what is written from elsewhere is up to date")
            course = read_course(project)
    options = Options(fresh=fresh or recording, keep_going=recording, check_drift=check)
    if recording:
        options.workers = 1  # the figures that are committed are measured with nobody else at work
    run = verify(course, pages, Progress(), options)
    if recording:
        run, outputs = _recorded(project, course, run)
        print(f"{outputs} outputs rewritten; read them with 'git diff docs'")
    problems = [*run.problems, *([] if recording or pages or not run.passed else drift_of(course))]
    for problem in problems:
        print(problem, file=sys.stderr)
        if note := annotation(problem):
            print(note)
    if results:
        write_results(results, (PageTold(one.page, one.verdict, one.problems) for one in run.results))
    print(account(run))
    if recording and not problems:
        return 0
    return run.status or (1 if problems else 0)


def _begin(name: str) -> int:
    """Begin a lab and walk its pages; where no engine answers, they are there all the same, and that is told."""
    begun = begin_lab(Project.find(), name)
    for page in begun.pages:
        print(f"written: {page}")
    if begun.menu:
        print("named in the menu: mkdocs.yml")
    for todo in begun.todo:
        print(f"for you to do: {todo}")
    return _verify(list(begun.pages), fresh=False, check=False)


def _recorded(project: Project, course: Course, run: Run) -> tuple[Run, int]:
    """Rewrite the outputs of the pages that were walked; return what is left of the run, and the number of outputs."""
    results: list[PageResult] = []
    outputs = 0
    for result in run.results:
        if result.walked:
            recorded = record_outputs(project, course.itineraries[result.page], result.walked)
            outputs += recorded.outputs
            if result.problems:
                verdict: Verdict = result.verdict if recorded.problems else "recorded"
                result = replace(result, verdict=verdict, problems=recorded.problems)
        results.append(result)
    return replace(run, results=tuple(results)), outputs


def _engine(action: str) -> int:
    embedded = Embedded(state_folder())
    if action == "stop":
        print("the embedded engine is stopped" if embedded.stop() else "no embedded engine was running")
    elif action == "remove":
        embedded.remove()
        print("the embedded engine and its images are removed")
    else:
        engine = find_engine(lambda line: print(line, file=sys.stderr))
        print(f"export DOCKER_HOST={engine.host}")
        if engine.kind == "embedded":
            print(f"export DOCKER_CONFIG={engine.variables['DOCKER_CONFIG']}")
            print(f'export PATH="{_bin(engine.docker)}:$PATH"')
            print(f"# published ports are reached by: nsenter --net={engine.network} curl localhost:PORT")
    return 0


def _bin(docker: Path) -> Path:
    """Return a folder that holds a link to the client alone, fit to be put first in PATH."""
    folder = docker.parents[3] / "bin"
    folder.mkdir(exist_ok=True)
    link = folder / "docker"
    if not link.is_symlink():
        link.symlink_to(docker)
    return folder


if __name__ == "__main__":
    sys.exit(main())
