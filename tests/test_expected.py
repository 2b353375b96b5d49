"""Expected output: wildcards, differences, and what recording keeps."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from walkthrough.page.expected import difference, matches, merge, written

CASES = [
    ([], [], True),
    ([], ["a"], False),
    (["a"], ["a  "], True),
    (["a"], ["b"], False),
    (["..."], [], True),
    (["..."], ["a", "b"], True),
    (["a", "...", "z"], ["a", "b", "c", "z"], True),
    (["a", "...", "z"], ["a", "z", "y"], False),
    (["...", "z"], ["z", "z"], True),
    (["id …"], ["id 12ab"], True),
    (["id …"], ["ID 12ab"], False),
    (["… listening on :8080"], ["2026/11/23 listening on :8080"], True),
    (["a.c"], ["abc"], False),
    (["a…b…c"], ["a-b-b-c"], True),
    (["a…b…b"], ["ab"], False),
    (["a…a"], ["a"], False),
    (["…"], [""], True),
    (["……x"], ["x"], True),
    (["a\tb"], ["a\tb"], True),
    (["a\tb"], ["a    b"], False),
]


@pytest.mark.parametrize(("expected", "actual", "agrees"), CASES)
def test_output_agrees_or_not(expected: list[str], actual: list[str], agrees: bool) -> None:
    """Wildcards stand for any lines or any text; everything else is literal."""
    assert matches(expected, actual) is agrees


def test_a_difference_shows_both_sides_and_keeps_wildcards() -> None:
    """Lines that agree by a wildcard are no difference."""
    shown = difference(["id …", "old", "same"], ["id 1", "new", "same"])

    assert "-old" in shown
    assert "+new" in shown
    assert "id 1" not in shown


def test_recording_keeps_the_wildcards_that_still_hold() -> None:
    """Only what changed is rewritten."""
    assert merge(["id …", "...", "old", "end"], ["id 1", "x", "y", "new", "end"]) == [
        "id …",
        "...",
        "new",
        "end",
    ]
    assert merge(["...", "Total: 5"], ["a", "Total: 6"]) == ["...", "Total: 6"]
    assert merge(["id …", "old"], ["id 1", "new"]) == ["id …", "new"]
    assert merge([], ["a"]) == ["a"]


def test_many_wildcards_in_a_long_line_take_no_long_time() -> None:
    """A line that nearly agrees is told apart in one pass."""
    assert not matches(["…a…a…a…a…a…a…b"], ["a" * 1_000_000])


def test_a_difference_of_a_long_line_can_be_read() -> None:
    """An author is shown its beginning."""
    assert max(map(len, difference(["x"], ["y" * 1_000_000]).split("\n"))) <= 500


@pytest.mark.parametrize(
    ("printed", "shown"), [("$ touch x", "… touch x"), ("...", "….."), ("  ...", "  ….."), ("a ", "a")]
)
def test_a_printed_line_is_recorded_as_one_that_is_read_as_output(printed: str, shown: str) -> None:
    """It is no prompt and stands for no other lines, and agrees with what was printed."""
    assert written(printed) == shown
    assert matches([written(printed)], [printed])
    assert not matches([written(printed)], [printed, "more"])


_LINES = st.lists(st.sampled_from(["a", "b", "...", "x …", "x 1"]), max_size=6)


@given(_LINES, st.lists(st.sampled_from(["a", "b", "x 1", "x 2"]), max_size=6))
def test_what_was_recorded_agrees_with_what_was_printed(expected: list[str], actual: list[str]) -> None:
    """For any page and any output, the rewritten page holds."""
    assert matches(merge(expected, actual), actual)


@given(_LINES, st.lists(st.sampled_from(["a", "$ rm x", "...", "> a", "x 1"]), max_size=6))
def test_what_was_recorded_holds_no_command(expected: list[str], actual: list[str]) -> None:
    """Whatever was printed."""
    shown = merge(expected, actual, written)

    assert matches(shown, actual)
    assert not [line for line in shown if line.startswith("$ ")]
