"""What there is to do now."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Due:
    """Whether there is anything of each kind to do: mostly there is not, and then that is all that is asked."""

    #: Events to take in.
    events: bool
    #: Tables that have become stale.
    tables: bool
    #: Silences whose end was not noticed.
    silences: bool
    #: Alerts for which time alone may have something to tell.
    alerts: bool
