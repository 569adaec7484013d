"""What is usual, from few values, some of them bad."""

from __future__ import annotations

import random
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.core.baseline import ENOUGH, is_above, usual, usual_amount, usual_duration
from tocsin.core.words import amounts, durations

_VALUES = st.lists(st.floats(min_value=0, max_value=1e9), min_size=ENOUGH, max_size=40)


@pytest.mark.parametrize(
    ("values", "quiet", "loud"),
    [
        # Minutes of extract.
        ([480, 500, 520, 560, 590, 600], 660, 2460),
        # Rows of a table that grows.
        ([1_000_000, 1_050_000, 1_100_000, 1_150_000, 1_200_000], 1_300_000, 5_200_000),
        # Nothing ever varied: one more is no news, and neither are a few.
        ([7] * 14, 8, 30),
        ([100_000] * 14, 100_001, 130_000),
        # A table that stayed empty so far.
        ([0] * 8, 3, 5_000),
        # A bad day in the past does not hide the next one.
        ([60, 61, 59, 62, 60, 58, 9_000], 70, 900),
        # Small and large days in turn: both are usual.
        ([1_000, 90_000] * 6, 95_000, 10_000_000_000),
        # Seconds of a step that takes no time: a slow moment is no news.
        ([0.2, 0.3, 0.2, 0.25, 0.2], 2, 60),
    ],
)
def test_a_value_is_above_only_when_neither_chance_nor_habit_explains_it(
    values: list[float], quiet: float, loud: float
) -> None:
    """A range leaves room for what such values do anyway, and not for more."""
    expected = usual(values)

    assert expected is not None
    assert not is_above(quiet, expected)
    assert is_above(loud, expected)


def test_too_few_values_say_nothing() -> None:
    """Four runs are no habit."""
    assert usual([60, 61, 62, 63]) is None


def test_values_that_cannot_be_are_passed_over() -> None:
    """A clock that was set back in a run makes its duration negative, which is no duration."""
    assert usual([60, 61, 62, 63, -3600]) is None
    assert usual([float("nan"), 60, 61, 62, 63]) is None


def test_single_outliers_are_counted_and_not_shown() -> None:
    """The range that is shown was really seen, without the one bad day."""
    expected = usual([480, 500, 520, 560, 600, 36_000])

    assert expected is not None
    assert (expected.low, expected.high, expected.n) == (480, 600, 6)
    assert usual_duration(expected) == "usually 8 to 10 min"


def test_amounts_are_told_as_people_say_them() -> None:
    """A range of rows has one unit."""
    expected = usual([1_000_000, 1_020_000, 1_100_000, 1_180_000, 1_200_000])

    assert expected is not None
    assert usual_amount(expected) == "usually 1.0 to 1.2 M"


@given(_VALUES)
def test_nothing_inside_the_range_is_above_it(values: list[float]) -> None:
    """The range holds its typical value, is a part of what was seen, and its own values are not above it."""
    expected = usual(values)

    assert expected is not None
    assert min(values) <= expected.low <= expected.high <= max(values)
    assert not is_above(expected.high, expected)
    assert not is_above(expected.typical, expected)


@given(_VALUES, st.randoms(use_true_random=False))
def test_the_order_of_the_values_does_not_matter(values: list[float], chance: random.Random) -> None:
    """The history may come in any order."""
    mixed = list(values)
    chance.shuffle(mixed)

    assert usual(mixed) == usual(values)


def test_ordinary_variation_is_hardly_ever_above() -> None:
    """Of a thousand ordinary days with ten days of history each, few are told, and a tenfold day always is."""
    chance = random.Random(7)  # noqa: S311  # the same days every time
    told = missed = 0
    for _ in range(1000):
        values = [chance.lognormvariate(6, 0.15) for _ in range(11)]
        expected = usual(values[:10])
        assert expected is not None
        told += is_above(values[10], expected)
        missed += not is_above(values[10] * 10, expected)
    assert told <= 25
    assert missed == 0


@pytest.mark.parametrize(
    ("low", "high", "said"),
    [
        (0.2, 0.4, "up to 1 s"),
        (0, 0, "up to 1 s"),
        (0.4, 12, "up to 12 s"),
        (42, 42, "42 s"),
        (61, 119, "61 to 119 s"),
        # Rounded outwards: all that was seen lies inside.
        (485, 595, "8 to 10 min"),
        (30, 130, "up to 3 min"),
        (4000, 9000, "1 to 3 h"),
    ],
)
def test_ranges_of_time_have_one_unit(low: float, high: float, said: str) -> None:
    """The longer end chooses the unit."""
    assert durations(timedelta(seconds=low), timedelta(seconds=high)) == said


@pytest.mark.parametrize(
    ("low", "high", "said"),
    [
        (0, 0, "0"),
        (900, 1204, "900 to 1,204"),
        (900_000, 1_200_000, "900,000 to 1.2 M"),
        (1_000_000, 1_200_000, "1.0 to 1.2 M"),
        (1_000_000, 1_000_001, "1.0 M"),
    ],
)
def test_ranges_of_counts_are_short(low: int, high: int, said: str) -> None:
    """Millions are told as millions, what is smaller to the last one."""
    assert amounts(low, high) == said
