"""The runs that began around a run: the ones before and after it, its other attempts, the last one that went well."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from tocsin.core.run import Outcome


@dataclass(frozen=True, kw_only=True)
class Neighbour:
    """What little is known of a run that stands near another one of its pipeline."""

    id: str
    logical_id: str
    attempt: int
    started_at: datetime
    outcome: Outcome


@dataclass(frozen=True, kw_only=True)
class Neighbourhood:
    """A run among those around it."""

    #: In the order in which they began, with the run itself.
    runs: Sequence[Neighbour]
    #: Where the run stands among them.
    place: int

    @property
    def before(self) -> Neighbour | None:
        """The run that began before it."""
        return self.runs[self.place - 1] if self.place else None

    @property
    def after(self) -> Neighbour | None:
        """The run that began after it."""
        return next(iter(self.runs[self.place + 1 :]), None)

    @property
    def attempts(self) -> Sequence[Neighbour]:
        """The attempts of its logical run, itself included, in the order in which they began."""
        logical_id = self.runs[self.place].logical_id
        same = [run for run in self.runs if logical_id and run.logical_id == logical_id]
        return same or [self.runs[self.place]]

    @property
    def last_good(self) -> Neighbour | None:
        """The newest run before it that loaded something."""
        return next((run for run in reversed(self.runs[: self.place]) if run.outcome is Outcome.SUCCEEDED), None)
