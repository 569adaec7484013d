"""A series as one line of text."""

from __future__ import annotations

import pytest

from tocsin.core.sparkline import sparkline


@pytest.mark.parametrize(
    ("values", "drawn"),
    [
        ([], ""),
        # Nothing is not the same as little.
        ([0, 1, 100], "·▁█"),
        ([0, 0], "··"),
        ([1, 2, 3, 4, 5, 6, 7, 8], "▂▃▄▅▆▇██"),
        ([1000.5, 1000.5], "██"),
    ],
)
def test_each_value_is_a_column_as_high_as_its_share_of_the_largest(values: list[float], drawn: str) -> None:
    """Flat series are full columns, and a day without anything is seen at once."""
    assert sparkline(values) == drawn
