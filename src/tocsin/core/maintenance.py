"""Maintenance: times in which problems are expected, as the configuration names them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from tocsin.core.labels import Labels
from tocsin.core.matchers import Matcher
from tocsin.core.time_window import Window


@dataclass(frozen=True, kw_only=True)
class Maintenance:
    """Problems that fulfil every matcher are not told within the windows."""

    #: "maintenance 2" or the name that was given, for explanations.
    name: str
    #: None of them: everything is muted.
    matchers: tuple[Matcher, ...]
    windows: tuple[Window, ...]
    reason: str
    #: The file in which it stands.
    origin: str = field(default="", compare=False, repr=False)

    def covers(self, labels: Labels, now: datetime) -> bool:
        """Whether it mutes what has these labels at this moment."""
        fits = all(matcher.matches(labels) for matcher in self.matchers)
        return fits and any(window.covers(now) for window in self.windows)

    def changes_after(self, now: datetime) -> datetime | None:
        """Return the next moment at which a window opens or closes; None if none does any more."""
        changes = (window.changes_after(now) for window in self.windows)
        return min((moment for moment in changes if moment is not None), default=None)


def maintained_by(labels: Labels, maintenance: Iterable[Maintenance], now: datetime) -> Maintenance | None:
    """Return the first maintenance that mutes what has these labels at this moment."""
    return next((each for each in maintenance if each.covers(labels, now)), None)
