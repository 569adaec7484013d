"""Times as people type them into a field."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from tocsin.core.typed_time import read_time

#: A Monday, 13:00 in Berlin.
_START = datetime(2026, 11, 23, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2h", "2026-11-23 14:00"),
        (" 1 d ", "2026-11-24 12:00"),
        ("1h30m", "2026-11-23 13:30"),
        # The zone is that of Berlin, an hour before UTC.
        ("18:00", "2026-11-23 17:00"),
        ("9:00", "2026-11-24 08:00"),
        # What it is now comes again tomorrow.
        ("13:00", "2026-11-24 12:00"),
        ("tue 9:00", "2026-11-24 08:00"),
        ("2026-11-24 09:00", "2026-11-24 08:00"),
        ("2026-11-24T09:00:00+00:00", "2026-11-24 09:00"),
    ],
)
def test_a_time_is_read(text: str, expected: str) -> None:
    """Lengths count from the start, and times of the clock are those of the zone."""
    assert f"{read_time(text, start=_START, zone='Europe/Berlin'):%Y-%m-%d %H:%M}" == expected


@pytest.mark.parametrize(
    "text", ["", "soon", "25:00", "9", "2026-13-01", "99999999999d", "-2h", "9999-12-31T23:59-12:00"]
)
def test_what_is_no_time_is_answered_with_examples(text: str) -> None:
    """What was typed is named, and what could be typed."""
    with pytest.raises(ValueError, match="is no time; write for example") as refused:
        read_time(text, start=_START, zone="Europe/Berlin")
    assert repr(text) in str(refused.value)
