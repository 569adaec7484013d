"""What remains of runs for good: one line a pipeline and day."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta

from tocsin.core.run import Outcome, Run


@dataclass(frozen=True, kw_only=True)
class Ended:
    """A run that has ended, as far as its day is concerned."""

    id: str
    pipeline: str
    environment: str
    outcome: Outcome
    #: Aware, in UTC.
    started_at: datetime
    ended_at: datetime
    #: Rows that it sent to the user's tables.
    rows: int


@dataclass(frozen=True, kw_only=True)
class Day:
    """The runs of a pipeline that began on one day, by UTC, and have ended."""

    pipeline: str
    environment: str
    day: date
    #: How many, by outcome.
    runs: Mapping[str, int] = field(default_factory=dict)
    #: Wall time of all runs together, and of the longest.
    took: timedelta = timedelta(0)
    longest: timedelta = timedelta(0)
    rows: int = 0


#: The worst first.
_WORST = (
    Outcome.DIED,
    Outcome.FAILED,
    Outcome.EXITED,
    Outcome.PARTIAL,
    Outcome.INTERRUPTED,
    Outcome.ABORTED,
    Outcome.BLOCKED,
    Outcome.RUNNING,
    Outcome.PENDING_ONLY,
    Outcome.SUCCEEDED,
    Outcome.NO_DATA,
)


def outcomes_by_day(days: Iterable[Day], newest: Iterable[Run]) -> dict[date, Counter[Outcome]]:
    """Return how the runs of a pipeline ended, by the day on which they began.

    Args:
        days: What is summed up already.
        newest: The newest runs, for the days since then.
    """
    found = {one.day: Counter({Outcome(name): number for name, number in one.runs.items()}) for one in days}
    known = frozenset(found)
    for run in newest:
        day = run.started_at.astimezone(UTC).date()
        if day not in known:
            found.setdefault(day, Counter())[run.outcome] += 1
    return found


def worst(outcomes: Collection[Outcome]) -> Outcome:
    """Return the worst of outcomes, of which there is at least one."""
    return min(outcomes, key=_WORST.index)


def sum_up(runs: Iterable[Ended], known: Mapping[tuple[str, str], Day]) -> dict[tuple[str, str], Day]:
    """Return the lines of one day, by pipeline and environment, with these runs added to what is known of it."""
    days = dict(known)
    for run in runs:
        here = run.pipeline, run.environment
        before = days.get(here) or Day(pipeline=run.pipeline, environment=run.environment, day=run.started_at.date())
        took = run.ended_at - run.started_at
        days[here] = Day(
            pipeline=run.pipeline,
            environment=run.environment,
            day=before.day,
            runs={**before.runs, run.outcome: before.runs.get(run.outcome, 0) + 1},
            took=before.took + took,
            longest=max(before.longest, took),
            rows=before.rows + run.rows,
        )
    return days
