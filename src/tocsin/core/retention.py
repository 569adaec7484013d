"""For how long what is stored is kept."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum


class Kept(StrEnum):
    """What is kept for a while, in the order in which it is deleted: what refers to something goes before it."""

    #: The ids of events that were taken in.
    EVENTS = "events"
    #: What a server was given and could not use.
    REFUSED = "refused events"
    #: With their deliveries.
    NOTIFICATIONS = "notifications"
    #: With what channels keep of their messages.
    GROUPS = "groups"
    ALERTS = "alerts"
    SILENCES = "silences"
    SLOTS = "slots"
    RUNS = "runs"


@dataclass(frozen=True, kw_only=True)
class Retention:
    """What `[tocsin.retention]` says. Whatever it says, what is open, waits or is still referred to stays."""

    events: timedelta = timedelta(days=30)
    runs: timedelta = timedelta(days=400)
    alerts: timedelta = timedelta(days=400)
    messages: timedelta = timedelta(days=90)

    def of(self, kept: Kept) -> timedelta:
        """Return for how long something is kept."""
        match kept:
            case Kept.EVENTS | Kept.REFUSED:
                return self.events
            case Kept.NOTIFICATIONS | Kept.GROUPS:
                return self.messages
            case Kept.ALERTS | Kept.SILENCES:
                return self.alerts
            case Kept.SLOTS | Kept.RUNS:
                return self.runs


@dataclass(frozen=True, kw_only=True)
class Pruned:
    """What one batch has deleted."""

    count: int
    #: The age at which the next batch goes on; None when nothing is left that may go.
    reached: datetime | None
