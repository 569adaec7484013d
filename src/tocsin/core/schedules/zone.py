"""Time zones by their IANA names, and what to type where there is none of that name."""

from __future__ import annotations

import difflib
from datetime import UTC, tzinfo
from zoneinfo import ZoneInfo, available_timezones

#: How many names a message suggests.
_SUGGESTED = 3


def zone(name: str) -> tzinfo:
    """Return the zone with this name, for example "Europe/Berlin".

    Raises:
        ValueError: There is no such zone; the message suggests near names.
    """
    if name == "UTC":
        # It needs no database of zones, which a small container may lack.
        return UTC
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError) as error:
        # A name that is a folder of the database ("America") is met as an OSError.
        raise ValueError(f"{name!r} is no time zone; write {_suggestion(name)}") from error


def _suggestion(name: str) -> str:
    wanted = name.strip().replace(" ", "_").casefold()
    known = {zone.casefold(): zone for zone in available_timezones()}
    cities = sorted(zone for folded, zone in known.items() if wanted in {folded, folded.rpartition("/")[2]})
    near = cities or [known[folded] for folded in difflib.get_close_matches(wanted, known, n=_SUGGESTED)]
    quoted = [f'"{zone}"' for zone in near[:_SUGGESTED]]
    return " or ".join(quoted) if quoted else 'an IANA name such as "Europe/Berlin"'
