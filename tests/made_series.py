"""Series of a value a day, an hour or a week, and what is judged of the last one."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import datetime, timedelta

from made import NOON
from tocsin.core.judgement import Judgement, judge_values
from tocsin.core.limits import Limits
from tocsin.core.series import Measure, Point, Series

DAY, HOUR = timedelta(days=1), timedelta(hours=1)


def series(
    values: Sequence[float], *, every: timedelta = DAY, measure: Measure = Measure.ROWS, item: str = "items"
) -> Series:
    """Return a series of these values, the last of them on a Monday noon."""
    first = NOON - (len(values) - 1) * every
    points = tuple(Point(first + index * every, value, f"run {index}") for index, value in enumerate(values))
    return Series(pipeline="orders", environment="default", measure=measure, item=item, points=points)


def judge_last(one: Series, *, limits: Limits | None = None, false_alerts: float = 0.3) -> Judgement:
    """Return what the last value of a series is beside those before it."""
    judged = judge_values(
        {one.key: one}, one.points[-1].logical_id, limits=limits or Limits(), false_alerts=false_alerts
    )
    return judged[one.key]


def judge_all(one: Series, *, limits: Limits | None = None) -> list[Judgement]:
    """Return what each value is when it comes, and what was learned or left out by then is remembered."""
    judged = []
    so_far = Series(pipeline=one.pipeline, environment=one.environment, measure=one.measure, item=one.item)
    for point in one.points:
        judged.append(judge_last(so_far.add(point), limits=limits))
        so_far = judged[-1].series
    return judged


def weekly(
    days: int, *, workday: float = 1000, weekend: float = 300, noise: float = 0.05, seed: int = 1
) -> list[float]:
    """Return values of so many days up to a Monday."""
    chance = random.Random(seed)  # noqa: S311  # draws that can be repeated
    return [
        round((weekend if _weekday(day, days) >= 5 else workday) * chance.uniform(1 - noise, 1 + noise))
        for day in range(days)
    ]


def _weekday(day: int, days: int) -> int:
    at: datetime = NOON - (days - 1 - day) * DAY
    return at.weekday()
