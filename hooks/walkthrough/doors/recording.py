"""Rewrite the expected outputs of a page from a fresh walk, for the author to read as a difference."""

from __future__ import annotations

from walkthrough.page.expected import merge
from walkthrough.page.itinerary import Itinerary
from walkthrough.page.steps import RunCommands
from walkthrough.project import Project
from walkthrough.walk.outcome import Walked


def record_outputs(project: Project, itinerary: Itinerary, walked: Walked) -> int:
    """Write what the commands really printed into the page; return how many commands changed.

    Lines that still agree by a wildcard keep it. Everything else of the page stays byte for byte.
    """
    page = itinerary.page
    lines = page.text.split("\n")
    changed = 0
    edits: list[tuple[int, int, list[str]]] = []
    for step, outcome in zip(itinerary.steps, walked.outcomes, strict=True):
        if not isinstance(step, RunCommands):
            continue
        for command, done in zip(step.commands, outcome.commands, strict=False):
            wanted = merge(command.expected, done.output)
            if wanted != [line.rstrip() for line in command.expected]:
                first = command.last - len(command.expected) + 1
                edits.append((first, command.last, [_indented(step.fence.prefix, line) for line in wanted]))
                changed += 1
    for first, last, replacement in sorted(edits, reverse=True):
        lines[first - 1 : last] = replacement
    if changed:
        (project.root / page.path).write_text("\n".join(lines), encoding="utf-8", newline="")
    return changed


def _indented(prefix: str, line: str) -> str:
    return (prefix + line).rstrip() if line else prefix.rstrip()
