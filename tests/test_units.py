"""Limits and figures read as people write them."""

from __future__ import annotations

import pytest

from walkthrough.units import parse_limit, size_text, time_text


@pytest.mark.parametrize(
    ("text", "kind", "bound", "at_least"),
    [
        ("7.5 MB", "size", 7_500_000, False),
        ("<= 22 KB", "size", 22_000, False),
        ("565 B", "size", 565, False),
        (">= 1.2 GB", "size", 1_200_000_000, True),
        ("1 s", "time", 1, False),
        ("250ms", "time", 0.25, False),
        ("≥ 2 min", "time", 120, True),
        (">= 100", "count", 100, True),
        (1, "count", 1, False),
    ],
)
def test_limits(text: str, kind: str, bound: float, at_least: bool) -> None:
    """A number, a unit, perhaps a sign; an upper limit unless it says otherwise."""
    limit = parse_limit(text, kind)  # type: ignore[arg-type]

    assert (limit.bound, limit.at_least) == (bound, at_least)
    assert limit.holds(bound)
    assert limit.holds(bound + 1) is at_least


@pytest.mark.parametrize(
    ("text", "kind"), [("7.5", "size"), ("7 MiB", "size"), ("1 MB", "time"), ("x s", "time"), ("3 MB", "count")]
)
def test_what_is_no_limit(text: str, kind: str) -> None:
    """An unknown unit is an error, never a guess."""
    with pytest.raises(ValueError, match="is not a"):
        parse_limit(text, kind)  # type: ignore[arg-type]


def test_only_an_upper_limit_of_zero_allows_nothing() -> None:
    """A lower limit is kept by many."""
    assert [parse_limit(text, "count").none for text in ("0", ">= 0", "1", ">= 100")] == [True, False, False, False]


def test_figures() -> None:
    """Three significant digits, decimal units."""
    assert [size_text(n) for n in (565, 21_500, 6_410_400, 47_000_000, 1_176_371_680)] == [
        "565 B",
        "21.5 kB",
        "6.41 MB",
        "47.0 MB",
        "1.18 GB",
    ]
    assert [time_text(n) for n in (0.171, 10.24, 107)] == ["0.17 s", "10.2 s", "1 min 47 s"]


@pytest.mark.parametrize("written", ["< 1", "> 1", "<1", ">1"])
def test_a_limit_includes_its_bound_or_is_refused(written: str) -> None:
    """What is less than a bound would need another comparison than what is at most one."""
    with pytest.raises(ValueError, match="is not a count"):
        parse_limit(written, "count")
