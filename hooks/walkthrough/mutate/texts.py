"""Changes of a page's texts: its files, the changes to them, its commands and their outputs. None is walked."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from walkthrough.errors import Problem
from walkthrough.mutate.mutant import Mutant, Tried, Uncounted
from walkthrough.page import lab
from walkthrough.page.expected import ANY_LINES, ANY_TEXT
from walkthrough.page.itinerary import Itinerary
from walkthrough.page.pages import Page
from walkthrough.page.steps import ApplyDiff, RunCommands, Step, WriteFile
from walkthrough.project import Project
from walkthrough.publish.labfolder import write_lab
from walkthrough.walk.guide import exit_problem, output_problem
from walkthrough.walk.outcome import CommandOutcome

_NOBODY_PRINTS = "a line that nobody prints"


def tried(mutant: Mutant, problems: Sequence[Problem | None]) -> Tried:
    """Return what came of a mutant of which these problems were told."""
    told = [problem for problem in problems if problem and not problem.aborted]
    return Tried(mutant, tuple(problem.where.line for problem in told), "; ".join(problem.what for problem in told))


def files(project: Project, itinerary: Itinerary) -> Iterator[Tried | Uncounted]:
    """Try changes of each file that a page writes or changes: its name, its text, the lines that a change needs.

    They are told when the page is read, or by the lab's committed files, which must be what the page shows.
    """
    steps = itinerary.steps
    stale = {drift.line for drift in write_lab(project, itinerary, write=False)}
    for index, step in enumerate(steps):
        if not isinstance(step, (WriteFile, ApplyDiff)):
            continue
        line, last = step.fence.line, step.fence.last
        if stale:
            yield Uncounted(line, step.title, "the lab's committed files are not what the page shows: run 'make'")
            continue
        for words, other in _other_files(step):
            changed = replace(itinerary, steps=(*steps[:index], other, *steps[index + 1 :]))
            later = [later for later in steps[index + 1 :] if getattr(later, "path", None) == step.path]
            again = next((one for one in later if isinstance(one, WriteFile)), None)
            if again and other.path == step.path and words != "a context line changed":
                why = f"line {again.fence.line} shows the file anew: only a walk from here could tell"
                yield Uncounted(line, f"{step.title}: {words}", why)
                continue
            # A change that comes later has the lines of an earlier step in it, and is read before anything is compared.
            follows = later[-1].fence.last if later else last
            problems = list(lab.faults(changed))
            if not problems:
                drift = write_lab(project, changed, write=False)
                problems = [Problem(itinerary.page.at(one.line), f"{one.path} {one.how}") for one in drift]
            yield tried(Mutant("file", line, f"{step.title}: {words}", follows), problems)


def _other_files(step: WriteFile | ApplyDiff) -> Iterator[tuple[str, WriteFile | ApplyDiff]]:
    if isinstance(step, WriteFile):
        yield "renamed", replace(step, path=f"{step.path}-renamed")
        yield "a line more", replace(step, fence=replace(step.fence, text=f"{step.fence.text}# mutant\n"))
        return
    lines = step.fence.text.split("\n")
    for sign, words in ((" -", "a context line changed"), ("+", "an added line changed")):
        at = (
            next(
                (
                    at
                    for at, line in enumerate(lines)
                    if line[:1] in sign and line[1:].strip() and line[:3] not in ("---", "+++")
                ),
                None,
            )
            if any(lines)
            else None
        )
        if at is not None and lines[at]:
            text = "\n".join([*lines[:at], f"{lines[at]} mutant", *lines[at + 1 :]])
            yield words, replace(step, fence=replace(step.fence, text=text))


def other_fragments(text: str) -> Iterator[tuple[str, str]]:
    """Yield what is false where ``text`` is a part of a file: each line of it changed."""
    lines = text.removesuffix("\n").split("\n")
    for at, line in enumerate(lines):
        if line.strip() and line.strip() != ANY_LINES:
            yield f"'{line.strip()[:50]}' changed", "\n".join([*lines[:at], f"{line} mutant", *lines[at + 1 :]]) + "\n"


def commands(page: Page, step: Step, done: Sequence[CommandOutcome]) -> Iterator[Tried | Uncounted]:
    """Try other outputs and another exit status of each command of a step, against what it printed."""
    if not isinstance(step, RunCommands):
        return
    for command, came in zip(step.commands, done, strict=True):
        other = came.exit_code + 1
        yield tried(
            Mutant("command", command.line, f"$ {command.head[:50]}: exit status {other}"),
            [exit_problem(page, command, other, came)],
        )
        if not command.expected:
            yield Uncounted(command.line, f"$ {command.head[:50]}", "its output is not shown")
            continue
        if all(line.strip() in (ANY_LINES, ANY_TEXT, "") for line in command.expected):
            why = "the output that is shown is wildcards alone: nothing in it could be wrong"
            yield Uncounted(command.line, f"$ {command.head[:50]}", why)
        for words, expected in other_outputs(command.expected):
            problem = output_problem(page, replace(command, expected=expected), came.output)
            yield tried(Mutant("output", command.line, f"$ {command.head[:50]}: {words}"), [problem])


def other_outputs(expected: tuple[str, ...]) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield outputs that are false where ``expected`` is true: a line changed, left out, or one that nobody prints.

    A line that is left out beside wildcards for lines says less, and nothing that is false. Only wildcards: no change.
    """
    literal = [line for line in expected if line.strip() and line.strip() not in (ANY_LINES, ANY_TEXT)]
    for at, line in enumerate(expected):
        if line in literal:
            stale = _stale(line)
            yield f"'{line.strip()[:40]}' is '{stale.strip()[:40]}'", (*expected[:at], stale, *expected[at + 1 :])
        if ANY_LINES not in map(str.strip, expected) and len(expected) > 1:
            yield f"line {at + 1} left out", (*expected[:at], *expected[at + 1 :])
    if expected and ANY_LINES not in map(str.strip, expected):
        yield "a line more", (*expected, _NOBODY_PRINTS)
    elif literal:
        yield "a line more", (_NOBODY_PRINTS, *expected)


def _stale(line: str) -> str:
    """Return a line as it might have been once: its last letter or digit that is no wildcard is another one."""
    at = next((at for at in range(len(line) - 1, -1, -1) if line[at].isalnum()), len(line) - 1)
    other = str((int(line[at]) + 1) % 10) if line[at] in "0123456789" else "x" if line[at] != "x" else "y"
    return f"{line[:at]}{other}{line[at + 1 :]}" if line[at] != ANY_TEXT else f"{line} mutant"
