"""When a problem that comes and goes is told once, and not each time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True, kw_only=True)
class Damping:
    """How often a problem may come back before it counts as flapping."""

    #: Openings within the time that are still told one by one; 0 for any number.
    most: int = 5
    within: timedelta = timedelta(hours=6)

    def is_flapping(self, opened: Sequence[datetime]) -> bool:
        """Whether so many openings within the time are too many."""
        return 0 < self.most < len(opened)


def openings(before: Sequence[datetime], at: datetime, damping: Damping) -> tuple[datetime, ...]:
    """Return the moments at which a problem opened that count at `at`, this one included.

    More than decide about flapping are not kept: a problem that comes every minute would carry hundreds.
    """
    recent = [opened for opened in before if at - damping.within < opened < at]
    return (*recent[-damping.most :], at) if damping.most else (at,)
