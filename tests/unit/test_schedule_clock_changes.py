"""Schedules over both changes of the clock, in all zones and many years, against a minute by minute oracle."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cache
from itertools import islice, takewhile
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.core.schedule import Schedule, parse_schedule, slots_after

MINUTE = timedelta(minutes=1)
LONGEST_CHANGE = timedelta(hours=3)

SPRING = datetime(2026, 3, 28, 23, tzinfo=UTC)
AUTUMN = datetime(2026, 10, 24, 22, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "after", "expected"),
    [
        # 02:30 does not exist: the moment to which the clock is set. The next day is as always.
        ("30 2 * * *", SPRING, ["03-29 03:00 CEST", "03-30 02:30 CEST"]),
        ("02:30", SPRING, ["03-29 03:00 CEST", "03-30 02:30 CEST"]),
        # Two skipped times meet at 03:00 with a third one, and are one.
        ("0,30 2,3 * * *", SPRING, ["03-29 03:00 CEST", "03-29 03:30 CEST", "03-30 02:00 CEST"]),
        # 02:30 comes twice: the first one counts.
        ("30 2 * * *", AUTUMN, ["10-25 02:30 CEST", "10-26 02:30 CET"]),
        ("02:30", AUTUMN, ["10-25 02:30 CEST", "10-26 02:30 CET"]),
        # Between the two of them the first one has been.
        ("30 2 * * *", datetime(2026, 10, 25, 1, 10, tzinfo=UTC), ["10-26 02:30 CET"]),
        # Every hour that passes, and none that does not.
        ("0 * * * *", SPRING, ["03-29 01:00 CET", "03-29 03:00 CEST", "03-29 04:00 CEST"]),
        ("hourly", AUTUMN, ["10-25 01:00 CEST", "10-25 02:00 CEST", "10-25 02:00 CET", "10-25 03:00 CET"]),
        (
            "*:0/30",
            datetime(2026, 10, 25, 0, 10, tzinfo=UTC),
            ["10-25 02:30 CEST", "10-25 02:00 CET", "10-25 02:30 CET"],
        ),
        # A star before the step makes a schedule follow the hours, as in Debian's cron.
        ("0 */2 * * *", SPRING, ["03-29 04:00 CEST", "03-29 06:00 CEST"]),
        # A length of time does not look at a clock.
        ("every 90m", AUTUMN, ["10-25 01:30 CEST", "10-25 02:00 CET", "10-25 03:30 CET"]),
    ],
)
def test_both_changes_in_berlin(text: str, after: datetime, expected: list[str]) -> None:
    """The documented rule, spelled out for the one zone and year that people know."""
    slots = slots_after(parse_schedule(text, timezone="Europe/Berlin"), after)

    assert [
        f"{slot.astimezone(ZoneInfo('Europe/Berlin')):%m-%d %H:%M %Z}" for slot in islice(slots, len(expected))
    ] == (expected)


def test_a_day_that_a_country_skipped_has_no_slot() -> None:
    """Samoa went from 29 to 31 December 2011; a daily job has nothing to do on a day that never was."""
    schedule = parse_schedule("0 6 * * *", timezone="Pacific/Apia")

    slots = islice(slots_after(schedule, datetime(2011, 12, 28, 12, tzinfo=UTC)), 3)

    assert [slot.astimezone(ZoneInfo("Pacific/Apia")).day for slot in slots] == [28, 29, 31]


@dataclass(frozen=True, kw_only=True)
class Pattern:
    """A schedule in both notations, and as the numbers of which it is made."""

    minutes: frozenset[int]
    hours: frozenset[int] | None
    weekdays: frozenset[int]

    @property
    def follows_hours(self) -> bool:
        """Whether the field of hours is a star."""
        return self.hours is None

    @property
    def cron(self) -> str:
        """The pattern as a cron line."""
        return f"{_list(self.minutes)} {_list(self.hours) if self.hours else '*'} * * {_list(self.weekdays)}"

    @property
    def on_calendar(self) -> str:
        """The pattern as a calendar event; cron counts weekdays from Sunday."""
        days = ",".join(("Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat")[day] for day in sorted(self.weekdays))
        return f"{days} {_list(self.hours) if self.hours else '*'}:{_list(self.minutes)}"

    def shows(self, wall: datetime) -> bool:
        """Whether a time on the wall belongs to the pattern."""
        return (
            wall.minute in self.minutes
            and (self.hours is None or wall.hour in self.hours)
            and wall.isoweekday() % 7 in self.weekdays
        )


def _list(numbers: frozenset[int]) -> str:
    return ",".join(str(number) for number in sorted(numbers))


def oracle(pattern: Pattern, zone: ZoneInfo, start: datetime, end: datetime) -> Iterator[datetime]:
    """Watch the clock on the wall minute by minute, and yield when the pattern asks for a start."""
    seen: set[datetime] = set()
    before = (start - timedelta(days=2)).astimezone(zone).replace(tzinfo=None)
    for number in range(-2 * 24 * 60 + 1, (end - start) // MINUTE + 1):
        moment = start + number * MINUTE
        wall = moment.astimezone(zone).replace(tzinfo=None)
        skipped = (wall - before) // MINUTE - 1
        showing = {wall}
        if not pattern.follows_hours:
            showing -= seen
            if MINUTE < wall - before <= LONGEST_CHANGE + MINUTE:
                showing |= {wall - step * MINUTE for step in range(1, skipped + 1)}
        if moment > start and any(pattern.shows(shown) for shown in showing):
            yield moment
        seen.add(wall)
        before = wall


@cache
def changes(zone: str, year: int) -> tuple[datetime, ...]:
    """Return a moment at most a day before each change of the clock in a year."""
    days = [datetime(year, 1, 1, tzinfo=UTC) + timedelta(days=number) for number in range(366)]
    offsets = [day.astimezone(ZoneInfo(zone)).utcoffset() for day in days]
    return tuple(day for day, now, soon in zip(days, offsets, offsets[1:], strict=False) if now != soon)


#: Since 1975 every offset is a number of whole minutes.
years = st.integers(1975, 2037)
patterns = st.builds(
    Pattern,
    minutes=st.frozensets(st.sampled_from([0, 1, 15, 30, 45, 59]), min_size=1),
    hours=st.none() | st.frozensets(st.sampled_from([0, 1, 2, 3, 12, 22, 23]), min_size=1),
    weekdays=st.just(frozenset(range(7))) | st.frozensets(st.integers(0, 6), min_size=1),
)


@st.composite
def moments(draw: st.DrawFn, zone: str) -> datetime:
    """Draw a moment, most often on the eve of a change of the clock."""
    year = draw(years)
    day = draw(st.sampled_from(changes(zone, year) or (datetime(year, 6, 1, tzinfo=UTC),)))
    return day + draw(st.integers(-600, 1800)) * MINUTE


@given(st.data(), patterns, st.sampled_from(sorted(available_timezones() - {"Factory", "localtime"})))
def test_no_slot_is_missing_and_none_is_invented(data: st.DataObject, pattern: Pattern, zone: str) -> None:
    """Cron and OnCalendar both give what somebody sees who watches the clock for a day and a half around a change."""
    start = data.draw(moments(zone))
    end = start + timedelta(hours=36)
    expected = list(oracle(pattern, ZoneInfo(zone), start, end))

    for text in (pattern.cron, pattern.on_calendar):
        slots = slots_after(parse_schedule(text, timezone=zone), start)
        assert list(takewhile(lambda slot: slot <= end, slots)) == expected


@given(
    st.data(),
    st.one_of(
        patterns.map(lambda pattern: pattern.cron), st.sampled_from(["*:0/7", "minutely", "every 50m", "@daily"])
    ),
    st.sampled_from(["Europe/Berlin", "America/St_Johns", "Australia/Lord_Howe", "America/Nuuk", "Antarctica/Troll"]),
)
def test_slots_go_on_from_any_of_them(data: st.DataObject, text: str, zone: str) -> None:
    """Slots increase, and asking again after one of them gives those that follow it."""
    schedule = parse_schedule(text, timezone=zone)
    start = data.draw(moments(zone))
    slots = list(islice(slots_after(schedule, start), 60))
    cut = data.draw(st.integers(0, 40))

    assert all(sooner < later for sooner, later in zip([start, *slots], slots, strict=False))
    assert list(islice(slots_after(schedule, slots[cut]), 19)) == slots[cut + 1 : cut + 20]


@given(
    st.integers(0, 23),
    st.integers(0, 59),
    st.integers(2012, 2037),
    # None of them sets its clock forward over midnight, which moves a slot into the next day.
    st.sampled_from(
        [
            "Africa/Cairo",
            "Africa/Casablanca",
            "America/Havana",
            "America/New_York",
            "America/Sao_Paulo",
            "Antarctica/Troll",
            "Asia/Beirut",
            "Asia/Kolkata",
            "Australia/Lord_Howe",
            "Europe/Berlin",
            "Pacific/Apia",
            "Pacific/Chatham",
        ]
    ),
)
def test_a_daily_job_runs_once_on_each_day(hour: int, minute: int, year: int, zone: str) -> None:
    """Whatever is done to the clock, a daily schedule has exactly one slot on each local day of a year."""
    schedule = Schedule(text=f"{minute} {hour} * * *", timezone=zone)
    slots = islice(slots_after(schedule, datetime(year - 1, 12, 29, tzinfo=UTC)), 372)
    days = Counter(slot.astimezone(ZoneInfo(zone)).date() for slot in slots)

    first = date(year, 1, 1)
    assert [days[first + timedelta(days=number)] for number in range(365)] == [1] * 365
