"""How far a value is from what would be told."""

from __future__ import annotations

import pytest

from tocsin.report.headroom import draw_headroom, headroom


@pytest.mark.parametrize(
    ("value", "low", "high", "said"),
    [
        (25, None, 100, "75 % left"),
        # The nearer bound counts.
        (1000, 900, 2000, "10 % left"),
        (100, None, 100, "0 % left"),
        (101, None, 100, "outside"),
        (0, 1, None, "outside"),
        # None is allowed, and there is none: a share of nothing says nothing.
        (0, None, 0, ""),
        (7, None, None, ""),
    ],
)
def test_what_is_left_is_said_of_the_nearest_bound(
    value: float, low: float | None, high: float | None, said: str
) -> None:
    """As a share of it."""
    assert headroom(value, low=low, high=high) == said


@pytest.mark.parametrize(
    ("value", "low", "high"), [(0, None, 0), (5, 10, 20), (1e12, 1, 2), (15, 10, 20), (3, 2, None)]
)
def test_the_mark_stays_in_the_bar(value: float, low: float | None, high: float | None) -> None:
    """Wherever the value is, and bad where it is outside."""
    lane, band, mark = draw_headroom(value, "said", low=low, high=high)
    width = float(lane.attrib["width"])
    for drawn in (band, mark):
        assert float(drawn.attrib["x"]) >= 0
        assert float(drawn.attrib["x"]) + float(drawn.attrib["width"]) <= width + 1
    outside = headroom(value, low=low, high=high) == "outside"
    assert mark.attrib["class"] == ("bad-mark" if outside else "good-mark")
