"""Moments in requests."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

from pydantic import AfterValidator, AwareDatetime

#: Years in which every zone on earth has a calendar, and every database a number.
_FIRST, _LAST = 1970, 9000


def _in_utc(moment: datetime) -> datetime:
    """Return the same moment in UTC."""
    if not _FIRST <= moment.year <= _LAST:
        raise ValueError(f"the year has to be from {_FIRST} to {_LAST}")
    return moment.astimezone(UTC)


#: With a time zone, without which nobody knows when it is.
Moment = Annotated[AwareDatetime, AfterValidator(_in_utc)]
