"""Calendar events as systemd writes them: `Mon..Fri 06:00`, `*-*-01 03:00`, `hourly`, see systemd.time(7)."""

from __future__ import annotations

from oncalendar import SPECIALS, BaseIterator, OnCalendarError

from tocsin.core.schedules.wall_clock import FIRST_DAY, WallClock


def split_zone(text: str) -> tuple[str, str | None]:
    """Return a calendar event without its time zone, and the name of the zone or None."""
    event, _, last = text.rpartition(" ")
    # Of all that ends an event of several words only a zone begins with a letter.
    return (event.rstrip(), last) if event and last[0].isalpha() else (text, None)


def read_on_calendar(event: str) -> WallClock:
    """Read a calendar event without time zone.

    Raises:
        ValueError: The text is no calendar event.
    """
    event = SPECIALS.get(event.lower(), event)
    try:
        BaseIterator(event, FIRST_DAY)
    except OnCalendarError as error:
        raise ValueError(f"{str(error)[:1].lower()}{str(error)[1:]}") from error
    hours, *minutes = event.split()[-1].split(":")
    return WallClock(
        # Given an aware time the library skips the repeated hour and loses the skipped one; it gets naive ones.
        times_after=lambda start: BaseIterator(event, start),
        follows_hours=bool(minutes) and (hours.startswith("*") or minutes[0].startswith("*")),
    )
