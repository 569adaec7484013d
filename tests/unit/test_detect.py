"""The range in which the next value is expected."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from made import NOON
from made_series import DAY, HOUR, series, weekly
from tocsin.core.detect import ENOUGH, expect, furthest, tail
from tocsin.core.season import Season, rhythm
from tocsin.core.series import LeftOut, Measure

_NEXT = NOON + DAY


def test_a_few_values_say_nothing() -> None:
    """Nor do values that are left out, nor zeros."""
    known = series([100.0] * ENOUGH)

    assert expect(known, _NEXT) is not None
    assert expect(series([100.0] * (ENOUGH - 1)), _NEXT) is None
    assert expect(series([0.0, *[100.0] * (ENOUGH - 1)]), _NEXT) is None
    assert expect(known.leave_out("run 0", LeftOut.FIRST_LOAD), _NEXT) is None


@given(st.lists(st.floats(min_value=0, max_value=1e9), min_size=ENOUGH, max_size=130))
def test_the_range_holds_for_any_values(values: list[float]) -> None:
    """It begins at nothing or more, ends above its middle, and what is inside of it is as usual."""
    expected = expect(series(values), NOON + 7 * DAY)
    if expected is None:
        return
    low, high = expected.bounds(0.01)

    assert 0 <= low <= expected.typical <= high
    assert expected.p_value(high * 1.01 + 1) <= 0.01 or math.isinf(high)
    assert expected.p_value(expected.typical) == 1


def test_how_far_off_and_how_often_are_one_another_s_inverse() -> None:
    """The longer the odds, the further; the more is known, the closer."""
    for n in (4, 14, 28, 100):
        for alpha in (0.05, 0.01, 0.001):
            assert tail(furthest(alpha, n), n) == pytest.approx(alpha)
    assert furthest(0.01, 4) > furthest(0.01, 14)
    assert furthest(0.001, 28) > furthest(0.01, 28)


@pytest.mark.parametrize(
    ("day", "usual", "unusual"),
    [
        # 23 November 2026 is a Monday.
        (1, 1000, 300),
        (5, 300, 1000),
        (6, 300, 1000),
    ],
)
def test_each_weekday_is_compared_with_its_like(day: int, usual: float, unusual: float) -> None:
    """A Saturday's rows on a Tuesday are too few, and a Tuesday's on a Saturday too many."""
    expected = expect(series(weekly(28)), NOON + day * DAY)
    assert expected is not None

    assert expected.rhythm.season is Season.WEEK
    assert expected.p_value(usual) > 0.2
    assert expected.p_value(unusual) < 0.01
    assert [point.at.weekday() for point in expected.alike] == [day] * 4


def test_each_hour_is_compared_with_its_like() -> None:
    """Where runs are hourly, the night is not taken for an outage."""
    values = [1000.0 if 6 <= (NOON - (119 - hour) * HOUR).hour < 22 else 50.0 for hour in range(120)]
    known = series(values, every=HOUR)
    night, day = expect(known, NOON + 12 * HOUR), expect(known, NOON + 3 * HOUR)
    assert night is not None
    assert day is not None

    assert night.rhythm.season is Season.DAY
    assert min(night.p_value(50), day.p_value(1000)) > 0.2
    assert max(night.p_value(1000), day.p_value(50)) < 0.001


def test_working_days_say_nothing_about_the_first_weekend() -> None:
    """What is not known is not told as unusual."""
    monday_to_friday = series([1000.0] * 5)
    friday = monday_to_friday.points[-1].at
    shifted = replace(
        monday_to_friday,
        points=tuple(point._replace(at=point.at - (friday - NOON) - 3 * DAY) for point in monday_to_friday.points),
    )

    assert expect(shifted, NOON - 2 * DAY) is None
    assert expect(shifted, NOON) is not None


def test_growth_moves_the_range() -> None:
    """A table that grows by 3 % a day is not told for that."""
    growing = [1000 * 1.03**day for day in range(60)]
    expected = expect(series(growing), _NEXT)
    assert expected is not None

    assert expected.p_value(1000 * 1.03**60) > 0.05


def test_counts_of_few_rows_vary_by_chance_and_seconds_do_not() -> None:
    """Four rows and nine are both what six rows a day look like."""
    rows = expect(series([6.0] * 28), _NEXT)
    seconds = expect(series([6.0] * 28, measure=Measure.SECONDS), _NEXT)
    assert rows is not None
    assert seconds is not None

    low, high = rows.bounds(0.01)
    assert low < 4
    assert high > 9
    assert seconds.bounds(0.01)[1] < 9


def test_an_accepted_level_counts_at_once() -> None:
    """One run on it is enough, and how much the values vary is known from before."""
    known = series([*weekly(29)[:-1], 3000])
    expected = expect(known.accept(known.points[-1].at), _NEXT)
    assert expected is not None

    low, high = expected.bounds(0.01)
    assert 1500 < low < 3000 < high < 5000
    assert expected.n == 29


@pytest.mark.parametrize(
    ("every", "season"),
    [
        (timedelta(minutes=5), Season.NONE),
        (HOUR, Season.DAY),
        (6 * HOUR, Season.DAY),
        (DAY, Season.WEEK),
        (7 * DAY, Season.NONE),
    ],
)
def test_the_season_follows_from_how_often_runs_come(every: timedelta, season: Season) -> None:
    """By the median gap, so that a missing run or an extra one changes nothing."""
    times = [point.at for point in series([1.0] * 30, every=every).points]

    assert rhythm([*times[:10], *times[11:], times[-1] + every / 10]).season is season
    assert rhythm(times[:1]).season is Season.NONE
