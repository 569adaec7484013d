"""A trend drawn with characters: one column a run, the expected range shaded, a sign where something was unusual."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from tocsin.cli.screen import Cell, Column, Row
from tocsin.core.message import Tone
from tocsin.core.phrases import minute
from tocsin.core.series import LeftOut
from tocsin.core.trend import Judged, Trend

_ROWS = 9
#: The highest value that is drawn, in multiples of all that was expected: the rest has to be seen as well.
_CLIPPED = 4
_BAND, _USUAL, _UNUSUAL, _LEFT_OUT = "░", "●", "✕", "○"

COLUMNS = (
    Column(name="Run (UTC)"),
    Column(name="Value", right=True),
    Column(name="Expected"),
    Column(name="Note"),
)


def draw_trend(trend: Trend, width: int) -> list[list[Cell]]:
    """Return the lines of a drawing that is at most `width` wide, each as pieces of one tone."""
    top = _top(trend.points)
    labels = {_ROWS - 1: trend.words(top), 0: trend.words(0), _ROWS // 2: trend.words(top * (_ROWS // 2) / (_ROWS - 1))}
    margin = max(map(len, labels.values())) + 2
    points = trend.points[-(width - margin) :]
    wide = 2 if 2 * len(points) <= width - margin else 1
    lines = []
    for row in reversed(range(_ROWS)):
        cells = [_cell(point, row, top, wide) for point in points]
        pieces = [
            Cell(text="".join(cell.text for cell in group), tone=tone)
            for tone, group in groupby(cells, key=lambda cell: cell.tone)
        ]
        lines.append([Cell(text=f"{labels.get(row, ''):>{margin - 2}} ┤"), *pieces])
    return [*lines, [Cell(text=_days(points, margin, wide * len(points)))], *_legend(points, margin)]


def table_rows(trend: Trend) -> list[Row]:
    """Return the points of a trend for a table with `COLUMNS`, oldest first."""
    return [
        (
            minute(point.at),
            trend.words(point.value),
            point.expected,
            _note(point),
        )
        for point in trend.points
    ]


def _top(points: Sequence[Judged]) -> float:
    expected = max((point.high or 0 for point in points), default=0)
    highest = max((point.value for point in points), default=0)
    highest = min(highest, _CLIPPED * expected) if expected else highest
    return max(highest, expected) or 1


def _cell(point: Judged, row: int, top: float, wide: int) -> Cell:
    """Return what stands in one row of the column of a point."""
    low, high = point.low, point.high
    inside = low is not None and high is not None and _row(low, top) <= row <= _row(high, top)
    shade = _BAND if inside else " "
    if row != _row(point.value, top):
        return Cell(text=shade * wide, tone=Tone.INFO if shade == _BAND else None)
    sign, tone = _sign(point)
    return Cell(text=sign + shade * (wide - 1), tone=tone)


def _row(value: float, top: float) -> int:
    return round(min(max(value, 0) / top, 1) * (_ROWS - 1))


def _sign(point: Judged) -> tuple[str, Tone | None]:
    if point.unusual:
        return _UNUSUAL, Tone.ERROR
    return (_LEFT_OUT, None) if point.left_out else (_USUAL, Tone.GOOD)


def _note(point: Judged) -> str:
    if point.unusual:
        return "unusual"
    return f"{point.left_out}, not learned from" if point.left_out else ""


def _days(points: Sequence[Judged], margin: int, width: int) -> str:
    if not points:
        return ""
    first, last = minute(points[0].at), minute(points[-1].at)
    between = width - len(first) - len(last)
    return " " * margin + (f"{first}{' ' * between}{last}" if between > 0 else last)


def _legend(points: Sequence[Judged], margin: int) -> list[list[Cell]]:
    """Return what the signs mean, of those that occur."""
    others = [LeftOut(point.left_out).value for point in points if point.left_out and not point.unusual]
    parts = [
        f"{_BAND} expected" if any(point.high is not None for point in points) else "",
        f"{_UNUSUAL} unusual" if any(point.unusual for point in points) else "",
        f"{_LEFT_OUT} {', '.join(dict.fromkeys(others))}" if others else "",
    ]
    text = "   ".join(part for part in parts if part)
    return [[Cell(text=" " * margin + text)]] if text else []
