"""Moments as a configuration names them."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest

from tocsin.core.named_moment import next_moment, parse_moment

#: A Monday.
NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-11-23T03:00:00+01:00", "2026-11-23 02:00"),
        # Without a zone it is that of the configuration, here Berlin's.
        ("2026-11-23 03:00", "2026-11-23 02:00"),
        ("2026-07-01", "2026-06-30 22:00"),
        ("tue 03:00", "2026-11-24 02:00"),
        ("Tuesday  3:00 UTC", "2026-11-24 03:00"),
        # It has passed today, so that the next one is meant.
        ("mon 03:00", "2026-11-30 02:00"),
        # The minute that is named has begun.
        ("mon 12:00 UTC", "2026-11-23 12:00"),
        # The last minute of a day.
        ("sun 23:59 UTC", "2026-11-29 23:59"),
    ],
)
def test_a_moment_is_the_next_that_is_meant(text: str, moment: str) -> None:
    """A date names one moment, a day of the week the next such day."""
    found = next_moment(parse_moment(text, zone="Europe/Berlin"), NOW)

    assert f"{found.astimezone(UTC):%Y-%m-%d %H:%M}" == moment


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("soon", '\'soon\' is no moment; write for example "2026-11-23T03:00:00+01:00" or "mon 03:00 Europe/Berlin"'),
        ("mon 24:00", "'mon 24:00' is no moment; write"),
        ("noday 03:00", "'noday 03:00' is no moment; write"),
        (
            "mon 03:00 Berlin",
            "'mon 03:00 Berlin' is no moment: 'Berlin' is no time zone; write \"Europe/Berlin\"; write",
        ),
    ],
)
def test_what_is_no_moment_says_what_to_write(text: str, said: str) -> None:
    """The message holds both forms."""
    with pytest.raises(ValueError, match=re.escape(said)):
        parse_moment(text)
