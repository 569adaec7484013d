"""Trends: points beside what was expected of them, and how terminals draw them."""

from __future__ import annotations

import io
from datetime import timedelta

import pytest
from rich.console import Console

from made import NOON, alert
from tocsin.cli.drawing import draw_trend, table_rows
from tocsin.cli.plain_screen import PlainScreen
from tocsin.cli.rich_screen import RichScreen
from tocsin.core.finding import Topic
from tocsin.core.series import LeftOut, Measure, Point, Series
from tocsin.core.trend import Trend, trend


def _series(*values: float, measure: Measure = Measure.ROWS, left_out: dict[int, LeftOut] | None = None) -> Series:
    """Return one value a day, the last one at noon."""
    points = tuple(
        Point(NOON - timedelta(days=len(values) - 1 - day), value, f"run{day}", (left_out or {}).get(day))
        for day, value in enumerate(values)
    )
    return Series(pipeline="orders", environment="default", measure=measure, item="orders", points=points)


def _trend(series: Series, newest: int = 60) -> Trend:
    return trend(series, false_alerts=0.3, newest=newest)


def test_a_point_is_compared_with_those_before_it() -> None:
    """What came later, and the point itself, change nothing of what was expected of it."""
    calm = [1000, 1020, 990, 1010, 1005, 995, 1015, 1000]

    alone, followed = _trend(_series(*calm, 100)), _trend(_series(*calm, 100, 100_000))

    assert [(one.low, one.high) for one in alone.points[-1:]] == [(one.low, one.high) for one in followed.points[-2:-1]]
    assert alone.points[-1].low is not None
    assert alone.points[-1].low > 100
    assert alone.points[0].low is None


def test_an_unusual_point_says_so() -> None:
    """Because the engine left it out, or because an alert is about its run."""
    marked = _series(*[1000] * 8, 100, left_out={8: LeftOut.UNUSUAL})
    about = alert(topic=Topic.VOLUME, item="orders", logical_id="run2")

    shown = trend(marked, [about], false_alerts=0.3, newest=60)

    assert [index for index, point in enumerate(shown.points) if point.unusual] == [2, 8]
    assert shown.judgement(shown.points[8]).startswith("100, expected ")
    assert shown.judgement(shown.points[8]).endswith(", unusual")


def test_only_what_is_asked_for_is_returned() -> None:
    """So many of the newest points, and none from before the moment."""
    series = _series(*range(100, 120))

    assert [point.value for point in _trend(series, newest=3).points] == [117, 118, 119]
    since = trend(series, false_alerts=0.3, newest=60, since=NOON - timedelta(days=1))
    assert [point.value for point in since.points] == [118, 119]


def test_values_have_the_unit_of_their_measure() -> None:
    """Rows are counted, seconds are a length of time."""
    assert _trend(_series(1204)).words(1204) == "1,204"
    assert _trend(_series(185, measure=Measure.SECONDS)).words(185) == "3 min 5 s"
    assert _trend(_series(185, measure=Measure.SECONDS)).name == "duration of orders"


def _lines(shown: Trend, width: int) -> list[str]:
    return ["".join(cell.text for cell in line).rstrip() for line in draw_trend(shown, width)]


def test_a_terminal_draws_one_column_a_run() -> None:
    """Values stand in the shaded range, what is unusual below or above it, and the signs are explained."""
    drawn = _lines(_trend(_series(*[1000] * 9, 0, left_out={0: LeftOut.FIRST_LOAD, 9: LeftOut.UNUSUAL})), 60)

    assert drawn[-1].strip() == "░ expected   ✕ unusual   ○ first load"
    assert sum(line.count("●") for line in drawn[:-1]) == 8
    assert sum(line.count("✕") for line in drawn[:-1]) == 1
    assert "✕" in drawn[8]
    assert drawn[9].strip() == "2026-11-23 12:00"


def test_a_drawing_fits_its_width() -> None:
    """Of more runs than there are columns the newest are drawn."""
    drawn = _lines(_trend(_series(*[1000 + day for day in range(100)]), newest=100), 40)

    assert max(map(len, drawn)) <= 40
    assert "2026-11-23 12:00" in drawn[9]


def test_one_huge_value_does_not_flatten_the_others() -> None:
    """What is far above all that was expected is drawn at the top."""
    drawn = _lines(_trend(_series(*[1000] * 12, 1_000_000, left_out={12: LeftOut.UNUSUAL})), 60)

    assert "✕" in drawn[0]
    assert not any("●" in line for line in drawn[8:9])


def test_a_pipe_gets_a_row_a_run() -> None:
    """When, how much, what was expected, and why nothing was learned from it."""
    rows = table_rows(_trend(_series(1000, 1000, left_out={0: LeftOut.FIRST_LOAD})))

    assert rows == [
        ("2026-11-22 12:00", "1,000", "", "first load, not learned from"),
        ("2026-11-23 12:00", "1,000", "", ""),
    ]


def test_a_terminal_and_a_pipe_each_show_it_their_way(capsys: pytest.CaptureFixture[str]) -> None:
    """A window gets the drawing, no wider than it is; a pipe gets the table."""
    shown, file = _trend(_series(*[1000] * 9)), io.StringIO()

    RichScreen(Console(file=file, width=60, highlight=False)).trend(shown)
    PlainScreen().trend(shown)

    drawn = file.getvalue().splitlines()
    assert sum(line.count("●") for line in drawn) == 9
    assert max(map(len, drawn)) <= 60
    assert capsys.readouterr().out.splitlines()[:2] == [
        "RUN (UTC)         VALUE  EXPECTED      NOTE",
        "2026-11-15 12:00  1,000  -             -",
    ]
