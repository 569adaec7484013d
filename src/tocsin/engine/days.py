"""What remains of runs is made once a day, before the runs themselves may go."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta

from tocsin.core.daily import Day, sum_up
from tocsin.engine.engine import Engine

#: Under this name the store keeps the last day that was made.
_MADE = "last_day"
#: A day is made anew for so long: a machine may have reported its runs late.
_LATE = timedelta(days=3)
_DAY = timedelta(days=1)
#: Runs that one view of the store reads, and lines that one transaction writes.
_READ, _WRITTEN = 2_000, 500


def make_days(engine: Engine) -> datetime:
    """Make the days that are over, and return until when runs are in them: midnight by UTC.

    The same day made again is the same, so that any number of processes may do this, and be killed while they do.

    Raises:
        StoreError: The store cannot be read or written; the days made so far stay.
    """
    today = _midnight(engine.clock().astimezone(UTC).date())
    with engine.store.reading() as tx:
        made, first = tx.recall(_MADE), tx.first_start()
    day = _midnight(first.date()) if first is not None else today
    if made is not None:
        # Of days before that, runs may have been deleted.
        kept_since = engine.clock() - engine.config.retention.runs + _DAY
        day = max(day, _midnight(kept_since.date()), min(_midnight(date.fromisoformat(made)) + _DAY, today - _LATE))
    while day < today and not engine.stopping.is_set():
        lines = _lines(engine, day)
        if lines is None:
            break
        for first_line in range(0, len(lines), _WRITTEN):
            with engine.store.writing() as tx:
                tx.save_days(lines[first_line : first_line + _WRITTEN])
        with engine.store.writing() as tx:
            tx.remember(_MADE, day.date().isoformat())
        day += _DAY
    return day


def _lines(engine: Engine, day: datetime) -> Sequence[Day] | None:
    """Return the lines of a day; None if the engine was told to end before all runs were read."""
    known: dict[tuple[str, str], Day] = {}
    last = None
    while not engine.stopping.is_set():
        with engine.store.reading() as tx:
            runs = tx.ended_runs(since=day, until=day + _DAY, after=last, limit=_READ)
        known = sum_up(runs, known)
        if len(runs) < _READ:
            return [*known.values()]
        last = runs[-1]
    return None


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(0), UTC)
