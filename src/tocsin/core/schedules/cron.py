"""Cron lines: five fields, or one of the names that stand for them."""

from __future__ import annotations

from cronsim import CronSim, CronSimError

from tocsin.core.schedules.wall_clock import FIRST_DAY, WallClock

_NAMES = {
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
    "@monthly": "0 0 1 * *",
    "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@hourly": "0 * * * *",
}

#: The fields of a line as cronsim names them, with what each may hold.
_FIELDS = {
    "minute": "0 to 59",
    "hour": "0 to 23",
    "day-of-month": "1 to 31 and not later than its month ends",
    "month": "1 to 12 or JAN to DEC",
    "day-of-week": "0 to 7 or SUN to SAT, a range from the smaller to the larger",
}


def read_cron(text: str) -> WallClock:
    """Read a cron line, with cronsim's extensions (`L`, `LW`, `5#2`).

    Raises:
        ValueError: The text is no cron line; the message names the field.
    """
    line = _NAMES.get(text.lower(), text)
    fields = line.split()
    if text.startswith("@") and line is text:
        raise ValueError(f"{text!r} is no name of a schedule; there are: {', '.join(_NAMES)}")
    if len(fields) != len(_FIELDS):
        raise ValueError(
            f'{text!r} has {len(fields)} fields; a cron line has five, from the minute on: "0 6 * * *". '
            'For seconds write "every 30s" or "*:*:0/30"'
        )
    try:
        CronSim(line, FIRST_DAY)
    except CronSimError as error:
        name = str(error).removeprefix("Bad ")
        found = dict(zip(_FIELDS, fields, strict=True))[name]
        raise ValueError(f"the {name} of {text!r} cannot be {found!r}; it goes from {_FIELDS[name]}") from error
    minutes, hours, *_ = fields
    return WallClock(
        # cronsim is given naive times: it steps over months, days and hours, and never sees a change of the clock.
        times_after=lambda start: CronSim(line, start),
        follows_hours=minutes.startswith("*") or hours.startswith("*"),
    )
