"""A trend as a chart: the line of values over the band of what was expected, and rings around what was unusual.

A chart is stretched to whatever width there is, so it holds no text and no shape that stretching would spoil: lines
keep their width, and dots are lines without length.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from itertools import groupby
from xml.etree.ElementTree import Element

from tocsin.channels.formats.element import node
from tocsin.core.phrases import minute
from tocsin.core.series import Measure
from tocsin.core.trend import Judged, Trend

_WIDTH, _HEIGHT = 600, 100
#: The highest value stands a little below the top.
_ROOM = 1.08
#: What is higher than so many times all that was expected is drawn at the top: the rest has to be seen as well.
_CLIPPED = 4
#: Lengths of time that are easy to read, in seconds; and how high in a chart one is looked for.
_ROUND = tuple(number * unit for unit in (1, 60, 3600) for number in (1, 2, 5, 10, 20, 30))
_LABELLED = 0.9


def draw_chart(trend: Trend, *, small: bool = False, named: bool = True) -> Element:
    """Return a trend as a chart.

    Args:
        trend: What to draw.
        small: It stands in a row of a table and has no labels.
        named: Each point tells its value; else, as in a small one, only those that stand out do.
    """
    points = trend.points
    top = _top(points)
    svg = node(
        "svg",
        *_bands(points, top),
        *_line(points, top),
        *(dot for point in points for dot in _dots(trend, point, top, every=named and not small)),
        viewBox=f"0 0 {_WIDTH} {_HEIGHT}",
        preserveAspectRatio="none",
        role="img",
        aria_label=_sentence(trend),
    )
    if small:
        return node("div", svg, class_="small plot")
    tick = _tick(trend, top)
    labels = [_label(trend.words(tick), 1 - tick / top)] if tick else []
    days = [_moment(point.at) for point in (points[0], points[-1])] if len(points) > 1 else []
    return node("div", node("div", svg, *labels, class_="plot"), node("div", *days, class_="days"))


def _top(points: Sequence[Judged]) -> float:
    shown = [point.value for point in points if point.left_out is None or point.unusual]
    highest = max([*shown, *(point.high or 0 for point in points)], default=0)
    expected = max((point.high or 0 for point in points), default=0)
    return (min(highest, _CLIPPED * expected) if expected else highest) * _ROOM or 1


def _tick(trend: Trend, top: float) -> float:
    """Return a round value in the upper part of a chart."""
    highest = _LABELLED * top
    size = 10.0 ** math.floor(math.log10(highest))
    candidates = [digit * size for digit in (1, 2, 5)]
    if trend.measure is Measure.SECONDS and highest >= _ROUND[0]:
        candidates = [float(seconds) for seconds in _ROUND]
    return max(value for value in candidates if value <= highest)


def _moment(at: datetime) -> Element:
    """Return a moment in UTC, which pages move to the zone that somebody has chosen."""
    return node("time", minute(at), datetime=f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}", data_length="bare")


def _label(words: str, down: float) -> Element:
    """Return a value at its height, over the whole width.

    It is a drawing of its own, that is not stretched: the pages allow no styles inside of elements.
    """
    y = f"{100 * down:.1f}%"
    line, text = node("line", x1="0", x2="100%", y1=y, y2=y), node("text", words, x="0", y=y, dy="-3")
    return node("svg", line, text, class_="scale", aria_hidden="true")


def _bands(points: Sequence[Judged], top: float) -> Iterator[Element]:
    """Yield the expected range of consecutive points as areas."""
    for known, group in groupby(points, key=lambda point: point.low is not None):
        if not known:
            continue
        inside = list(group)
        upper = [_place(point, point.high or 0, points, top) for point in inside]
        lower = [_place(point, point.low or 0, points, top) for point in reversed(inside)]
        if len(inside) > 1:
            yield node("polygon", points=" ".join([*upper, *lower]), class_="band")


def _line(points: Sequence[Judged], top: float) -> Iterator[Element]:
    places = [_place(point, point.value, points, top) for point in points if point.left_out is None or point.unusual]
    if len(places) > 1:
        yield node("polyline", points=" ".join(places), class_="path")


def _dots(trend: Trend, point: Judged, top: float, *, every: bool) -> Iterator[Element]:
    """Yield the dot of a point with all that is said of it; where not every one has one, of what stands out."""
    points = trend.points
    looks = ("ring", "hole") if point.unusual else ("left-out",) if point.left_out else ("dot",)
    if not every and looks == ("dot",) and point is not points[-1]:
        return
    text = node("title", f"{minute(point.at)} UTC: {trend.judgement(point)}")
    place = _place(point, point.value, points, top)
    yield node("g", text, *(node("path", d=f"M{place}h0", class_=look) for look in looks))


def _place(point: Judged, value: float, points: Sequence[Judged], top: float) -> str:
    begin, end = points[0].at, points[-1].at
    share = (point.at - begin) / (end - begin) if end > begin else 0.5
    return f"{share * _WIDTH:.1f},{_HEIGHT * (1 - min(max(value, 0) / top, 1)):.1f}"


def _sentence(trend: Trend) -> str:
    if not trend.points:
        return f"{trend.name}: nothing yet"
    last = trend.points[-1]
    unusual = f", {trend.unusual} unusual" if trend.unusual else ""
    return f"{trend.name}, {len(trend.points)} runs{unusual}; the last one {trend.judgement(last)}"
