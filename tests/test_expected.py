"""Expected output: wildcards, differences, and what recording keeps."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from walkthrough.page.expected import difference, matches, merge

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
    assert merge(["id …", "...", "old", "end"], ["id 1", "x", "y", "new", "end"]) == ["id …", "...", "end"]
    assert merge(["id …", "old"], ["id 1", "new"]) == ["id …", "new"]
    assert merge([], ["a"]) == ["a"]


_LINES = st.lists(st.sampled_from(["a", "b", "...", "x …", "x 1"]), max_size=6)


@given(_LINES, st.lists(st.sampled_from(["a", "b", "x 1", "x 2"]), max_size=6))
def test_what_was_recorded_agrees_with_what_was_printed(expected: list[str], actual: list[str]) -> None:
    """For any page and any output, the rewritten page holds."""
    assert matches(merge(expected, actual), actual)
