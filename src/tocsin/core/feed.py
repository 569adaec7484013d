"""What channels may want to hear of every run, beside alerts: those who draw the runs themselves, or count them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from tocsin.core.expectation import Expectation
from tocsin.core.run import Origin, Outcome, Run
from tocsin.core.schedule import Schedule


class Feed(StrEnum):
    """One kind of news about runs."""

    #: Each run with its steps, when it has ended.
    TRACES = "traces"
    #: Each run of a pipeline whose schedule is known, when it begins and when it ends.
    CHECK_INS = "check-ins"
    #: Each run for its figures, when it has ended, and how many alerts are open, whenever that changes.
    METRICS = "metrics"
    #: Each run when it begins and when it ends, with what it has written where.
    LINEAGE = "lineage"


@dataclass(frozen=True, kw_only=True)
class News:
    """What a feed tells of one run that has begun or ended."""

    feed: Feed
    run: Run
    #: When the pipeline should run; None where that is not known, or only learned.
    schedule: Schedule | None = None
    start_within: timedelta | None = None
    finish_within: timedelta | None = None
    #: When the run was due; None where nobody expected it, or where that is not told.
    due_at: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class Count:
    """What a feed of figures tells when alerts have been opened or are over."""

    at: datetime
    #: How many alerts are open, by severity; zeros too, because a receiver shows the last figure that it was told.
    open_alerts: Mapping[str, int]


#: Receivers of these keep the traceback beside the run.
_WITH_TRACEBACK = frozenset({Feed.LINEAGE, Feed.TRACES})


def news_of(feed: Feed, run: Run, expectation: Expectation | None) -> News | None:
    """Return what a feed tells now that `run` has begun or ended; None where it tells nothing.

    A learned schedule is a guess, and a receiver that counts on it would raise an alarm of its own. A backfill loads
    the data of other days and is not the run that is waited for.

    Args:
        feed: Which of them.
        run: The run.
        expectation: What is expected of its pipeline.
    """
    known = expectation if expectation is not None and not expectation.schedule.learned else None
    if feed in {Feed.TRACES, Feed.METRICS} and run.outcome is Outcome.RUNNING:
        return None
    if feed is Feed.LINEAGE and run.told_in_parts:
        # Whoever told us can tell others, and two servers that tell each other would never end.
        return None
    if feed is Feed.CHECK_INS and (known is None or run.origin is Origin.BACKFILL):
        return None
    return News(
        feed=feed,
        run=_in_short(run, traceback=feed in _WITH_TRACEBACK),
        schedule=known.schedule if known else None,
        start_within=known.start_within if known else None,
        finish_within=known.finish_within if known else None,
    )


def _in_short(run: Run, *, traceback: bool) -> Run:
    """Leave out what only an alert tells, because there is news of every run."""
    told = run.cause.traceback if run.cause is not None and traceback else ""
    cause = replace(run.cause, traceback=told, raised=(), hint="") if run.cause is not None else None
    return replace(run, cause=cause, progress=None, process=None, schedule=None)
