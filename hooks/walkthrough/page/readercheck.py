"""The reader's own check: a POSIX shell script, written from the pages' checks, that needs nothing but Docker.

Every ``checks`` block with ``check: NAME`` is in it. A page shows the script as a file with the fence option
``written="reader-check"``; its text is kept by ``make record``.
"""

from __future__ import annotations

import math
import shlex
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import jinja2

from walkthrough.claims.spec import ImageSpec
from walkthrough.errors import Problem
from walkthrough.images.packages import TRACES
from walkthrough.page.itinerary import Itinerary
from walkthrough.page.steps import CheckImage, Step, WriteFile
from walkthrough.project import Project
from walkthrough.units import Limit

_TEMPLATES = jinja2.Environment(
    loader=jinja2.FileSystemLoader(Path(__file__).parent),
    autoescape=False,  # noqa: S701 - the result is a shell script, whose words are quoted by shlex
    undefined=jinja2.StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    keep_trailing_newline=True,
)


@dataclass(frozen=True)
class Target:
    """One check of the script: its name, the image it looks at by default, the page it is from, its calls."""

    name: str
    image: str
    page: str
    lines: tuple[str, ...]

    @property
    def function(self) -> str:
        """The name as part of a shell function's."""
        return self.name.replace("-", "_")


def reader_check(itineraries: Iterable[Itinerary]) -> str:
    """Return the script for the checks of these pages, in their order."""
    targets = [
        Target(str(step.spec.check), step.spec.image, itinerary.page.name, tuple(_calls(step.spec)))
        for itinerary in itineraries
        for step in itinerary.steps
        if isinstance(step, CheckImage) and step.spec.check
    ]
    names = ", ".join(target.name for target in targets)
    return _TEMPLATES.get_template("check.sh").render(targets=targets, names=names, traces=TRACES)


def _calls(spec: ImageSpec) -> Iterator[str]:
    """Yield a line of shell for each claim that can be checked from outside, with Docker alone."""
    flags = " ".join(["--read-only"] * spec.read_only + ["--init"] * spec.init)
    if flags:
        yield _call(f"flags={flags}")
    if spec.size:
        yield _call("size", *_limit(spec.size))
    if spec.compressed:
        yield _call("compressed", *_limit(spec.compressed))
    if spec.user is not None:
        yield _call("user", spec.user)
    if spec.ports is not None and len(spec.ports) == 1:
        port = str(spec.ports[0])
        yield _call("ports", port if "/" in port else f"{port}/tcp")
    if spec.exec_form:
        yield "exec_form"
    if spec.packages and spec.packages.none:
        yield "no_packages"
    if spec.programs:
        yield _call("programs", *_limit(spec.programs))
    for path in spec.present:
        yield _call("present", path)
    for path in spec.absent:
        yield _call("absent", path)
    if spec.http:
        questions = "; ".join(_call("answers", asked.path, asked.status, asked.contains or "") for asked in spec.http)
        yield f"start && ready {shlex.quote(spec.http[0].path)} && {{ {questions}; }}"
    if spec.healthy:
        yield _call("healthy", math.ceil(spec.healthy.bound))
    for stop in spec.stops:
        during = [stop.during, stop.request] if stop.during else []
        yield _call("stops", stop.signal, " ".join(map(str, stop.exit)), math.ceil(stop.within.bound), *during)


def _call(*words: object) -> str:
    return " ".join(shlex.quote(str(word)) for word in words)


def _limit(limit: Limit) -> tuple[str, int]:
    return ("ge" if limit.at_least else "le", int(limit.bound))


def outdated(itineraries: dict[str, Itinerary]) -> Iterator[Problem]:
    """Yield a problem for each page that shows another script than the checks of its lab make."""
    for itinerary in itineraries.values():
        for step in written_steps(itinerary.steps):
            if step.fence.text != _of_lab(itinerary, itineraries):
                what = f"'{step.path}' is not what the checks of this lab make"
                yield Problem(itinerary.page.at(step.fence.line), what, "run 'make record'")


def written_steps(steps: Iterable[Step]) -> list[WriteFile]:
    """Return the files among the steps whose text is kept by this room."""
    return [step for step in steps if isinstance(step, WriteFile) and "written" in step.fence.options]


def rewrite(project: Project, itineraries: dict[str, Itinerary]) -> list[str]:
    """Bring the scripts that pages show up to date; return the paths of the pages that changed."""
    changed = []
    for path, itinerary in itineraries.items():
        lines = itinerary.page.text.split("\n")
        for step in reversed(written_steps(itinerary.steps)):
            script = _of_lab(itinerary, itineraries).rstrip("\n").split("\n")
            if step.fence.text != "\n".join(script) + "\n":
                prefix = step.fence.prefix
                lines[step.fence.first_text_line - 1 : step.fence.last - 1] = [
                    (prefix + line).rstrip() for line in script
                ]
                changed.append(path)
        if path in changed:
            (project.root / path).write_text("\n".join(lines), encoding="utf-8", newline="")
    return changed


def _of_lab(itinerary: Itinerary, itineraries: dict[str, Itinerary]) -> str:
    lab = itinerary.page.lab
    return reader_check(other for other in itineraries.values() if other.page.lab == lab)
