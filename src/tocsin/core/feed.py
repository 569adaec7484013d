"""What channels may want to hear of every run, beside alerts: those who draw the runs themselves, or count them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
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


@dataclass(frozen=True, kw_only=True)
class News:
    """What a feed tells of one run that has begun or ended."""

    feed: Feed
    run: Run
    #: When the pipeline should run; None where that is not known, or only learned.
    schedule: Schedule | None = None
    start_within: timedelta | None = None
    finish_within: timedelta | None = None


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
    if feed is Feed.TRACES and run.outcome is Outcome.RUNNING:
        return None
    if feed is Feed.CHECK_INS and (known is None or run.origin is Origin.BACKFILL):
        return None
    return News(
        feed=feed,
        run=_in_short(run),
        schedule=known.schedule if known else None,
        start_within=known.start_within if known else None,
        finish_within=known.finish_within if known else None,
    )


def _in_short(run: Run) -> Run:
    """Leave out what only an alert tells, because there is news of every run."""
    cause = replace(run.cause, traceback="", raised=(), hint="") if run.cause is not None else None
    return replace(run, cause=cause, progress=None, process=None, schedule=None)
