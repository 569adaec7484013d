"""How many injected incidents are found in real series, beside other methods at the same rate of false alerts.

The series are real counts of a year (see bench/series/prepare.py): most are steady with weekends and holidays, two
follow the weather. From the 29th on, every day is once the last day of its series: as it was, and with each incident.
Where a day as it was opens an alert, that is a false one, holidays included: nobody tells the methods about those. Days
after a day that was told are left out, because an alert is open then.

* At the same budget: Tocsin with its own settings; each other method with the threshold that keeps the budget on one
  half of the series, from which Tocsin's constants come as well. No carrier and no destination is in both halves. What
  is found is counted on the other one.
* As documented: Elementary's defaults (14 days, the tested one among them, 3 standard deviations), 3.5 median absolute
  deviations, and 10 % more or less than the day before.
* In hard places: an empty table from the fifth run on, the third day of an outage, the days around holidays, the days
  after a shift of the level, a flat series.
"""

from __future__ import annotations

import csv
import json
import statistics
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import TypeAlias

from tocsin.core.judgement import judge_values
from tocsin.core.limits import FALSE_ALERTS, Limits
from tocsin.core.series import KEPT, Measure, Point, Series

_COUNTS = Path(__file__).parent / "series" / "counts.csv"
INCIDENTS = {"zero": 0.0, "-80 %": 0.2, "-50 %": 0.5, "-30 %": 0.7, "x1.5": 1.5, "x2": 2.0}
HISTORIES = (14, 28)
_FIRST = 28
_MONTH = 30
#: Days around which the series have holidays: Memorial Day, 4 July, Labor Day, Thanksgiving and Christmas.
_HOLIDAYS = ("2013-05-26", "2013-07-04", "2013-09-01", "2013-11-29", "2013-12-25")

#: Scores of values, given the history before them: the higher, the more unusual.
Scorer: TypeAlias = Callable[[Series, datetime, Sequence[float]], list[float]]


@dataclass(frozen=True, kw_only=True)
class Day:
    """What a method says of one day: of the day as it was, and of each incident."""

    clean: float
    incidents: tuple[float, ...]


#: The days of one series, in their order.
Days: TypeAlias = list[Day]


def load() -> dict[str, Series]:
    """Return the series by their names."""
    with _COUNTS.open() as file:
        rows = list(csv.DictReader(file))
    days = [datetime.fromisoformat(row.pop("date")).replace(hour=6, tzinfo=UTC) for row in rows]
    return {name: _series(name, zip(days, (float(row[name]) for row in rows), strict=True)) for name in rows[0]}


def _series(name: str, values: Iterable[tuple[datetime, float]]) -> Series:
    points = tuple(Point(at, value, at.isoformat()) for at, value in values)
    return Series(pipeline="bench", environment="default", measure=Measure.ROWS, item=name, points=points)


def halves(names: Iterable[str]) -> tuple[list[str], list[str]]:
    """Return the series that thresholds are found on, and those that are tested: every other carrier and so on."""
    airports = ("EWR", "JFK", "LGA")
    names = sorted(names)
    carriers = sorted({name.partition("-")[0] for name in names if not name.startswith(("to-", "bikes-", *airports))})
    kinds = [
        [name for name in names if name.startswith("to-")],
        [name for name in names if name.startswith("bikes-")],
        [name for name in names if name in airports],
        # The routes of a carrier go with it: they are the same flights.
        *([name for name in names if name.partition("-")[0] == carrier] for carrier in carriers),
    ]
    first = [name for kind in kinds[:3] for name in kind[::2]] + [name for kind in kinds[3::2] for name in kind]
    return first, [name for name in names if name not in first]


def elementary_score(known: Series, _at: datetime, values: Sequence[float]) -> list[float]:
    """Score by Elementary's documented z-score: 14 days, of which the tested one is the last."""
    window = [point.value for point in known.points[-13:]]
    scores = []
    for value in values:
        spread = statistics.stdev([*window, value])
        scores.append(abs(value - statistics.fmean([*window, value])) / spread if spread else 0.0)
    return scores


def mad_score(known: Series, _at: datetime, values: Sequence[float]) -> list[float]:
    """Score by the distance from the median, in median absolute deviations; where that is 0, in mean ones."""
    window = [point.value for point in known.points]
    middle = statistics.median(window)
    off = [abs(value - middle) for value in window]
    spread = 1.4826 * statistics.median(off) or 1.2533 * statistics.fmean(off) or 1e-9
    return [abs(value - middle) / spread for value in values]


def day_over_day_score(known: Series, _at: datetime, values: Sequence[float]) -> list[float]:
    """Score by the share by which a value differs from the one before."""
    before = known.points[-1].value
    return [abs(value / before - 1) if before else 0.0 for value in values]


#: The other methods, and the threshold that each is documented with.
METHODS: dict[str, tuple[Scorer, float]] = {
    "Elementary z-score": (elementary_score, 3.0),
    "median absolute deviation": (mad_score, 3.5),
    "day over day": (day_over_day_score, 0.1),
}


def with_incidents(value: float) -> list[float]:
    """Return a value as it was, and with each incident."""
    return [value, *(float(round(value * factor)) for factor in INCIDENTS.values())]


def days(series: Series, scorer: Scorer, history: int, *, known: Sequence[Series] | None = None) -> Days:
    """Return what a method says of each day.

    Args:
        series: The values.
        scorer: The method.
        history: How many days before each it may know.
        known: What was known before each day, for a method that does not learn from all of them.
    """
    found = []
    for index in range(_FIRST, len(series.points)):
        point = series.points[index]
        before = known[index] if known is not None else replace(series, points=series.points[:index])
        before = replace(before, points=before.points[-history:])
        clean, *incidents = scorer(before, point.at, with_incidents(point.value))
        found.append(Day(clean=clean, incidents=tuple(incidents)))
    return found


def tocsin_says(known: Series, at: datetime, values: Sequence[float]) -> list[float]:
    """Score 1 what Tocsin tells, and 0 what it does not."""
    return [float(told(known, at, value)) for value in values]


def told(known: Series, at: datetime, value: float) -> bool:
    """Return whether Tocsin tells a value, with all its rules."""
    one = known.add(Point(at, value, "now"))
    return judge_values({one.key: one}, "now", limits=Limits(), false_alerts=FALSE_ALERTS)[one.key].why is not None


def lived(series: Series) -> list[Series]:
    """Return what was known before each day, and after the last one, with what Tocsin has learned from and what not."""
    states = [replace(series, points=())]
    for point in series.points:
        one = states[-1].add(point)
        judged = judge_values({one.key: one}, point.logical_id, limits=Limits(), false_alerts=FALSE_ALERTS)
        states.append(judged[one.key].series)
    return states


def quiet(of: Days, threshold: float) -> list[Day]:
    """Return the days before which nothing was told: no alert is open on them."""
    return [day for before, day in pairwise(of) if before.clean <= threshold]


def opened(of: Sequence[Days], threshold: float) -> float:
    """Return how many alerts open in a month of a series."""
    return sum(day.clean > threshold for each in of for day in quiet(each, threshold)) / sum(map(len, of)) * _MONTH


def found(of: Sequence[Days], threshold: float) -> dict[str, object]:
    """Return the share of each incident that is found, and how many false alerts open in a month."""
    tested = [day for each in of for day in quiet(each, threshold)]
    shares = [sum(day.incidents[n] > threshold for day in tested) / len(tested) for n in range(len(INCIDENTS))]
    return {
        "mean recall": round(statistics.fmean(shares), 3),
        "false alerts a table a month": round(opened(of, threshold), 2),
        "recall": {name: round(share, 2) for name, share in zip(INCIDENTS, shares, strict=True)},
    }


def threshold_for(of: Sequence[Days], false_alerts: float) -> float:
    """Return the lowest score of a clean day that keeps the budget as a threshold."""
    scores = sorted({day.clean for each in of for day in each})
    low, high = 0, len(scores) - 1
    while low < high:
        middle = (low + high) // 2
        if opened(of, scores[middle]) > false_alerts:
            low = middle + 1
        else:
            high = middle
    return scores[low]


def measure(
    raw: Mapping[str, Series], learned: Mapping[str, Sequence[Series]], history: int
) -> Iterator[dict[str, object]]:
    """Yield what each method finds on the tested half of the series."""
    first, second = halves(raw)
    about = {"series": len(second), "days of history": history}
    yield {
        "figure": f"found at {FALSE_ALERTS} false alerts a table a month",
        "method": "Tocsin",
        **about,
        **found([days(raw[name], tocsin_says, history, known=learned[name]) for name in second], 0.5),
        "wanted": {14: "mean recall >= 0.85", 28: "mean recall >= 0.90"}[history],
    }
    for method, (scorer, documented) in METHODS.items():
        threshold = threshold_for([days(raw[name], scorer, history) for name in first], FALSE_ALERTS)
        tested = [days(raw[name], scorer, history) for name in second]
        figure = f"found at {FALSE_ALERTS} false alerts a table a month"
        yield {"figure": figure, "method": method, **about, **found(tested, threshold)}
        yield {"figure": "found as documented", "method": method, **about, **found(tested, documented)}


def measure_empty(series: Mapping[str, Series]) -> dict[str, object]:
    """Return how often an empty table is told, from its fifth run on."""
    empty = [
        told(replace(each, points=each.points[start : start + known]), each.points[start + known].at, 0.0)
        for each in series.values()
        for start in range(0, len(each.points) - 30, 5)
        for known in (4, 5, 6, 9, 13, 20, 28)
    ]
    return {
        "figure": "share of empty loads that are told, from the fifth run on",
        "n": len(empty),
        "share": round(sum(empty) / len(empty), 4),
        "wanted": ">= 0.99",
    }


def measure_outage(series: Mapping[str, Series], learned: Mapping[str, Sequence[Series]]) -> dict[str, object]:
    """Return how often the third day of an outage is told."""
    third = []
    for name, each in series.items():
        for index in range(_FIRST, len(each.points) - 3, 7):
            known = learned[name][index]
            for point in each.points[index : index + 3]:
                one = known.add(point._replace(value=0.0))
                judged = judge_values({one.key: one}, point.logical_id, limits=Limits(), false_alerts=FALSE_ALERTS)
                known = judged[one.key].series
            third.append(judged[one.key].why is not None)
    return {
        "figure": "share of outages that are told on their third day",
        "n": len(third),
        "share": round(sum(third) / len(third), 4),
        "wanted": ">= 0.99",
    }


def measure_places(
    series: Mapping[str, Series], learned: Mapping[str, Sequence[Series]]
) -> Iterator[dict[str, object]]:
    """Yield what is found around holidays, and in the days after the level has gone up by half."""
    around = [datetime.fromisoformat(day).replace(hour=6, tzinfo=UTC) for day in _HOLIDAYS]
    near = [
        (learned[name][index], each.points[index])
        for name, each in series.items()
        for index in range(_FIRST, len(each.points))
        if any(abs(each.points[index].at - holiday) <= timedelta(days=4) for holiday in around)
    ]
    yield {"figure": "found within four days of a holiday", **_told_at(near)}
    for since in (4, 7, 14):
        after = []
        for each in series.values():
            for index in range(2 * _FIRST, len(each.points), 23):
                shifted = [
                    point._replace(value=round(point.value * 1.5)) if place >= index - since else point
                    for place, point in enumerate(each.points[: index + 1])
                ][index - 2 * _FIRST :]
                after.append((lived(replace(each, points=tuple(shifted[:-1])))[-1], shifted[-1]))
        yield {"figure": f"found {since} days after the level has gone up by half", **_told_at(after)}


def _told_at(places: Sequence[tuple[Series, Point]]) -> dict[str, object]:
    said = [tocsin_says(known, point.at, with_incidents(point.value)) for known, point in places]
    shares = [statistics.fmean(column) for column in zip(*said, strict=True)]
    return {
        "n": len(said),
        "mean recall": round(statistics.fmean(shares[1:]), 3),
        "recall": {name: round(share, 2) for name, share in zip(INCIDENTS, shares[1:], strict=True)},
        "share of clean days that are told": round(shares[0], 3),
    }


def measure_flat() -> dict[str, object]:
    """Return how often flat series are told in four months."""
    begin = datetime(2026, 1, 5, 6, tzinfo=UTC)
    alarms = 0
    for rows in (1, 7, 100, 12_345, 5_000_000):
        values = [float(rows + (not day % 9)) for day in range(KEPT)]
        flat = _series(str(rows), ((begin + timedelta(days=day), value) for day, value in enumerate(values)))
        alarms += sum(point.left_out is not None for point in lived(flat)[-1].points)
    return {"figure": "alarms on flat series in four months", "alarms": alarms, "wanted": 0}


def main() -> None:
    """Print the figures as one JSON object a line."""
    raw = load()
    learned = {name: lived(each) for name, each in raw.items()}
    for history in HISTORIES:
        for figure in measure(raw, learned, history):
            print(json.dumps(figure), flush=True)
    for figure in (measure_empty(raw), measure_outage(raw, learned), *measure_places(raw, learned), measure_flat()):
        print(json.dumps(figure), flush=True)


if __name__ == "__main__":
    main()
