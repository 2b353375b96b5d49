"""Copied as a command, every file is written byte for byte: by bash, by dash, and pasted into a terminal."""

from __future__ import annotations

import os
import pty
import select
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from helpers import ROOT
from walkthrough.page.course import read_course
from walkthrough.page.patch import apply_patch
from walkthrough.page.steps import WriteFile
from walkthrough.project import Project
from walkthrough.publish.changes import changes
from walkthrough.publish.command import changing, writing

SHELLS = [shell for shell in (["bash"], ["dash"], ["busybox", "sh"]) if shutil.which(shell[0])]
ITINERARIES = read_course(Project(ROOT)).itineraries.values()
FILES = [
    (str(itinerary.page.lab), step.path, step.fence.text)
    for itinerary in ITINERARIES
    for step in itinerary.steps
    if isinstance(step, WriteFile)
]
TEXTS = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]))
LINES = st.lists(
    TEXTS
    | st.sampled_from(
        ["EOF", "EOF_", "E\u00e9", "\tEOF", "EOF ", "'", '"', ")", "(", "$(x)", "`x`", "\\", "!x", "#", "\t"]
    )
).map("\n".join)


def written(shell: list[str], lab: str, path: str, text: str, home: Path) -> Path:
    """Let a shell run the command; return the file."""
    run_in(home, shell, writing(lab, path, text).of(text))
    return home / "docker-labs" / lab / path


def run_in(home: Path, shell: list[str], command: str) -> None:
    script = home / "script"
    script.write_bytes(command.encode())
    # The C locale is what the simplest shells know; bytes must survive there too.
    done = subprocess.run(
        [*shell, str(script)],
        env={"PATH": os.environ["PATH"], "HOME": str(home), "LC_ALL": "C"},
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, b"")


@pytest.mark.parametrize("shell", SHELLS, ids=lambda shell: str(shell[0]))
def test_every_file_of_the_course_is_written_byte_for_byte(tmp_path: Path, shell: list[str]) -> None:
    """Into a home whose name has blanks, where no folder is yet; a script can be run."""
    home = tmp_path / "a home"
    for lab, path, text in FILES:
        shutil.rmtree(home, ignore_errors=True)
        home.mkdir()
        file = written(shell, lab, path, text, home)
        assert file.read_bytes() == text.encode(), path
        assert bool(file.stat().st_mode & 0o111) is text.startswith("#!"), path
    assert len(FILES) > 90


@pytest.mark.parametrize("shell", SHELLS, ids=lambda shell: str(shell[0]))
@settings(deadline=None)  # a busy machine is slow, not wrong
@example("")
@example("E\x80\nEO\u00e9\na\u00e9\n")
@example("\n")
@example("no end")
@example("EOF\nEOF_\n")
@example("EOF")
@example("$HOME `id` \\\n\\\\ 'a' \"b\" !x\ttab\n")
@example("a\n\n\n")
@example("open ' ( \" ` and no end")
@given(LINES)
def test_any_text_is_written_byte_for_byte(shell: list[str], text: str) -> None:
    """Quotes, tabs, backslashes, dollars, lines like the delimiter, control characters, with and without a last end."""
    with tempfile.TemporaryDirectory() as home:
        assert written(shell, "lab-x", "a/b", text, Path(home)).read_bytes() == text.encode()


@pytest.mark.skipif(shutil.which("patch") is None, reason="patch is not installed")
@settings(deadline=None, max_examples=50)
@example("", "a\n")
@example("a\n", "a")
@example("a", "a\n")
@example("-- a\n", "++ b\n")
@given(LINES, LINES)
def test_any_change_is_made_by_patch(before: str, after: str) -> None:
    """Also where the last line has no end, and where a line looks like a header of the diff."""
    if before == after or not after:  # nothing to change; and patch removes a file that becomes empty
        return
    with tempfile.TemporaryDirectory() as home:
        file = Path(home) / "docker-labs/lab-x/a b"
        file.parent.mkdir(parents=True)
        file.write_bytes(before.encode())
        run_in(Path(home), ["bash"], changing("lab-x", "a b", before, after).of(""))
        assert file.read_bytes() == after.encode()


def test_the_changes_of_the_course_are_made_one_after_the_other() -> None:
    """Each as the page shows it: the lines that patch goes by are those of the file as it stands."""
    made = [(change, itinerary) for itinerary in ITINERARIES for change in changes(itinerary).values()]

    assert len(made) >= 4
    for change, itinerary in made:
        command = changing(str(itinerary.page.lab), change.path, change.before, change.after).of("")
        diff = "".join(f"{line}\n" for line in command.split("\n")[1:-1])
        assert apply_patch(change.before, diff, 1) == change.after != change.before
        assert change.language != "diff"


@pytest.mark.parametrize("path", ["top", "a b/c d", "it's/$HOME", "-x/-y", "a;b/*", "~/x"])
def test_a_path_is_a_path_whatever_is_in_it(tmp_path: Path, path: str) -> None:
    """Nothing of it is run or expanded, and it is below the lab."""
    assert written(["bash"], "lab-x", path, "x\n", tmp_path).read_text() == "x\n"


def test_the_command_reads_as_one_would_write_it() -> None:
    """Short, and the text as it is."""
    command = writing("lab-x", "app/main.go", "a\n")

    assert command.of("a\n") == (
        "mkdir -p ~/docker-labs/lab-x/app && cat >~/docker-labs/lab-x/app/main.go <<'EOF'\na\nEOF"
    )


def test_every_file_survives_being_pasted_into_a_terminal(tmp_path: Path) -> None:
    """Interactive bash completes at tabs and expands at exclamation marks; it does neither in what is pasted so."""
    environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "TERM": "xterm", "LC_ALL": "C.UTF-8"}
    child, terminal = pty.fork()
    if not child:
        os.execve("/bin/bash", ["bash", "--norc", "--noprofile", "-i"], environment)
    try:
        type_in(terminal, b"bind 'set enable-bracketed-paste on'; set -o histexpand\r", 0)
        for number, (lab, path, text) in enumerate(FILES, 1):
            pasted = writing(lab, path, text).of(text).encode()
            type_in(terminal, b"\x1b[200~" + pasted + b"\x1b[201~\r", number)
            file = tmp_path / "docker-labs" / lab / path
            assert file.read_bytes() == text.encode(), path
            file.unlink()
    finally:
        os.close(terminal)
        os.waitpid(child, 0)


def type_in(terminal: int, keys: bytes, number: int) -> None:
    """Send keys, and a command that says so when they are done with; read what the terminal shows meanwhile."""
    left, heard, until = keys + b"echo do''ne=%d=\r" % number, b"", time.monotonic() + 60
    while b"done=%d=" % number not in heard:
        assert time.monotonic() < until, heard[-500:]
        reading, ready, _ = select.select([terminal], [terminal] if left else [], [], 1)
        if ready:
            left = left[os.write(terminal, left[:1000]) :]
        if reading:
            heard += os.read(terminal, 65536)
