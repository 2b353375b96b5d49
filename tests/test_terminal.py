"""Output by lines is what a terminal would have shown in the end."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from walkthrough.walk.terminal import screen_lines


@pytest.mark.parametrize(
    ("output", "lines"),
    [
        ("\x1b[32mok\x1b[0m 3 tests\n", ["ok 3 tests"]),
        ("\x1b[38;5;208mwarm\x1b[m\n", ["warm"]),
        ("\x1b]0;a title\x07text\n", ["text"]),
        ("\x1b]8;;http://x\x1b\\a link\x1b]8;;\x1b\\\n", ["a link"]),
        ("abc\b\bX\n", ["aXc"]),
        (" 10%\r 20%\r100% done\r\nnext\r\n", ["100% done", "next"]),
        ("downloading\rdone\x1b[K\n", ["done"]),
        ("old\x1b[2K\rnew\n", ["new"]),
        ("abcdef\x1b[3DX\n", ["abcXef"]),
        ("\x1b[6Gx\n", ["     x"]),
        ("\x1b[99999999999999999999Gx\n", [" " * 240 + "x"]),
        ("a\x00b\x07c\x0cd\n", ["abcd"]),
        ("a\tb\n\n\n", ["a\tb"]),
        ("\n\na\n \n", ["", "", "a"]),
        ("\x1b", []),
        ("", []),
        ("é\u2028x\n", ["é\u2028x"]),
    ],
)
def test_what_steers_the_terminal_is_no_text(output: str, lines: list[str]) -> None:
    """Colours, titles, links and moves are gone; a progress bar is its last state; tabs stay."""
    assert screen_lines(output) == lines


@given(st.text(alphabet="ab\x1b[]0;2KGCD\r\b\x07\\\t\n\x00", max_size=40))
def test_no_control_character_is_left(output: str) -> None:
    """Whatever a command prints."""
    assert not [c for line in screen_lines(output) for c in line if c != "\t" and (ord(c) < 32 or 127 <= ord(c) < 160)]


def test_long_lines_are_seen_whole() -> None:
    """Megabytes in one line, of text, of a progress bar and of half a sequence, take no long time and break nothing."""
    assert screen_lines("\x1b[1m" + "x" * 4_000_000) == ["x" * 4_000_000]
    assert screen_lines("\r".join(f"{n:6}" for n in range(100_000))) == [" 99999"]
    assert screen_lines("\x1b[" + "1" * 1_000_000 + "G") == []
