"""Sessions as people write them: where a command ends, what its output is, and which lines are only layout."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from walkthrough.page.sessions import is_open, read_session

GOES_ON = [
    "for n in 1 2; do\n  echo $n\ndone",
    "sh -c 'echo a\necho b'",
    'echo "a\nb"',
    "echo a |\n  tr a b",
    "true &&\n  echo b",
    "false ||\n\n  echo b",
    "cat \\\n  - <<EOF\nhello\nEOF",
    "cat <<'END-OF-FILE'\n$ hello\n\nEND-OF-FILE",
    "cat <<A <<B\na\nA\nb\nB",
    "f() {\n  echo f\n}",
    "if true\nthen echo a\nfi",
    "echo $(\n  echo a\n)",
    "case a in\n  a) echo a ;;\nesac",
    "[[ a == a &&\n  b == b ]]",
    "(\n  cd /\n)",
]


@pytest.mark.parametrize("command", GOES_ON)
def test_a_command_goes_on_wherever_bash_would(command: str) -> None:
    """Loops, quotes, pipes, here-documents, also after a backslash: what follows the prompt is what bash is given."""
    first, *more = command.split("\n")
    text = "\n".join([f"$ {first}", *(f"> {line}".rstrip() for line in more), "> printed", "$ true", ""])

    commands, faults = read_session(text, 10)

    assert faults == []
    assert [(c.text, c.expected, c.line) for c in commands] == [
        (command, ("> printed",), 10),
        ("true", (), 10 + command.count("\n") + 2),
    ]


@pytest.mark.parametrize(
    "command",
    ["sed 's/^/> /' <<<quoted", "docker ps --format '{{.ID}}'", "echo it\\'s", "echo a # it's", "awk '{print}' x"],
)
def test_what_a_whole_command_prints_may_look_as_if_it_went_on(command: str) -> None:
    """A line of output may begin with '> ': bash would not ask for more."""
    commands, faults = read_session(f"$ {command}\n> quoted\n", 1)

    assert faults == []
    assert [(c.text, c.expected) for c in commands] == [(command, ("> quoted",))]


@pytest.mark.parametrize("command", ["echo 'a", "for n in 1 2; do", "cat <<EOF\n> a", "echo a \\", "true |"])
def test_a_command_that_is_not_complete_is_told_at_its_last_line(command: str) -> None:
    """Bash would wait for more, and so would the reader."""
    _, faults = read_session(f"$ true\n$ {command}\n$ true\n", 5)

    assert [(line, what) for line, what, _ in faults] == [
        (6 + command.count("\n"), "the command is not complete: bash would ask for more")
    ]


def test_blank_lines_between_commands_are_layout() -> None:
    """Before the next prompt, before the closing fence, in front of the first command; not inside an output."""
    commands, faults = read_session("\n$ echo one\none\n\n$ a\n\n\n$ echo two\n\ntwo\n\n  \n", 1)

    assert faults == []
    assert [(c.text, c.expected, c.line, c.last) for c in commands] == [
        ("echo one", ("one",), 2, 3),
        ("a", (), 5, 5),
        ("echo two", ("", "two"), 8, 10),
    ]


def test_a_line_ends_where_a_page_says_so() -> None:
    """Not at a form feed, nor at the other characters that Python takes for the end of a line."""
    commands, _ = read_session("$ cat read-me\nx\u2028$ touch owned\x0b$ rm it\x85$ ls\n", 1)

    assert [c.text for c in commands] == ["cat read-me"]


def test_without_bash_sessions_are_read_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    """A page can be read where nothing could be walked."""
    with monkeypatch.context() as without:

        def missing(*_: object, **__: object) -> None:
            raise FileNotFoundError("bash")

        without.setattr(subprocess, "run", missing)
        is_open.cache_clear()
        commands, faults = read_session("$ for n in 1; do\n>   echo $n\n> done\n1\n", 1)
    is_open.cache_clear()

    assert (commands[0].text, commands[0].expected, faults) == ("for n in 1; do\n  echo $n\ndone", ("1",), [])


def test_asking_bash_runs_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither the command nor what the environment would have bash read first."""
    trap = tmp_path / "trap"
    trap.write_text(f"touch {tmp_path}/sourced\n")
    monkeypatch.setenv("BASH_ENV", str(trap))

    assert is_open(f"touch {tmp_path}/run; echo $(touch {tmp_path}/run) '") is True
    assert list(tmp_path.iterdir()) == [trap]


@settings(max_examples=80, deadline=None)
@given(
    st.lists(
        st.sampled_from(["a", "'", '"', "\\", "$(", ")", "${", "}", "{", "|", "&&", "`", " ", "<<E", "if", ";"]),
        max_size=7,
    )
)
@example(["${", "\\", "}"])
@example(["$(", "\\", ")"])
@example(["$(", "a", " ", "#", ")"])
def test_what_is_told_without_bash_is_what_bash_would_say(parts: list[str]) -> None:
    """The quick look never says 'complete' of a command after which bash would ask for more."""
    text = "".join(parts)
    if is_open(text) is False:
        said = subprocess.run(
            ["bash", "-n"], input=text, capture_output=True, text=True, env={"LC_ALL": "C"}, check=False
        )
        assert "unexpected EOF" not in said.stderr
        assert "unexpected end of file" not in said.stderr
        assert "here-document" not in said.stderr


def test_control_c_ends_what_is_in_the_foreground_before_it() -> None:
    """A line of its own: what stands before it is how the output begins, what comes after it is the rest."""
    commands, faults = read_session("$ serve 'it\n> all'\nready\n^C\nbye\n\n$ true\n", 10)

    assert faults == []
    assert [(c.text, c.expected, c.stays, c.interrupts, c.line) for c in commands] == [
        ("serve 'it\nall'", ("ready",), True, False, 10),
        ("^C", ("bye",), False, True, 13),
        ("true", (), False, False, 16),
    ]
    first, _ = read_session("^C\n> quoted\n", 1)
    assert [(c.text, c.expected) for c in first] == [("^C", ("> quoted",))]
