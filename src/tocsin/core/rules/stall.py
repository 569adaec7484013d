"""Does a run that gives signs of life also move?"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from tocsin.core.alert import Alert
from tocsin.core.baseline import ENOUGH
from tocsin.core.finding import Finding, Kind, Topic
from tocsin.core.run import Outcome, Progress, Run, Stage
from tocsin.core.severity import Severity
from tocsin.core.traits import traits_of
from tocsin.core.unusual import comparable, step_seconds
from tocsin.core.words import count, duration, listing, moment

#: Nobody is woken for less. A step that moves shows it after each page of rows or file.
_FLOOR = timedelta(minutes=10)
#: The longest silence in a step is at most as long as the step, so with this much room past runs would all have passed.
_ROOM = 1.5
#: Stages that say nothing while one long piece of work goes on, a load job for example, and their larger figures.
_SILENT = frozenset({Stage.LOAD, Stage.JOB})
_SILENT_FLOOR = timedelta(minutes=30)
_SILENT_ROOM = 3.0
#: While too few runs are known, a step gets so many times the floor, or more where one of them took long.
_UNKNOWN = 3
_FRAMES = 3


def judge_progress(
    run: Run, now: datetime, *, limit: timedelta, limit_source: str, alive_within: timedelta
) -> Finding | None:
    """Return that a run lives and stands still.

    How long it has stood still is measured between two times of its own machine, so that clocks that differ do not
    matter. A run without a recent sign of life is the business of the rule about runs that died.

    Args:
        run: A run that goes on.
        now: The present, aware.
        limit: For how long nothing may move.
        limit_source: Where the limit comes from, as `learned_limit` says it, or "stuck_after".
        alive_within: How old the last sign of life may be.
    """
    progress, heartbeat = run.progress, run.heartbeat_at
    if run.outcome is not Outcome.RUNNING or progress is None or heartbeat is None or now - heartbeat > alive_within:
        return None
    still = heartbeat - progress.moved_at
    if still <= limit:
        return None
    return _finding(
        run,
        now,
        progress,
        kind=Kind.STUCK,
        severity=Severity.ERROR,
        summary=f"stuck for {duration(still)} in {_place(progress)}",
        hint=_hint(run, progress),
        evidence=_facts(progress, limit, limit_source),
    )


def judge_moving(run: Run, now: datetime, open_alert: Alert | None) -> Finding | None:
    """Return that a run which was told as stuck moves again, which ends that problem; its end is judged when it comes.

    Only where nothing else was wrong before: an alert that is older than the run is about data that are still missing,
    and waits for a run that goes well. Ask `judge_progress` and the rule about lateness first: a run that moves again
    and is late is late.

    Args:
        run: A run that goes on.
        now: The present, aware.
        open_alert: The open delivery alert of its pipeline, or None.
    """
    progress = run.progress
    if progress is None or run.outcome is not Outcome.RUNNING or open_alert is None or not _tells(open_alert, run):
        return None
    if open_alert.since < run.started_at or is_still(run, open_alert):
        return None
    return _finding(
        run,
        now,
        progress,
        kind=Kind.RECOVERED,
        severity=Severity.INFO,
        summary=f"it moves again, in {_subject(progress)}",
    )


def is_still(run: Run, open_alert: Alert | None) -> bool:
    """Return whether a run that was told as stuck has not moved since."""
    if open_alert is None or not _tells(open_alert, run):
        return False
    return run.progress is None or run.progress.moved_at <= open_alert.last_at


def learned_limit(history: Sequence[Run], stage: Stage) -> tuple[timedelta, str]:
    """Return for how long nothing may move in a step, and where that figure comes from.

    No silence in a step was longer than the step itself. So the longest of its past durations, with some room, is a
    limit that no good run of the past would have broken. It follows the longest rather than the usual one: a weekly
    run with one load job of an hour is not stuck.

    Args:
        history: Runs of the same pipeline and environment; which of them count is decided by `comparable`.
        stage: The step that runs.
    """
    silent = stage in _SILENT
    floor, room = (_SILENT_FLOOR, _SILENT_ROOM) if silent else (_FLOOR, _ROOM)
    past = [step_seconds(run, run.ended_at or run.started_at) for run in comparable(history)]
    known = [seconds[stage] for seconds in past if stage in seconds]
    longest = timedelta(seconds=max(known, default=0))
    if len(known) < ENOUGH and longest * room < floor * _UNKNOWN:
        return floor * _UNKNOWN, f"the default until {ENOUGH} good runs are known"
    return max(longest * room, floor), f"{stage} took up to {duration(longest)} in {count(len(known), 'run')}"


def _tells(alert: Alert, run: Run) -> bool:
    return alert.kind is Kind.STUCK and alert.run_id == run.id


def _place(progress: Progress) -> str:
    return f"{_subject(progress)}, at {progress.stack[0]}" if progress.stack else _subject(progress)


def _subject(progress: Progress) -> str:
    return f"{progress.stage} of {progress.subject}" if progress.subject else str(progress.stage)


def _facts(progress: Progress, limit: timedelta, limit_source: str) -> dict[str, str]:
    total = f" of {progress.total:,}" if progress.total is not None else ""
    facts = {
        "Progress": f"{progress.done:,}{total} done, nothing since {moment(progress.moved_at)}",
        "Limit": f"{duration(limit)} without progress ({limit_source})",
    }
    if len(progress.stack) > 1:
        facts["Called from"] = listing(progress.stack[1:], most=_FRAMES)
    return facts


def _hint(run: Run, progress: Progress) -> str:
    if progress.stage is Stage.LOAD:
        look = "Look at the destination for a query that waits for a lock or for room."
    elif progress.stack:
        look = f"Look at what {progress.stack[0]} waits for; a request without a timeout waits for ever."
    else:
        look = "Look at what the process waits for; a request without a timeout waits for ever."
    if run.context.orchestrator is not None:
        stop = f" If it will not move, stop it in {run.context.orchestrator}."
    elif run.process is not None:
        host = f" on {run.context.host}" if run.context.host else ""
        stop = f" If it will not move, stop it{host}: kill {run.process.pid}."
    else:
        stop = ""
    return f"{look}{stop} If such a pause is usual, raise stuck_after in [tocsin.pipelines.{run.pipeline}]."


def _finding(
    run: Run,
    now: datetime,
    progress: Progress,
    *,
    kind: Kind,
    severity: Severity,
    summary: str,
    hint: str = "",
    evidence: dict[str, str] | None = None,
) -> Finding:
    return Finding(
        kind=kind,
        topic=Topic.DELIVERY,
        subject=run.pipeline,
        environment=run.environment,
        severity=severity,
        at=now,
        summary=summary,
        hint=hint,
        # Not the line of code: a loop that waits is met on another line each time.
        reason_key=_subject(progress),
        stage=run.stage,
        run_id=run.id,
        logical_id=run.logical_id,
        evidence=evidence or {},
        traits=traits_of(run),
    )
