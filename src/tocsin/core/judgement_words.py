"""How a judgement about a value is told: what was expected, from what, and how it looks beside those before it."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from datetime import timedelta

from tocsin.core.judgement import Judgement
from tocsin.core.season import Season
from tocsin.core.series import LeftOut, Measure
from tocsin.core.sparkline import sparkline
from tocsin.core.words import amount, amounts, count, duration, durations

#: Values that are drawn.
_DRAWN = 30
_DIGITS = 3
#: Odds that are longer than this are not known so well.
_RARE = 1_000
_SEASONS = {
    Season.WEEK: ", by weekday",
    Season.DAY: ", by hour of the day",
    Season.NONE: "",
}
_METHOD = (
    "the level of the newest runs{season}; unusual is what is further off than these runs have been, "
    "which happens {odds}"
)


def value_text(judged: Judgement) -> str:
    """Return "0 rows" or "41 min"."""
    if judged.series.measure is Measure.ROWS:
        return count(round(judged.point.value), "row")
    return duration(timedelta(seconds=judged.point.value))


def usual_text(judged: Judgement) -> str:
    """Return "usually 780 to 1,280", or nothing while too little is known."""
    if judged.usual is None:
        return ""
    low, high = judged.usual
    if judged.series.measure is Measure.ROWS:
        return f"usually {amounts(_rounded(low, math.ceil), _rounded(high, math.floor))}"
    return f"usually {durations(timedelta(seconds=low), timedelta(seconds=high))}"


def evidence(judged: Judgement) -> Mapping[str, str]:
    """Return the facts behind a judgement, by their labels."""
    expected = judged.expected
    if expected is None:
        return {"Expected": "not known yet: fewer than 4 runs can be learned from"}
    facts = {"Expected": f"{usual_text(judged).removeprefix('usually ')}, learned from {count(expected.n, 'run')}"}
    season = expected.rhythm.season
    by_season = _SEASONS[season] if expected.alike else ""
    facts["Method"] = _METHOD.format(season=by_season, odds=_odds(expected.p_value(judged.point.value)))
    if alike := expected.alike:
        written = f"{'%a ' if season is Season.WEEK else ''}%d %b{' %H:%M' if season is Season.DAY else ''}"
        label = {Season.WEEK: "Same weekday", Season.DAY: "Same hour"}.get(season, "Before")
        facts[label] = ", ".join(f"{_short(judged, point.value)} ({point.at:{written}})" for point in alike)
    return facts


def drawing(judged: Judgement) -> Mapping[str, str]:
    """Return what the values up to this one looked like, under its label."""
    points = [point for point in judged.series.points if point.at <= judged.point.at][-_DRAWN:]
    shown = [point.value for point in points if point.left_out in {None, LeftOut.UNUSUAL}]
    if len(shown) < 2:  # noqa: PLR2004  # one column shows nothing
        return {}
    return {f"Last {len(shown)} runs, up to {_short(judged, max(shown))}": sparkline(shown)}


def _odds(p_value: float) -> str:
    if p_value < 1 / _RARE:
        return f"less than once in {_RARE:,} usual runs"
    return f"once in {count(round(1 / p_value), 'usual run')}"


def _short(judged: Judgement, value: float) -> str:
    if judged.series.measure is Measure.ROWS:
        return amount(round(value))
    return duration(timedelta(seconds=value))


def _rounded(value: float, towards: Callable[[float], int]) -> int:
    """Return a bound with as many digits as it deserves, so that what is outside of it stays outside."""
    size = int(10 ** max(len(str(int(value))) - _DIGITS, 0))
    return towards(value / size) * size
