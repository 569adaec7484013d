"""What is out of its usual range in a run that takes too long, and when it may end."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from tocsin.core.baseline import ENOUGH, Range, is_above, usual, usual_amount, usual_duration
from tocsin.core.run import Outcome, Run, Stage
from tocsin.core.words import amount, count, duration, listing

#: The newest runs that habits are learned from.
_NEWEST = 30
_TABLES = 3
#: A rate is trusted once it was measured for so long, over so much of the whole, and while it goes on.
_LEAST_TIME = timedelta(seconds=30)
_LEAST_SHARE = 0.05
_GOES_ON = timedelta(minutes=1)
#: Stages in which dlt counts the rows of a table.
_COUNTS_ROWS = frozenset({Stage.EXTRACT, Stage.NORMALIZE})


@dataclass(frozen=True, kw_only=True)
class Unusual:
    """What a run's own figures say about why it takes long."""

    #: "extract 41 min, usually 8 to 10 min; …", or that nothing is to be seen, or why nothing can be.
    text: str
    #: The step that takes longer than it usually does; the last one if there are several.
    slow: Stage | None = None
    #: A table gets more rows than it usually does.
    extra_data: bool = False


def comparable(history: Sequence[Run], run: Run | None = None) -> tuple[Run, ...]:
    """Return the newest runs that show what is usual: those that went well, without the first one and `run` itself."""
    good = (
        each
        for each in history
        if each.outcome in {Outcome.SUCCEEDED, Outcome.NO_DATA}
        and not each.first_run
        and each.ended_at is not None
        and (run is None or each.id != run.id)
    )
    return tuple(sorted(good, key=lambda each: each.started_at, reverse=True)[:_NEWEST])


def step_seconds(run: Run, now: datetime) -> Mapping[Stage, float]:
    """Return how long each step of a run took, or has taken by now; a run without steps is one long step."""
    if not run.steps:
        return {run.stage: ((run.ended_at or now) - run.started_at).total_seconds()}
    seconds: defaultdict[Stage, float] = defaultdict(float)
    for step in run.steps:
        seconds[step.stage] += ((step.ended_at or now) - step.started_at).total_seconds()
    return seconds


def find_unusual(run: Run, now: datetime, history: Sequence[Run]) -> Unusual:
    """Compare a run with those before it.

    Args:
        run: The run that takes too long.
        now: The present: the step that runs has taken until now.
        history: Runs of the same pipeline and environment; which of them count is decided here.
    """
    known = comparable(history, run)
    if len(known) < ENOUGH:
        return Unusual(text=f"{count(len(known), 'good run')} known, too few to say what is unusual")
    slow = _slow_steps(run, now, known)
    rows = _rows(run)
    grown = _grown_tables(rows, run, known)
    parts = [*slow.values()]
    if grown:
        parts.append(f"{listing(grown, most=_TABLES)}: extra data")
    elif slow and rows:
        parts.append("the rows so far are as usual")
    text = "; ".join(parts) or f"nothing unusual is visible beside {count(len(known), 'good run')}"
    return Unusual(text=text, slow=max(slow, key=lambda stage: stage.order, default=None), extra_data=bool(grown))


def estimate_end(run: Run, now: datetime, history: Sequence[Run]) -> str | None:
    """Return "about 12 min left in load at the present rate (30 of 40)", or None where nobody can tell.

    It needs a rate that was measured for a while and still goes on, and a whole to measure it by: the one that dlt
    tells, or the rows that the table usually gets. It is about the step that runs: what follows comes on top.
    """
    progress = run.progress
    began = next((step.started_at for step in run.steps if step.ended_at is None), None)
    if progress is None or began is None or progress.done <= 0 or now - progress.moved_at > _GOES_ON:
        return None
    measured = progress.moved_at - began
    total, basis = progress.total, ""
    if total is not None:
        basis = f" ({progress.done:,} of {total:,})"
    elif progress.subject is not None and progress.stage in _COUNTS_ROWS:
        expected = _usual_rows(progress.subject, comparable(history, run))
        total = round(expected.typical) if expected is not None else 0
        basis = f", if {progress.subject} gets its usual {amount(total)} rows"
    if not total or measured < _LEAST_TIME or not _LEAST_SHARE * total <= progress.done < total:
        return None
    left = measured * ((total - progress.done) / progress.done)
    return f"about {_roughly(left)} left in {progress.stage} at the present rate{basis}"


def _slow_steps(run: Run, now: datetime, known: Sequence[Run]) -> Mapping[Stage, str]:
    """Return the steps that take longer than usual, with the words for each."""
    past = [step_seconds(each, each.ended_at or now) for each in known]
    running = run.steps[-1].stage if run.steps and run.steps[-1].ended_at is None else None
    slow = {}
    for stage, seconds in step_seconds(run, now).items():
        expected = usual(each[stage] for each in past if stage in each)
        if expected is not None and is_above(seconds, expected):
            so_far = " so far" if stage is running or not run.steps else ""
            slow[stage] = f"{stage} {duration(timedelta(seconds=seconds))}{so_far}, {usual_duration(expected)}"
    return slow


def _rows(run: Run) -> Mapping[str, int]:
    """Return the rows of each of the user's tables; the table at work counts with what it has by now."""
    rows = {load.table: load.rows for load in run.tables if not load.table.startswith("_dlt")}
    progress = run.progress
    if progress is not None and progress.subject is not None and progress.stage in _COUNTS_ROWS:
        rows.setdefault(progress.subject, progress.done)
    return rows


def _grown_tables(rows: Mapping[str, int], run: Run, known: Sequence[Run]) -> list[str]:
    """Return the tables that get more rows than usual, in words, those that grew most first."""
    settled = {load.table for load in run.tables}
    found = []
    for table, number in rows.items():
        expected = _usual_rows(table, known)
        if expected is not None and is_above(number, expected):
            so_far = "" if table in settled else " so far"
            text = f"table {table} {amount(number)} rows{so_far}, {usual_amount(expected)}"
            found.append((number / (expected.typical + 1), text))
    return [text for _, text in sorted(found, reverse=True)]


def _usual_rows(table: str, known: Sequence[Run]) -> Range | None:
    """Return the usual rows of a table. A run without it sent it none; one from before it existed says nothing."""
    by_run = [{load.table: load.rows for load in each.tables} for each in known]
    first = max((index for index, tables in enumerate(by_run) if table in tables), default=-1)
    return usual(tables.get(table, 0) for tables in by_run[: first + 1])


def _roughly(length: timedelta) -> str:
    """Return a length of time without the precision that an estimate does not have."""
    minutes = round(length.total_seconds() / 60)
    return duration(timedelta(minutes=minutes)) if minutes else "1 min"
