"""What is unusual, what is learned from it, and when a level is the new normal."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from made_series import DAY, HOUR, judge_all, judge_last, series, weekly
from tocsin.core.judgement import Why, judge_values, unusual_since
from tocsin.core.limits import Limits, RowLimits
from tocsin.core.series import LeftOut, Measure, Series


def _whys(values: list[float], **changes: object) -> list[Why | None]:
    return [judged.why for judged in judge_all(series(values), **changes)]  # type: ignore[arg-type]


@given(st.integers(1, 10**9), st.integers(5, 60), st.sampled_from([HOUR, DAY, 7 * DAY]))
def test_a_flat_series_is_never_told(rows: int, n: int, every: object) -> None:
    """Nor one that is flat but for a row more or less."""
    values = [float(rows)] * n
    for flat in (values, [*values, rows + 1.0], [*values, max(rows - 1.0, 1.0)]):
        judged = judge_all(series(flat, every=every))  # type: ignore[arg-type]
        assert {one.why for one in judged} == {None}


@pytest.mark.parametrize("seed", range(20))
def test_a_weekly_pattern_is_never_told(seed: int) -> None:
    """From the first day on, whichever weekday that is."""
    assert set(_whys(weekly(56 + seed % 7, noise=0.1, seed=seed))) == {None}


@pytest.mark.parametrize("n", [4, 13, 28, 60])
def test_nothing_is_told_from_the_fifth_run_on(n: int) -> None:
    """Where a table always got rows, and on each day of an outage however long it lasts."""
    whys = _whys([*weekly(n, weekend=1000), *[0.0] * 10])

    assert whys == [*[None] * n, *[Why.NOTHING] * 10]


@pytest.mark.parametrize(
    ("values", "why"),
    [
        # It is empty every third day.
        ([100.0, 100.0, 0.0] * 8, None),
        # It never got anything.
        ([0.0] * 20, None),
        # Two rows a day: none may be chance.
        ([2.0, 1.0, 3.0, 2.0, 1.0, 0.0], None),
        # One row a day, always: none is no chance.
        ([*[1.0] * 12, 0.0], Why.NOTHING),
        # A few rows a day, for months.
        ([*[1.0, 2.0] * 55, 0.0], Why.NOTHING),
        # Empty on each weekend, and now on a Monday.
        ([*weekly(29, weekend=0)[:-1], 0.0], Why.NOTHING),
        # Empty on each weekend, this one included.
        (weekly(28, weekend=0), None),
        # The first rows after a long time are no alarm.
        ([*[0.0] * 20, 1000.0], None),
    ],
)
def test_nothing_is_unusual_where_there_is_always_something(values: list[float], why: Why | None) -> None:
    """On all days, or on all of this weekday."""
    assert judge_last(series(values)).why is why


@pytest.mark.parametrize(
    ("factor", "why"),
    [
        (0.2, Why.LOW),
        (0.5, Why.LOW),
        (0.7, Why.LOW),
        (0.9, None),
        (1.0, None),
        (1.1, None),
        (1.5, Why.HIGH),
        (2, Why.HIGH),
    ],
)
def test_what_is_further_off_than_ever_is_told(factor: float, why: Why | None) -> None:
    """Less than usual and more."""
    values = weekly(29, noise=0.08)

    assert judge_last(series([*values[:-1], 1000 * factor])).why is why


def test_a_few_rows_are_no_matter() -> None:
    """A table of three rows a day may get five."""
    assert judge_last(series([*[3.0] * 60, 7.0])).why is None


def test_the_value_itself_is_not_in_its_own_baseline() -> None:
    """What is expected is the same whatever came."""
    values = weekly(29)[:-1]
    expected = {judge_last(series([*values, last])).expected for last in (0.0, 1.0, 1000.0, 1e9)}

    assert len(expected) == 1


def test_what_was_told_is_not_learned_from() -> None:
    """The range on the third bad day is that of the first one."""
    bad = judge_all(series([*weekly(28, weekend=1000, noise=0), 10.0, 11.0, 12.0]))[-3:]

    assert [judged.why for judged in bad] == [Why.LOW] * 3
    assert [judged.again for judged in bad] == [False, True, True]
    assert len({judged.usual for judged in bad}) == 1
    assert {point.left_out for point in bad[-1].series.points[-3:]} == {LeftOut.UNUSUAL}


def test_three_equal_days_are_the_new_normal() -> None:
    """The fourth day is no problem any more, and a return to the old level is one."""
    judged = judge_all(series([*[1000.0] * 28, *[2000.0] * 5, 1000.0]))[28:]

    assert [one.why for one in judged] == [Why.HIGH, Why.HIGH, Why.HIGH, None, None, Why.LOW]
    assert [one.new_level for one in judged] == [False, False, False, True, False, False]


def test_three_bad_days_and_a_good_one_are_no_new_normal() -> None:
    """A value of the old level ends the problem, and that level stays what is expected."""
    judged = judge_all(series([*[1000.0] * 28, *[200.0] * 3, 1000.0, 1000.0, 200.0]))[28:]

    assert [one.why for one in judged] == [Why.LOW, Why.LOW, Why.LOW, None, None, Why.LOW]


def test_three_days_that_differ_are_no_level() -> None:
    """They are told until somebody accepts them or they become even."""
    judged = judge_all(series([*[1000.0] * 28, 2000.0, 9000.0, 4000.0, 2500.0, 8000.0]))[28:]

    assert [one.why for one in judged] == [Why.HIGH] * 5


def test_what_stays_odd_is_learned_anew() -> None:
    """Where most of ten days were unusual, and not empty, the history no longer says what is usual."""
    chance = random.Random(3)  # noqa: S311  # draws that can be repeated
    judged = judge_all(series([*[1000.0] * 28, *(float(chance.randint(3000, 90_000)) for _ in range(30))]))[28:]

    assert [one.why for one in judged[:6]] == [Why.HIGH] * 6
    assert {one.why for one in judged[10:]} == {None}


def test_three_hours_are_not_three_days() -> None:
    """An hourly table that has doubled is told for more than a day."""
    judged = judge_all(series([*[1000.0] * 72, *[2000.0] * 40], every=HOUR))[72:]

    assert [one.why for one in judged][:36] == [Why.HIGH] * 36
    assert judged[-1].why is None


def test_the_same_weekday_three_times_is_a_habit() -> None:
    """A report that began to come on Sundays only is told twice, and then known."""
    values = [5000.0 if day in {29, 36, 43, 50, 57} else 1000.0 for day in range(58)]

    assert [day for day, why in enumerate(_whys(values)) if why is not None] == [29, 36]


def test_limits_need_no_history_and_go_before_it() -> None:
    """They are told although the values are as usual."""
    limits = Limits(rows={"items": RowLimits(least=10, most=100)})

    assert _whys([5.0, 50.0, 500.0, 0.0], limits=limits) == [Why.TOO_FEW, None, Why.TOO_MANY, Why.NOTHING]


@pytest.mark.parametrize(
    ("measure", "limits"), [(Measure.ROWS, Limits(volume=False)), (Measure.SECONDS, Limits(duration=False))]
)
def test_what_nobody_asks_for_is_learned_and_not_told(measure: Measure, limits: Limits) -> None:
    """Switched on again, its history is there."""
    judged = judge_all(series([*[1000.0] * 28, 9000.0], measure=measure), limits=limits)

    assert judged[-1].why is None
    assert judged[-1].point.left_out is None


@pytest.mark.parametrize(
    ("seconds", "why"),
    [
        # Four times as long.
        (2400, Why.HIGH),
        # Faster is no problem.
        (1, None),
        # A third longer may happen.
        (800, None),
    ],
)
def test_of_durations_only_long_ones_are_told(seconds: float, why: Why | None) -> None:
    """And only if they matter."""
    assert judge_last(series([*[600.0] * 28, seconds], measure=Measure.SECONDS)).why is why


def test_a_minute_is_the_least_that_matters() -> None:
    """A step of two seconds may take half a minute."""
    assert judge_last(series([*[2.0] * 28, 30.0], measure=Measure.SECONDS)).why is None


@pytest.mark.parametrize("why", [LeftOut.FIRST_LOAD, LeftOut.REFRESH, LeftOut.BACKFILL, LeftOut.EXTRA])
def test_what_shows_nothing_of_what_is_usual_is_not_told(why: LeftOut) -> None:
    """Nor is it learned from, nor does it end anything."""
    one = series([*[1000.0] * 28, 99_000.0]).leave_out("run 28", why)

    judged = judge_last(one)

    assert (judged.why, judged.settled, judged.series) == (None, False, one)


def test_among_many_tables_some_are_far_off_by_chance() -> None:
    """One of hundreds has to be further off than one alone, unless many of them are off at once."""
    chance = random.Random(7)  # noqa: S311  # draws that can be repeated
    usual = [[1000 * chance.uniform(0.85, 1.15) for _ in range(28)] for _ in range(500)]

    def told(lasts: list[float]) -> int:
        observed: dict[tuple[Measure, str], Series] = {}
        for number, (values, last) in enumerate(zip(usual, lasts, strict=True)):
            one = series([*values, last], item=f"table{number}")
            observed[one.key] = one
        judged = judge_values(observed, "run 28", limits=Limits(), false_alerts=0.3)
        return sum(one.why is not None for one in judged.values())

    assert told([630.0, *[1000.0] * 499]) == 0
    assert judge_last(series([*usual[0], 630.0])).why is Why.LOW
    assert told([*[630.0] * 250, *[1000.0] * 250]) > 230


def test_fewer_false_alerts_mean_a_wider_range() -> None:
    """Who accepts ten false alerts a month hears of smaller incidents."""
    one = series([*weekly(28, weekend=1000, noise=0.1), 760.0])

    assert judge_last(one, false_alerts=0.01).why is None
    assert judge_last(one, false_alerts=3).why is Why.LOW


def test_since_when_values_are_unusual() -> None:
    """From the first one after the last usual one."""
    one = judge_all(series([*[1000.0] * 10, 0.0, 1000.0, 0.0, 0.0]))[-1].series

    assert unusual_since(one) == one.points[-2].at
    assert unusual_since(replace(one, points=one.points[:-2])) is None
