"""Rewrite the expected outputs of a page from a fresh walk, for the author to read as a difference.

Nothing else of the page changes: not what it does, not its line ends. What is written is read again, and a block
that would then say something else is left as it was, with a problem at its line.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from walkthrough.errors import PageError, Problem
from walkthrough.files import LINE
from walkthrough.page.expected import matches, merge, written
from walkthrough.page.itinerary import Itinerary
from walkthrough.page.pages import Page, page_of
from walkthrough.page.reading import read_steps
from walkthrough.page.steps import Check, RunCommands, Step
from walkthrough.project import Project
from walkthrough.walk.outcome import CommandOutcome, Outcome, Walked

_BOM = "\ufeff"


@dataclass(frozen=True)
class Recorded:
    """What recording a page came to: how many outputs were rewritten, and the problems that are left."""

    outputs: int
    problems: tuple[Problem, ...]


def record_outputs(project: Project, itinerary: Itinerary, walked: Walked) -> Recorded:
    """Write what commands really printed into the page, where the page shows another output for them.

    A command whose output is not shown stays so. Lines that still agree by a wildcard keep it. A command that ends
    otherwise than the page says, and all after it, are left alone: they print what comes of a fault.
    """
    page = itinerary.page
    path = project.root / page.path
    raw = path.read_bytes().decode()
    lines = LINE.findall(raw.removeprefix(_BOM))
    if [line.rstrip("\r\n") for line in lines] != page.text.removesuffix("\n").split("\n"):
        what = "the page changed while it was walked, and is left as it is"
        return Recorded(0, (*walked.problems, Problem(page.at(1), what, "record it again")))
    steps: list[Step] = list(itinerary.steps)
    solved: set[int] = set()
    problems: list[Problem] = []
    for number, done in reversed(list(_as_meant(itinerary.steps, walked.outcomes))):
        step = steps[number]
        assert isinstance(step, RunCommands)
        changed = {
            command.line: outcome
            for command, outcome in zip(step.commands, done, strict=False)
            if command.expected and not matches(command.expected, outcome.output)
        }
        if not changed:
            continue
        attempt = _rewritten(lines, step, changed)
        outputs = [changed[c.line].output if c.line in changed else None for c in step.commands]
        again = _read_again(project, page, attempt)
        if again and _say_the_same(steps, again, number, outputs):
            lines, steps = attempt, again
            solved |= changed.keys()
        else:
            what = "what this block prints cannot be shown in it: the page would be read differently"
            problems.append(Problem(page.at(step.fence.line), what, "show less of it, with a line '...'"))
    if solved:
        path.write_bytes((_BOM * raw.startswith(_BOM) + "".join(lines)).encode())
    problems += [told for told in walked.problems if told.aborted or told.where.line not in solved]
    return Recorded(len(solved), tuple(sorted(problems)))


def _as_meant(steps: Sequence[Step], outcomes: Sequence[Outcome]) -> Iterator[tuple[int, list[CommandOutcome]]]:
    """Yield the blocks of commands, by number, with what each command did, up to the first that went wrong."""
    for number, (step, outcome) in enumerate(zip(steps, outcomes, strict=True)):
        if outcome.status == "aborted":
            return
        if isinstance(step, RunCommands):
            good = [
                done
                for _, done in itertools.takewhile(
                    lambda pair: pair[1].exit_code == step.wanted(pair[0], pair[1].exit_code),  # noqa: B023
                    zip(step.commands, outcome.commands, strict=False),
                )
            ]
            yield number, good
            if len(good) < len(step.commands):
                return
        elif outcome.status not in ("passed", "not run") and not isinstance(step, Check):
            return


def _rewritten(lines: list[str], step: RunCommands, changed: dict[int, CommandOutcome]) -> list[str]:
    """Return the page's lines with the outputs of some commands, by line, replaced; a longer fence where one is due."""
    fence = step.fence
    opening, closing = lines[fence.line - 1], lines[fence.last - 1]
    end = opening[len(opening.rstrip("\r\n")) :]
    block = lines[fence.line : fence.last - 1]
    for command in reversed(step.commands):
        if command.line in changed:
            first = command.last - len(command.expected) - fence.line
            shown = merge(command.expected, changed[command.line].output, written)
            block[first : command.last - fence.line] = [(fence.prefix + line).rstrip() + end for line in shown]
    mark = opening[len(fence.prefix)]
    length = _run_of(mark, opening[len(fence.prefix) :])
    inside = max((_run_of(mark, line.lstrip(" \t>")) for line in block), default=0)
    longer = mark * (inside + 1 - length if inside >= length else 0)
    opening = fence.prefix + longer + opening[len(fence.prefix) :]
    before, _, after = closing.partition(mark)
    return [*lines[: fence.line - 1], opening, *block, before + longer + mark + after, *lines[fence.last :]]


def _run_of(mark: str, line: str) -> int:
    return len(line) - len(line.lstrip(mark))


def _read_again(project: Project, page: Page, lines: Sequence[str]) -> list[Step] | None:
    """Return the steps of the page as it would be, or None where it could not be read."""
    try:
        return list(read_steps(page_of(project, page.path, "".join(line.rstrip("\r\n") + "\n" for line in lines))))
    except PageError:
        return None


def _say_the_same(
    steps: Sequence[Step], again: Sequence[Step], number: int, outputs: Sequence[Sequence[str] | None]
) -> bool:
    """Return whether a page does what it did, and shows these new ``outputs`` in its step ``number``."""
    if len(again) != len(steps):
        return False
    for at, (old, new) in enumerate(zip(steps, again, strict=True)):
        if type(old) is not type(new) or old.fence.options != new.fence.options:
            return False
        if not isinstance(old, RunCommands) or not isinstance(new, RunCommands):
            if old.fence.text != new.fence.text:
                return False
            continue
        if [command.text for command in old.commands] != [command.text for command in new.commands]:
            return False
        printed = outputs if at == number else [None] * len(old.commands)
        for was, now, lines in zip(old.commands, new.commands, printed, strict=True):
            if (was.expected != now.expected) if lines is None else not matches(now.expected, lines):
                return False
    return True
