"""Windows by the clock on a wall, over both of its changes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.core.time_window import Window, parse_window

BERLIN = ZoneInfo("Europe/Berlin")
MINUTE = timedelta(minutes=1)
#: Monday.
NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


def berlin(text: str) -> datetime:
    """Return the moment of "2026-11-23 08:00"; a star after it means the second of two."""
    return datetime.fromisoformat(text.rstrip("*")).replace(tzinfo=BERLIN, fold=text.endswith("*"))


def changes(window: Window, after: datetime, number: int) -> list[str]:
    """Return the next changes as Berlin's clocks show them."""
    moments: list[str] = []
    moment: datetime | None = after
    while moment is not None and len(moments) < number:
        moment = window.changes_after(moment)
        if moment is not None:
            moments.append(f"{moment.astimezone(BERLIN):%a %m-%d %H:%M %Z}")
    return moments


@pytest.mark.parametrize(
    ("text", "moment", "covered"),
    [
        # Its beginning belongs to it, its end does not.
        ("mon-fri 08:00-18:00 Europe/Berlin", "2026-11-23 08:00", True),
        ("mon-fri 08:00-18:00 Europe/Berlin", "2026-11-23 18:00", False),
        ("mon-fri 08:00-18:00 Europe/Berlin", "2026-11-22 12:00", False),
        # UTC where nothing is said.
        ("08:00-18:00", "2026-11-23 18:30", True),
        # Days alone, from one midnight to the next.
        ("sat,sun Europe/Berlin", "2026-11-21 00:00", True),
        ("sat,sun Europe/Berlin", "2026-11-22 23:59", True),
        ("sat,sun Europe/Berlin", "2026-11-23 00:00", False),
        # Days over the end of the week, in full words and any case.
        ("Saturday-MON Europe/Berlin", "2026-11-23 12:00", True),
        ("sat-mon,wed Europe/Berlin", "2026-11-24 12:00", False),
        ("sat - mon, wed Europe/Berlin", "2026-11-25 12:00", True),
        # Over midnight: the window belongs to the day on which it opens.
        ("fri 22:00-06:00 Europe/Berlin", "2026-11-21 05:59", True),
        ("fri 22:00-06:00 Europe/Berlin", "2026-11-20 05:59", False),
        ("fri 18:00-24:00 Europe/Berlin", "2026-11-20 23:59", True),
        # One time.
        ("2026-12-24 18:00 to 2026-12-27 06:00 Europe/Berlin", "2026-12-27 05:59", True),
        ("2026-12-24T18:00 to 2026-12-27T06:00 Europe/Berlin", "2026-12-24 17:59", False),
    ],
)
def test_a_window_is_open_or_not(text: str, moment: str, *, covered: bool) -> None:
    """Days, hours and the zone decide."""
    assert parse_window(text).covers(berlin(moment)) is covered


@pytest.mark.parametrize(
    ("text", "after", "expected"),
    [
        # Two days that touch are one window.
        ("sat,sun", "2026-11-23 12:00", ["Sat 11-28 00:00 CET", "Mon 11-30 00:00 CET", "Sat 12-05 00:00 CET"]),
        # An hour is skipped: the night is one hour shorter.
        ("22:00-06:00", "2026-03-28 12:00", ["Sat 03-28 22:00 CET", "Sun 03-29 06:00 CEST"]),
        # It opens at a time that never comes: at the moment to which the clock is set.
        ("02:30-04:00", "2026-03-28 12:00", ["Sun 03-29 03:00 CEST", "Sun 03-29 04:00 CEST"]),
        ("01:00-02:30", "2026-03-28 12:00", ["Sun 03-29 01:00 CET", "Sun 03-29 03:00 CEST"]),
        # All of it is skipped: it does not open on this day.
        ("sun 02:10-02:50", "2026-03-28 12:00", ["Sun 04-05 02:10 CEST", "Sun 04-05 02:50 CEST"]),
        # An hour comes twice: a window opens and closes once, at the first of two.
        ("02:30-04:00", "2026-10-24 12:00", ["Sun 10-25 02:30 CEST", "Sun 10-25 04:00 CET"]),
        ("01:00-02:30", "2026-10-24 12:00", ["Sun 10-25 01:00 CEST", "Sun 10-25 02:30 CEST", "Mon 10-26 01:00 CET"]),
        # One time, and then never again.
        ("2026-12-24 18:00 to 2026-12-27 06:00", NOON.isoformat(), ["Thu 12-24 18:00 CET", "Sun 12-27 06:00 CET"]),
        # Always: no change comes.
        ("mon-sun", "2026-11-23 12:00", []),
        ("00:00-24:00", "2026-11-23 12:00", []),
    ],
)
def test_a_window_opens_and_closes(text: str, after: str, expected: list[str]) -> None:
    """The moments are right over both changes of the clock, and the window can close for good."""
    start = datetime.fromisoformat(after)
    start = start if start.tzinfo else start.replace(tzinfo=BERLIN)
    window = parse_window(text, zone="Europe/Berlin")

    assert changes(window, start, max(len(expected), 1)) == expected


ZONES = st.sampled_from(
    ["UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Pacific/Apia", "Asia/Kolkata", "Africa/Cairo"]
)
TIMES = st.integers(0, 24 * 12 - 1).map(lambda number: f"{number // 12:02}:{number % 12 * 5:02}")
DAYS = st.lists(st.sampled_from(["mon", "tue", "wed", "thu", "fri", "sat", "sun"]), max_size=7).map(",".join)
WINDOWS = st.builds(
    lambda days, hours, zone: f"{days} {hours[0]}-{hours[1]} {zone}",
    DAYS,
    st.tuples(TIMES, TIMES).filter(lambda hours: hours[0] != hours[1]),
    ZONES,
)
#: Samoa's skipped day of 2011 is among them.
MOMENTS = st.datetimes(datetime(2011, 12, 20), datetime(2027, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001


@given(WINDOWS, MOMENTS)
def test_the_next_change_is_the_first_moment_with_another_answer(text: str, now: datetime) -> None:
    """Until the change all is as it is now, at the change it is not, and a microsecond before it still is."""
    window = parse_window(text)
    covered = window.covers(now)

    change = window.changes_after(now)

    assert change is not None
    assert change > now
    assert window.covers(change) is not covered
    assert window.covers(change - timedelta(microseconds=1)) is covered
    # Windows are told by whole five minutes, so a step of five minutes misses none of them.
    steps = range(1, int((change - now) / (5 * MINUTE)) + 1)
    assert all(
        window.covers(now + number * 5 * MINUTE) is covered for number in steps if now + number * 5 * MINUTE < change
    )


@given(WINDOWS, MOMENTS)
def test_a_window_says_what_the_clock_on_the_wall_says(text: str, now: datetime) -> None:
    """On days on which nobody sets the clock, the time that it shows decides."""
    *days, hours, zone = text.split()
    wall = now.astimezone(ZoneInfo(zone))
    around = [(now + timedelta(hours=hour)).astimezone(wall.tzinfo).utcoffset() for hour in range(-48, 49)]
    opens, closes = hours.split("-")
    day, time = f"{wall:%a}".lower(), f"{wall:%H:%M}"
    before = f"{wall - timedelta(days=1):%a}".lower()

    def named(name: str) -> bool:
        return not days or name in days[0]

    if opens < closes:
        expected = named(day) and opens <= time < closes
    else:
        expected = (named(day) and time >= opens) or (named(before) and time < closes)
    if len(set(around)) == 1:
        assert parse_window(text).covers(now) is expected


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "it is no window. Write for example .mon-fri 08:00-18:00 Europe/Berlin"),
        ("Europe/Berlin", "it is no window"),
        ("mno-fri 08:00-18:00 Europe/Berlin", "it is no window"),
        ("08:00-18:00 mon UTC", "it is no window"),
        ("08:00-18:00 Berlin", "'Berlin' is no time zone; write .Europe/Berlin."),
        ("08:00-08:00", "it ends when it begins; for whole days leave the hours out"),
        ("08:00-24:30", "there is no such time of day"),
        ("08:60-09:00", "there is no such time of day"),
        ("24:00-06:00", "there is no such time of day"),
        ("2026-12-24 18:00 to 2026-12-24 18:00", "it ends before it begins"),
        ("2026-02-30 18:00 to 2026-12-24 18:00", "one of its dates does not exist"),
    ],
)
def test_a_text_that_is_no_window_is_refused(text: str, message: str) -> None:
    """The message names the text, what is wrong and what to write."""
    with pytest.raises(ValueError, match=message):
        parse_window(text)


def test_a_window_is_shown_as_it_was_written() -> None:
    """Explanations name a window by its text."""
    assert str(parse_window("mon-fri 08:00-18:00 Europe/Berlin")) == "mon-fri 08:00-18:00 Europe/Berlin"
    assert str(parse_window("2026-12-24 18:00 to 2026-12-27 06:00")) == "2026-12-24 18:00 to 2026-12-27 06:00"
