"""What a reader sees of a verification: tables of claims, notes under blocks, a page's evidence, the course's status.

Needs neither an engine nor a walk: only the page and its record.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any, Literal

import jinja2
from markupsafe import Markup

from walkthrough.errors import Problem
from walkthrough.page.figures import drawn
from walkthrough.page.itinerary import Itinerary, content_digest
from walkthrough.page.pages import Page
from walkthrough.page.steps import Check, NotRun, RunCommands, Step, WriteFile
from walkthrough.publish import pictures
from walkthrough.publish.changes import Change, changes
from walkthrough.publish.command import Command, changing, writing
from walkthrough.publish.downloads import address
from walkthrough.record.evidence import AnatomyRecord, Record, StepRecord
from walkthrough.units import size_text, time_text

State = Literal["verified", "stale", "unknown", "failed", "aborted", "walking"]

_HEADLINES: dict[State, str] = {
    "verified": "✓ This page is verified.",
    "stale": "This page is not verified: it changed after its last walk, whose figures are shown below.",
    "unknown": "This page is not verified: it has never been walked.",
    "failed": "✗ This page does not hold. See below the block that fails.",
    "aborted": "This page could not be walked: something else is wrong. See below what.",
    "walking": "This page is being walked now; what you see is from its last walk.",
}
_LONG_FILE, _LONG_OUTPUT = 120, 40
"""Lines above which a block is folded: what is longer is looked at, not read."""
_FEW_CLAIMS = 3
"""Claims up to which all are shown. Of more that hold those are, whose figures the text tells."""
_TEMPLATES = jinja2.Environment(
    loader=jinja2.PackageLoader("walkthrough.publish"),
    autoescape=True,
    undefined=jinja2.StrictUndefined,
    trim_blocks=True,
)
_TEMPLATES.filters |= {"size": size_text, "time": time_text}


@dataclass(frozen=True)
class View:
    """One page as it is published: its steps, its record, and the problems of an attempt that failed."""

    page: Page
    steps: tuple[Step, ...] = ()
    record: Record | None = None
    state: State = "unknown"
    problems: tuple[Problem, ...] = ()
    root: str = ""
    """The way from the published page to the site's root, such as ``../``."""
    changes: dict[int, Change] = field(default_factory=dict)
    """What the page changes in its files, by the number of the fence."""

    @property
    def title(self) -> str:
        """The page's title, else its name."""
        return self.page.front.title or self.page.name

    def step_of(self, fence_number: int) -> tuple[Step | None, StepRecord | None]:
        """Return the step that a fence asks for, and what the record says of it; the record's only if it fits."""
        for index, step in enumerate(self.steps):
            if step.fence.number == fence_number:
                fits = self.record is not None and len(self.record.steps) == len(self.steps)
                return step, self.record.steps[index] if fits and self.record else None
        return None, None


def view_of(
    itinerary: Itinerary,
    record: Record | None,
    problems: tuple[Problem, ...] = (),
    walking: bool = False,
    root: str = "",
) -> View:
    """Return the view of a page from its committed record; a record of other content makes it stale."""
    state: State = "unknown" if record is None else "stale"
    if record and record.content == content_digest(itinerary):
        state = "verified"
    elif walking:
        state = "walking"
    if problems:
        state = "aborted" if all(problem.aborted for problem in problems) else "failed"
    return View(itinerary.page, itinerary.steps, record, state, problems, root, changes(itinerary))


def block(view: View, fence_number: int, highlighted: str, highlight: Callable[[str, str], str]) -> str:
    """Return the HTML of a fence: the highlighted block as it is, or what is known of it.

    ``highlight`` renders another text in a language, as the site renders blocks.
    """
    step, recorded = view.step_of(fence_number)
    html = Markup(highlighted)
    if isinstance(step, Check):
        html = Markup(_claims(view, step, recorded))
    elif isinstance(step, RunCommands):
        commands = "\n".join(command.text for command in step.commands if not command.interrupts)
        if commands:
            html = Markup('<div data-copy="{}">{}</div>').format(commands, html)
        else:  # Ctrl-C alone: the theme shows no copy button below this class
            html = Markup('<div class="no-copy">{}</div>').format(html)
        html = _folded(html, step, _LONG_OUTPUT, "a session")
    elif isinstance(step, WriteFile):
        html = _offered(html, writing(str(view.page.lab), step.path, step.fence.text))
        html = _folded(html, step, _LONG_FILE, step.path)
        name, link = PurePosixPath(step.path).name, view.root + address(view.page, step)
        html += Markup('<p class="walk-file"><a href="{}" download="{}">Download {}</a></p>').format(link, name, name)
    elif fence_number in view.changes:
        html = _change(view, view.changes[fence_number], html, highlight)
    elif isinstance(step, NotRun):
        html += Markup(render("note", text=f"Not run here: {step.reason}."))
    return str(html)


def said(view: View, fence_number: int) -> str:
    """Return the HTML of the problems of a fence, to stand below it."""
    step, _ = view.step_of(fence_number)
    lines = range(step.fence.line, step.fence.last + 1) if step else range(0)
    return "".join(problem(told) for told in view.problems if told.where.line in lines)


def unplaced(view: View) -> str:
    """Return the HTML of the problems that are of no fence, to stand at the page's end."""
    covered = {line for step in view.steps for line in range(step.fence.line, step.fence.last + 1)}
    return "".join(problem(told) for told in view.problems if told.where.line not in covered)


def _change(view: View, change: Change, html: Markup, highlight: Callable[[str, str], str]) -> Markup:
    """Return a change with how it is made by hand, and the whole file after it, folded."""
    lab = str(view.page.lab)
    patch = changing(lab, change.path, change.before, change.after)
    whole = _offered(Markup(highlight(change.after, change.language)), writing(lab, change.path, change.after))
    words = (
        '<p class="walk-note">A change to <code>{}</code>: the lines marked − go, those marked + come. '
        "Copied as a command, <code>patch</code> makes it.</p>"
        '<div data-command="{}">{}</div>'
        '<details class="walk-fold walk-changed" data-search-exclude="">'
        "<summary>{} after this change, {} lines</summary>{}</details>"
    )
    lines = change.after.count("\n")
    return Markup(words).format(change.path, patch.of(""), html, change.path, lines, whole)


def _offered(html: Markup, command: Command) -> Markup:
    """Return a block that can be copied as a command too: its text is on the page already, what is around it is not."""
    words = '<div data-command="{}" data-command-end="{}">{}</div>'
    return Markup(words).format(command.before, command.after, html)


def _folded(html: Markup, step: Step, limit: int, what: str) -> Markup:
    """Return a block as it is, or folded where it is longer than ``limit`` lines."""
    lines = step.fence.text.count("\n")
    if lines <= limit:
        return html
    summary = f"{what}, {lines} lines"
    # Nobody searches for a line of a lock file, and every page loads the index of all.
    return Markup('<details class="walk-fold" data-search-exclude=""><summary>{}</summary>{}</details>').format(
        summary, html
    )


def _claims(view: View, step: Check, recorded: StepRecord | None) -> str:
    current = view.state == "verified"
    known = {finding.key: finding for finding in recorded.findings} if recorded else {}
    claims = dict(step.spec.claimed)
    rows = []
    for key in claims:
        finding = known.get(key)
        if finding is None:
            rows.append({"claim": claims[key], "measured": "-", "verdict": "none"})
            continue
        verdict = ("ok" if finding.ok else "bad") if current else "none"
        rows.append({"claim": finding.claim, "measured": finding.finding.measured_text(), "verdict": verdict})
    stand_in = recorded.stand_in if recorded else None
    told = {key for name, key in drawn(view.page) if name == step.spec.name}
    folds = len(rows) > _FEW_CLAIMS and all(row["verdict"] == "ok" for row in rows)
    shown = [row for key, row in zip(claims, rows, strict=True) if key in told or not folds]
    folded = [row for key, row in zip(claims, rows, strict=True) if folds and key not in told]
    table = render(
        "claims", of=step.spec.of, about=step.spec.name, shown=shown, folded=folded, current=current, stand_in=stand_in
    )
    if recorded is None or recorded.anatomy is None:
        return table
    stand_ins = {base.name for base in view.record.bases if base.stand_in} if view.record else set()
    return table + anatomy_html(step.spec.name, recorded.anatomy, stand_ins)


def anatomy_html(image: str, anatomy: AnatomyRecord, stand_ins: set[str]) -> str:
    """Return the pictures of an image and, beside them, the same in words and tables."""
    layers = pictures.shares((layer.instruction, layer.size) for layer in anatomy.layers if layer.size)
    contents = pictures.shares((content.path, content.size) for content in anatomy.contents)
    graph = pictures.stage_graph(anatomy, stand_ins)
    strips = pictures.layer_map(anatomy)
    return render("anatomy", image=image, graph=graph, strips=strips, layers=layers, contents=contents)


def line(view: View, link: str | None) -> str:
    """Return the HTML of the quiet line below a page's heading; ``link`` leads to its evidence page."""
    stand_ins = sum(base.stand_in for base in view.record.bases) if view.record else 0
    return render(
        "line", state=view.state, words=_HEADLINES[view.state], record=view.record, stand_ins=stand_ins, link=link
    )


def evidence_page(view: View, link: str) -> str:
    """Return the HTML of all that a page's walk saw; ``link`` leads back to the page."""
    current = view.state == "verified"
    return render(
        "evidence_page", record=view.record, title=view.title, link=link, current=current, fold=_LONG_OUTPUT // 2
    )


def evidence(view: View) -> str:
    """Return the HTML of the page's evidence, to stand at its end."""
    return render("evidence", state=view.state, headline=_HEADLINES[view.state], record=view.record)


def problem(told: Problem) -> str:
    """Return the HTML of one problem."""
    return render("problem", problem=told)


def worth(view: View) -> str:
    """Return in one sentence what a page's record is worth, for the build's log."""
    where = view.page.path
    if view.state == "verified" and view.record:
        return f"{where}: published from its record of {view.record.walked}, which fits"
    if view.state == "stale" and view.record:
        return f"{where}: published as not verified, it changed after its record of {view.record.walked}"
    return f"{where}: published as not verified, there is no record of it"


def render(name: str, **values: Any) -> str:
    """Return a template filled with ``values``, as HTML that Markdown leaves alone."""
    # Markdown would take indented lines and blank ones for its own.
    text = _TEMPLATES.get_template(f"{name}.html").render(**values)
    return "\n".join(line for line in text.split("\n") if line.strip())
