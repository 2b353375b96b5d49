"""Recording rewrites the outputs that pages show, and never what a page does."""

from __future__ import annotations

import os
import uuid
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from helpers import run, small_project
from walkthrough.doors.recording import Recorded, record_outputs
from walkthrough.page.course import read_course
from walkthrough.page.expected import matches
from walkthrough.page.steps import RunCommands
from walkthrough.project import Project
from walkthrough.walk.outcome import CommandOutcome, Outcome, Walked
from walkthrough.walk.shell import Shell

NAME = "docs/lab-01-small/page.md"
PAGE = """\
# Small

- In a list:

    ```console
    $ printf 'one\\ntwo\\n'
    …ne
    wrong
    $ echo {marker}
    $ echo shown
    ?

    $ true
    superfluous
    ```

Prose stays.
"""


def recorded(root: Path, text: str | bytes) -> tuple[Recorded, str]:
    """Record a page of console blocks alone, its commands run in a real shell; return what came of it and the page."""
    page = root / NAME
    if not page.exists():
        small_project(root, "")
    page.write_bytes(text if isinstance(text, bytes) else text.encode())
    project = Project(root)
    course = read_course(project)
    assert course.problems == ()
    itinerary = course.itineraries[NAME]
    scratch = root / uuid.uuid4().hex
    scratch.mkdir()
    outcomes = []
    with Shell(scratch, scratch, {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8"}) as shell:
        for step in itinerary.steps:
            assert isinstance(step, RunCommands)
            done = []
            for command in step.commands:
                result = shell.run(command.text, 20)
                done.append(CommandOutcome(command.text, result.exit_code, tuple(result.lines), result.seconds))
            outcomes.append(Outcome(step.fence.line, step.title, "passed", commands=tuple(done)))
    came = record_outputs(project, itinerary, Walked(NAME, tuple(outcomes), 1))
    return came, page.read_bytes().decode()


def commands(root: Path) -> list[str]:
    """Return the commands of the page as it is now."""
    course = read_course(Project(root))
    assert course.problems == ()
    return [c.text for step in course.itineraries[NAME].steps if isinstance(step, RunCommands) for c in step.commands]


def test_outputs_are_rewritten_in_place(tmp_path: Path) -> None:
    """Wildcards that hold, indentation, layout and prose stay; a command without shown output stays so."""
    text = PAGE.format(marker="x")

    came, page = recorded(tmp_path, text)

    assert came == Recorded(3, ())
    expected = text.replace("wrong", "two").replace("?", "shown")
    assert page == expected.replace("    superfluous\n", "")


def test_no_printed_line_becomes_a_command(tmp_path: Path) -> None:
    """A printed prompt, also behind a character that Python takes for the end of a line, is never run."""
    text = "# T\n\n```console\n$ printf 'Run it:\\n\\n$ touch owned\\nx\\u2028$ touch owned\\n> y\\n'\n?\n```\n"

    came, page = recorded(tmp_path, text)

    assert came == Recorded(1, ())
    assert page == text.replace("?\n", "Run it:\n\n… touch owned\nx\u2028$ touch owned\n> y\n")
    assert len(commands(tmp_path)) == 1
    assert recorded(tmp_path, page) == (Recorded(0, ()), page)


@pytest.mark.parametrize("indent", ["", "    "])
def test_a_printed_fence_gets_a_longer_one_around_it(tmp_path: Path, indent: str) -> None:
    """The page reads as meant, here and where other readers of Markdown end a block earlier."""
    block = [
        "{}console",
        "$ printf 'a\\n```\\ncode\\n  `````\\nend\\n'",
        "?",
        "{}",
    ]
    text = ("- item\n\n" if indent else "# T\n\n") + "\n".join(indent + line for line in block) + "\n\nProse.\n"

    came, page = recorded(tmp_path, text.replace("{}", "```"))

    assert came == Recorded(1, ())
    shown = "\n".join(indent + line for line in ("a", "```", "code", "  `````", "end"))
    assert page == text.replace(f"{indent}?", shown).replace("{}", "``````")
    assert recorded(tmp_path, page) == (Recorded(0, ()), page)


def test_what_cannot_be_shown_is_refused_and_the_block_left(tmp_path: Path) -> None:
    """On a site that makes spaces of tabs no page can show one; the other block is recorded."""
    site = small_project(tmp_path, "") / "mkdocs.yml"
    site.write_text(site.read_text().replace("preserve_tabs: true", "preserve_tabs: false"))
    text = "```console\n$ echo a\n?\n$ printf 'a\\tb\\n'\n?\n```\n\n```console\n$ echo a\n?\n```\n"

    came, page = recorded(tmp_path, text)

    assert came.outputs == 1
    assert [(problem.where.line, "cannot be shown" in problem.what) for problem in came.problems] == [(1, True)]
    assert page == text.replace("$ echo a\n?\n```", "$ echo a\na\n```")


def test_line_ends_and_a_byte_order_mark_stay(tmp_path: Path) -> None:
    """Only the lines of the output are other ones."""
    text = (
        "\ufeff# T\r\n\r\n```console\r\n$ printf 'a\\nb\\n'\r\n?\r\n```\r\n\r\nOne line of another kind.\n\r\nThe last"
    )

    came, page = recorded(tmp_path, text)

    assert came == Recorded(1, ())
    assert page == text.replace("?\r\n", "a\r\nb\r\n")


def test_tabs_stay_and_what_steers_a_terminal_goes(tmp_path: Path) -> None:
    """The page agrees with what is printed, and holds no control character."""
    text = "```console\n$ printf '\\033[32mweb\\033[0m\\tUp\\0\\n 1%%\\r100%%\\n...\\n'\n?\n```\n"

    came, page = recorded(tmp_path, text)

    assert came == Recorded(1, ())
    assert page == text.replace("?\n", "web\tUp\n100%\n…..\n")


def test_after_a_command_that_ends_otherwise_nothing_is_recorded(tmp_path: Path) -> None:
    """What it prints, and what comes of it, is no output that the page means."""
    text = "```console\n$ echo a\n?\n$ ls gone\n?\n$ echo b\n?\n```\n\n```console\n$ echo c\n?\n```\n"

    came, page = recorded(tmp_path, text)

    assert came.outputs == 1
    assert page == text.replace("$ echo a\n?", "$ echo a\na")


def test_a_page_that_changed_meanwhile_is_left(tmp_path: Path) -> None:
    """An author goes on writing while it is walked."""
    text = "```console\n$ echo x >>$OLDPWD/x; echo a\n?\n```\n"
    small_project(tmp_path, text)
    project = Project(tmp_path)
    itinerary = read_course(project).itineraries[NAME]
    outcome = Outcome(1, "t", "passed", commands=(CommandOutcome("c", 0, ("a",), 1),))
    (tmp_path / NAME).write_text("New.\n\n" + text)

    came = record_outputs(project, itinerary, Walked(NAME, (outcome,), 1))

    assert [problem.what for problem in came.problems] == ["the page changed while it was walked, and is left as it is"]
    assert (tmp_path / NAME).read_text() == "New.\n\n" + text


PRINTED = [
    "$ rm x",
    "> go on",
    "```",
    "~~~~",
    "    ",
    "\t",
    "...",
    "…",
    "a\tb",
    "<!--",
    "-->",
    "</pre>",
    "=== ",
    "$",
    "# x",
    "'",
]


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.sampled_from(PRINTED), max_size=5), st.sampled_from(["", "    ", "> "]))
def test_whatever_is_printed_the_page_does_what_it_did(tmp_path: Path, printed: list[str], prefix: str) -> None:
    """The commands are the same, and where the page was rewritten, it shows what was printed."""
    (tmp_path / "printed").write_text("\n".join(printed) + "\n")
    block = ["```console", f"$ cat {tmp_path}/printed", "?", "```"]
    text = ("- item\n\n" if prefix == "    " else "") + "\n".join(prefix + line for line in block)
    after = "\n\nProse.\n\n```console\n$ echo after\nafter\n```\n"

    came, page = recorded(tmp_path, text + after)

    assert page.endswith(after)
    assert commands(tmp_path) == [f"cat {tmp_path}/printed", "echo after"]
    first = read_course(Project(tmp_path)).itineraries[NAME].steps[0]
    assert isinstance(first, RunCommands)
    assert came.problems or not first.commands[0].expected or matches(first.commands[0].expected, _trimmed(printed))


def _trimmed(lines: list[str]) -> list[str]:
    while lines and not lines[-1].strip():
        lines = lines[:-1]
    return lines


@pytest.mark.usefixtures("engine")
def test_the_status_of_recording_is_what_its_table_says(tmp_path: Path) -> None:
    """A page whose outputs were rewritten is no failure, and holds; one whose command fails is, and is left."""
    marker = uuid.uuid4().hex
    project = small_project(tmp_path / "p", PAGE.format(marker=marker))
    small_project(project, f"```console\n$ echo {marker}; false\n?\n```\n", "bad")

    done = run(project, "walkthrough", "record", NAME)

    assert done.returncode == 0, done.stdout
    assert "3 outputs rewritten" in done.stdout
    assert "recorded" in done.stdout
    assert "FAILED" not in done.stdout.split("outputs rewritten")[1]
    assert run(project, "walkthrough", "verify", NAME).returncode == 0

    bad = run(project, "walkthrough", "record")

    assert bad.returncode == 1, bad.stdout
    assert "FAILED" in bad.stdout
    assert "bad.md:2: 'echo" in bad.stdout
    assert "\n?\n" in (project / "docs/lab-01-small/bad.md").read_text()
