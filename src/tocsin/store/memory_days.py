"""What remains of runs, in memory."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

from tocsin.core.daily import Day, Ended
from tocsin.store.memory_state import Part


class Days(Part):
    """The part of a transaction that is about days."""

    def first_start(self) -> datetime | None:
        """Return when the oldest run that is stored began."""
        return min((run.started_at for run in self._read.runs.values()), default=None)

    def ended_runs(
        self, *, since: datetime, until: datetime, after: Ended | None = None, limit: int
    ) -> Sequence[Ended]:
        """Return the runs that began within this time and have ended, by start and id."""
        found = [
            Ended(
                id=run.id,
                pipeline=run.pipeline,
                environment=run.environment,
                outcome=run.outcome,
                started_at=run.started_at,
                ended_at=run.ended_at,
                rows=run.rows,
            )
            for run in self._read.runs.values()
            if run.ended_at is not None and since <= run.started_at < until
        ]
        found.sort(key=_order)
        return [run for run in found if after is None or _order(run) > _order(after)][:limit]

    def save_days(self, days: Sequence[Day]) -> None:
        """Insert or replace what remains of runs."""
        self._write.days.update({(one.pipeline, one.environment, one.day): one for one in days})

    def days(self, pipeline: str, environment: str, *, since: date) -> Sequence[Day]:
        """Return the days of a pipeline on which it ran, from `since` on, in their order."""
        found = [one for key, one in self._read.days.items() if key[:2] == (pipeline, environment)]
        return sorted((one for one in found if one.day >= since), key=lambda one: one.day)


def _order(run: Ended) -> tuple[datetime, str]:
    return run.started_at, run.id
