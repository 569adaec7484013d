"""What people write as a schedule, and what they are told when it is none."""

from __future__ import annotations

import re
import string
from datetime import UTC, datetime, timedelta
from itertools import islice, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.core.schedule import Schedule, parse_schedule, slots_after

#: A Saturday.
SATURDAY = datetime(2026, 10, 24, tzinfo=UTC)


def first(text: str, number: int = 3, *, timezone: str = "UTC", after: datetime = SATURDAY) -> list[str]:
    """Return the first slots of a schedule as short texts in UTC."""
    schedule = parse_schedule(text, timezone=timezone)
    return [f"{moment:%Y-%m-%d %H:%M:%S}" for moment in islice(slots_after(schedule, after), number)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0 6 * * *", ["2026-10-24 06:00:00", "2026-10-25 06:00:00", "2026-10-26 06:00:00"]),
        # A step, a range and names of days.
        ("*/20 9-10 * * MON-FRI", ["2026-10-26 09:00:00", "2026-10-26 09:20:00", "2026-10-26 09:40:00"]),
        # Both 0 and 7 are Sunday.
        ("0 0 * * 7", ["2026-10-25 00:00:00", "2026-11-01 00:00:00", "2026-11-08 00:00:00"]),
        # A day of the month or a day of the week, as cron has it where both are given.
        ("0 0 1 * 0", ["2026-10-25 00:00:00", "2026-11-01 00:00:00", "2026-11-08 00:00:00"]),
        # The last day of a month.
        ("0 3 L * *", ["2026-10-31 03:00:00", "2026-11-30 03:00:00", "2026-12-31 03:00:00"]),
        # A day that only leap years have.
        ("0 0 29 2 *", ["2028-02-29 00:00:00", "2032-02-29 00:00:00", "2036-02-29 00:00:00"]),
        # More spaces than needed.
        ("  0   6 * * * ", ["2026-10-24 06:00:00", "2026-10-25 06:00:00", "2026-10-26 06:00:00"]),
        ("@hourly", ["2026-10-24 01:00:00", "2026-10-24 02:00:00", "2026-10-24 03:00:00"]),
        ("@Daily", ["2026-10-25 00:00:00", "2026-10-26 00:00:00", "2026-10-27 00:00:00"]),
        ("@midnight", ["2026-10-25 00:00:00", "2026-10-26 00:00:00", "2026-10-27 00:00:00"]),
        ("@weekly", ["2026-10-25 00:00:00", "2026-11-01 00:00:00", "2026-11-08 00:00:00"]),
        ("@monthly", ["2026-11-01 00:00:00", "2026-12-01 00:00:00", "2027-01-01 00:00:00"]),
        ("@yearly", ["2027-01-01 00:00:00", "2028-01-01 00:00:00", "2029-01-01 00:00:00"]),
        ("@annually", ["2027-01-01 00:00:00", "2028-01-01 00:00:00", "2029-01-01 00:00:00"]),
        ("every 15m", ["2026-10-24 00:15:00", "2026-10-24 00:30:00", "2026-10-24 00:45:00"]),
        ("Every 1h30m", ["2026-10-24 01:30:00", "2026-10-24 03:00:00", "2026-10-24 04:30:00"]),
    ],
)
def test_cron_and_every(text: str, expected: list[str]) -> None:
    """Cron lines, their names and "every" mean what cron(8) and plain reading say."""
    assert first(text) == expected


# Every row is what `systemd-analyze calendar --iterations=3 --base-time="2026-10-24 00:00:00 UTC"` of systemd 252 says.
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Mon..Fri 06:00", ["2026-10-26 06:00:00", "2026-10-27 06:00:00", "2026-10-28 06:00:00"]),
        ("Mon-Wed,Sat 6:00", ["2026-10-24 06:00:00", "2026-10-26 06:00:00", "2026-10-27 06:00:00"]),
        ("*-*-01 03:00", ["2026-11-01 03:00:00", "2026-12-01 03:00:00", "2027-01-01 03:00:00"]),
        ("hourly", ["2026-10-24 01:00:00", "2026-10-24 02:00:00", "2026-10-24 03:00:00"]),
        ("minutely", ["2026-10-24 00:01:00", "2026-10-24 00:02:00", "2026-10-24 00:03:00"]),
        ("daily", ["2026-10-25 00:00:00", "2026-10-26 00:00:00", "2026-10-27 00:00:00"]),
        ("weekly", ["2026-10-26 00:00:00", "2026-11-02 00:00:00", "2026-11-09 00:00:00"]),
        ("quarterly", ["2027-01-01 00:00:00", "2027-04-01 00:00:00", "2027-07-01 00:00:00"]),
        ("semiannually", ["2027-01-01 00:00:00", "2027-07-01 00:00:00", "2028-01-01 00:00:00"]),
        ("*:0/15", ["2026-10-24 00:15:00", "2026-10-24 00:30:00", "2026-10-24 00:45:00"]),
        ("*:*:0/20", ["2026-10-24 00:00:20", "2026-10-24 00:00:40", "2026-10-24 00:01:00"]),
        ("Mon,Wed *-*-* 09..17:00", ["2026-10-26 09:00:00", "2026-10-26 10:00:00", "2026-10-26 11:00:00"]),
        ("Wed *-1 17:48", ["2027-09-01 17:48:00", "2027-12-01 17:48:00", "2028-03-01 17:48:00"]),
        ("10-15 17:48", ["2027-10-15 17:48:00", "2028-10-15 17:48:00", "2029-10-15 17:48:00"]),
        ("*-02~03 01:00", ["2027-02-26 01:00:00", "2028-02-27 01:00:00", "2029-02-26 01:00:00"]),
        ("Mon *-05~07/1", ["2027-05-31 00:00:00", "2028-05-29 00:00:00", "2029-05-28 00:00:00"]),
        ("*-*-* 00/2:00 Europe/Berlin", ["2026-10-24 02:00:00", "2026-10-24 04:00:00", "2026-10-24 06:00:00"]),
        # A date that comes once, and one that has been.
        ("2026-11-23", ["2026-11-23 00:00:00"]),
        ("2026-01-01 06:00", []),
    ],
)
def test_calendar_events(text: str, expected: list[str]) -> None:
    """Calendar events come when systemd says that they come."""
    assert first(text) == expected


def test_times_are_those_of_the_zone() -> None:
    """A schedule is read on the clock of its zone, and a zone in the text goes before the one beside it."""
    after = datetime(2026, 7, 1, tzinfo=UTC)

    assert first("0 6 * * *", 1, timezone="Europe/Berlin", after=after) == ["2026-07-01 04:00:00"]
    assert first("06:00 America/New_York", 1, timezone="Europe/Berlin", after=after) == ["2026-07-01 10:00:00"]


def test_a_schedule_keeps_what_was_written() -> None:
    """Text, zone and source stay as they were given, for people to read; a zone in the text is told as the zone."""
    assert parse_schedule("Mon..Fri 06:00 Europe/Berlin", source="tocsin.watch") == Schedule(
        text="Mon..Fri 06:00 Europe/Berlin", timezone="Europe/Berlin", source="tocsin.watch"
    )


@pytest.mark.parametrize(
    ("text", "timezone", "said"),
    [
        ("", "UTC", """'' is no schedule (wrong number of fields); write a cron line of five fields ("0 6 * * *")"""),
        ("soon", "UTC", """'soon' is no schedule (bad day-of-week); write a cron line of five fields"""),
        ("Mon..Fri 25:00", "UTC", "'Mon..Fri 25:00' is no schedule (bad hour)"),
        ("0 0 6 * * *", "UTC", "'0 0 6 * * *' has 6 fields; a cron line has five, from the minute on"),
        ("61 6 * * *", "UTC", "the minute of '61 6 * * *' cannot be '61'; it goes from 0 to 59"),
        ("0 25 * * *", "UTC", "the hour of '0 25 * * *' cannot be '25'; it goes from 0 to 23"),
        ("0 6 * 13 *", "UTC", "the month of '0 6 * 13 *' cannot be '13'; it goes from 1 to 12 or JAN to DEC"),
        ("0 6 * * FRI-MON", "UTC", "cannot be 'FRI-MON'; it goes from 0 to 7 or SUN to SAT, a range from the smaller"),
        ("0 0 30 2 *", "UTC", "the day-of-month of '0 0 30 2 *' cannot be '30'; it goes from 1 to 31 and not later"),
        ("*-02-30 06:00", "UTC", "'*-02-30 06:00' names no day that ever comes; check its day and its month"),
        ("@reboot", "UTC", "'@reboot' is no name of a schedule; there are: @yearly, @annually, @monthly"),
        ("every", "UTC", "'every' names no length of a second or more; write for example \"every 15m\""),
        # Fifteen what?
        ("every 15", "UTC", "'every 15' names no length"),
        ("every 0s", "UTC", "'every 0s' names no length"),
        ("every 9999999999999w", "UTC", "'every 9999999999999w' names no length"),
        # A zone is found by its city, in any case, and by its near names.
        ("06:00", "Berlin", "'Berlin' is no time zone; write \"Europe/Berlin\""),
        ("06:00", "europe/berlin", "'europe/berlin' is no time zone; write \"Europe/Berlin\""),
        ("06:00", "New York", "'New York' is no time zone; write \"America/New_York\""),
        ("06:00 Europe/Berln", "UTC", "'Europe/Berln' is no time zone; write \"Europe/Berlin\" or"),
        # A folder of the database of zones.
        ("06:00", "America", "'America' is no time zone"),
        ("06:00", "../passwd", "'../passwd' is no time zone"),
        ("06:00", "Middle-earth", "'Middle-earth' is no time zone; write an IANA name such as \"Europe/Berlin\""),
    ],
)
def test_what_is_no_schedule_is_refused_with_the_remedy(text: str, timezone: str, said: str) -> None:
    """The message names what was found and what to write."""
    with pytest.raises(ValueError, match=re.escape(said)):
        parse_schedule(text, timezone=timezone)


@given(st.text(alphabet=string.ascii_letters[:8] + "MONTUE0123456789*/-,#L~.: @", max_size=25))
def test_any_text_is_read_or_refused(text: str) -> None:
    """Whatever stands in a configuration, the answer is a schedule or a ValueError."""
    try:
        schedule = parse_schedule(text)
    except ValueError:
        return
    assert all(moment > SATURDAY for moment in islice(slots_after(schedule, SATURDAY), 2))


def test_naive_times_are_refused() -> None:
    """A time without zone could mean any of two dozen moments."""
    schedule = parse_schedule("every 1h")

    with pytest.raises(ValueError, match="has no time zone; pass an aware datetime"):
        slots_after(schedule, SATURDAY.replace(tzinfo=None))
    with pytest.raises(ValueError, match="has no time zone; pass an aware datetime"):
        slots_after(schedule, SATURDAY, anchor=SATURDAY.replace(tzinfo=None))


def test_every_counts_from_the_anchor() -> None:
    """Repetitions keep their distance to the first run, however far away that is and on whichever side."""
    schedule = parse_schedule("every 90m")
    anchor = datetime(2026, 1, 1, 0, 7, tzinfo=UTC)

    slots = list(islice(slots_after(schedule, SATURDAY, anchor=anchor), 500))
    early = next(slots_after(schedule, anchor - timedelta(hours=4), anchor=anchor))

    assert slots[0] - SATURDAY <= timedelta(minutes=90)
    assert all((slot - anchor) % timedelta(minutes=90) == timedelta(0) for slot in slots)
    assert {later - sooner for sooner, later in pairwise(slots)} == {timedelta(minutes=90)}
    assert early == anchor - timedelta(hours=3)
