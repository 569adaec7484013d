"""What a route asks for: how much has to matter, when, how often it is said again, and what is said together."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from tocsin.core.severity import Severity

if TYPE_CHECKING:
    # Policies do not go through the codec, and what reads windows is paid for where somebody wrote one.
    from tocsin.core.time_window import Window  # noqa: TC004

#: Whoever is not told within so long is not told.
LONGEST_WAIT = timedelta(days=366)


@dataclass(frozen=True, kw_only=True)
class Step:
    """Who else hears of a problem that nobody has acknowledged for so long."""

    after: timedelta
    channels: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Policy:
    """What a route asks for."""

    least: Severity = Severity.WARNING
    #: A problem that goes on is said again so long after it was said last.
    repeat_every: timedelta = timedelta(hours=4)
    #: Labels. Problems that agree in all of them come as one message; without labels only a storm is grouped.
    group_by: tuple[str, ...] = ()
    #: More problems than this within a minute are a storm: what comes beyond them comes as one message.
    group_above: int = 5
    #: How long a group waits for more before its first message.
    group_wait: timedelta = timedelta(seconds=20)
    #: The shortest time between two messages of a group.
    group_interval: timedelta = timedelta(minutes=5)
    #: Shortest time first.
    escalate: tuple[Step, ...] = ()
    #: The route tells only within these; empty for always.
    active: tuple[Window, ...] = ()
    #: The route does not tell within these.
    mute: tuple[Window, ...] = ()

    def tells_at(self, now: datetime) -> bool:
        """Whether the route may tell at this moment."""
        inside = not self.active or any(window.covers(now) for window in self.active)
        return inside and not any(window.covers(now) for window in self.mute)

    def changes_after(self, now: datetime) -> datetime | None:
        """Return the next moment at which `tells_at` may change; None where it never does."""
        changes = (window.changes_after(now) for window in (*self.active, *self.mute))
        return min((change for change in changes if change is not None), default=None)

    def tells_next(self, now: datetime) -> datetime | None:
        """Return when the route may tell, from `now` on; None where it does not within `LONGEST_WAIT`."""
        moment: datetime | None = now
        while moment is not None and moment - now < LONGEST_WAIT:
            if self.tells_at(moment):
                return moment
            moment = self.changes_after(moment)
        return None
