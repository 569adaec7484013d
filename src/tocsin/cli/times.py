"""Times as people type them: how long, or until when."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import click

from tocsin.cli.screen import F
from tocsin.core.duration import parse_duration

_TIME = re.compile(r"\d{1,2}:\d\d")


def length_options(function: F) -> F:
    """Add `--for LENGTH` and `--until TIME`, of which one is given: see `end_of`."""
    until = click.option(
        "--until",
        metavar="TIME",
        help='Until when: "18:00", "2026-11-24 09:00" in the zone of this machine, or with another one: '
        '"2026-11-24T09:00+01:00".',
    )
    length = click.option("--for", "length", metavar="LENGTH", help='For how long: "30m", "2h", "1d".')
    return length(until(function))


def end_of(length: str | None, until: str | None, *, start: datetime, now: datetime) -> datetime:
    """Return the moment that `--for` or `--until` names.

    Raises:
        UsageError: None of them or both are given, one cannot be read, or the moment has passed.
    """
    if (length is None) is (until is None):
        raise click.UsageError("say how long: --for 2h, or --until 18:00")
    if until is not None:
        end = read_moment(until, "--until", now)
    else:
        try:
            end = start + parse_duration(length)
        except (ValueError, OverflowError) as error:
            raise click.UsageError(f"--for {length}: {error}") from error
    if end <= now:
        raise click.UsageError(f"{'--until' if until else '--for'} {until or length}: that has passed already")
    return end


def read_moment(text: str, option: str, now: datetime) -> datetime:
    """Return the moment that a text names, in UTC; a time of day alone is the next one.

    Raises:
        UsageError: It is no moment; `option` is named.
    """
    try:
        if not _TIME.fullmatch(text.strip()):
            return datetime.fromisoformat(text.strip()).astimezone(UTC)
        today = now.astimezone().replace(tzinfo=None)
        hour, minute = map(int, text.split(":"))
        wall = today.replace(hour=hour, minute=minute, second=0, microsecond=0)
        # A naive time is read in the zone of the machine, as the clock there will show it.
        return (wall if wall > today else wall + timedelta(days=1)).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise click.UsageError(
            f'{option} {text}: no moment; write for example "18:00", "2026-11-24 09:00" or "2026-11-24T09:00+01:00"'
        ) from error
