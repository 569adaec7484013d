"""How did the run end, and is that news?"""

from __future__ import annotations

from tocsin.core.alert import Alert
from tocsin.core.explain import reason_key, summary
from tocsin.core.finding import Finding, Kind, Topic
from tocsin.core.rules.died import say_died
from tocsin.core.run import Outcome, Run
from tocsin.core.severity import Severity
from tocsin.core.traits import traits_of
from tocsin.core.words import count, duration, listing

_KINDS = {
    Outcome.FAILED: Kind.FAILED,
    Outcome.PARTIAL: Kind.PARTIAL,
    Outcome.EXITED: Kind.EXITED,
    Outcome.INTERRUPTED: Kind.INTERRUPTED,
    Outcome.DIED: Kind.DIED,
}


def judge(run: Run, open_alert: Alert | None, newer_success: Run | None) -> Finding | None:
    """Return what the end of a run means.

    Args:
        run: A run that has ended.
        open_alert: The open delivery alert of its pipeline, or None.
        newer_success: A run of the same pipeline that went well and ended later, or None.

    Returns:
        None where the end says nothing: a run that was aborted on purpose, or not started because of another one, which
        has an alert of its own, or bad news that are over already.
    """
    if run.outcome.bad:
        # Events of another machine can arrive late. A failure that a later run has made good is history.
        return None if newer_success or run.told_elsewhere else _problem(run)
    if run.outcome is Outcome.PENDING_ONLY and open_alert is None:
        return _pending_only(run)
    return _recovery(run) if run.outcome.ok else None


def severity(run: Run) -> Severity:
    """Return how much a bad end matters."""
    if run.outcome is Outcome.DIED:
        return Severity.CRITICAL
    if run.outcome is Outcome.INTERRUPTED:
        # Whoever pressed Ctrl-C knows; a signal from a scheduler or a deployment is news.
        return Severity.INFO if run.context.interactive else Severity.WARNING
    if run.max_attempts is not None and run.attempt < run.max_attempts:
        return Severity.WARNING
    return Severity.ERROR


def _problem(run: Run) -> Finding:
    text, hint = _say(run)
    return _finding(
        run,
        kind=_KINDS[run.outcome],
        severity=severity(run),
        summary=text,
        hint=hint,
        reason_key=_reason_key(run),
    )


def _say(run: Run) -> tuple[str, str]:
    """Return the sentence and the hint for a bad end."""
    match run.outcome:
        case Outcome.PARTIAL:
            tables = listing(sorted({job.table for job in run.failed_jobs}), most=3)
            jobs = count(len(run.failed_jobs), "load job")
            return (
                f"{jobs} failed in a run that dlt reports as ok: rows are missing in {tables}",
                (
                    f"See the failed jobs with: dlt pipeline {run.pipeline} failed-jobs. Their rows are not loaded by "
                    "the next run. Set load.raise_on_failed_jobs=true to make such runs fail."
                ),
            )
        case Outcome.DIED:
            return say_died(run)
    cause = run.cause
    return (summary(cause), cause.hint) if cause else (f"{run.outcome} during {run.stage}", "")


def _reason_key(run: Run) -> str:
    if run.outcome is Outcome.PARTIAL:
        return "|".join(sorted({job.table for job in run.failed_jobs}))
    return reason_key(run.cause) if run.cause else str(run.stage)


def _pending_only(run: Run) -> Finding:
    return _finding(
        run,
        kind=Kind.PENDING_ONLY,
        severity=Severity.WARNING,
        summary="only a pending load package of an earlier run was loaded: nothing new was extracted",
        hint="dlt finishes pending packages before it extracts anything. Run the pipeline again to load new data.",
        reason_key="pending",
    )


def _recovery(run: Run) -> Finding:
    rows = sum(1 for t in run.tables if t.rows and not t.table.startswith("_dlt"))
    took = f" in {duration(run.duration)}" if run.duration is not None else ""
    match run.outcome:
        case Outcome.NO_DATA:
            text = f"a run went well{took} and found no new data"
        case Outcome.PENDING_ONLY:
            text = "a run loaded the pending package; nothing new was extracted, the next run will do that"
        case _ if run.rows:
            text = f"a run loaded {count(run.rows, 'row')} into {count(rows, 'table')}{took}"
        case _:
            text = f"a run went well{took}"
    return _finding(run, kind=Kind.RECOVERED, severity=Severity.INFO, summary=text)


def _finding(
    run: Run, *, kind: Kind, severity: Severity, summary: str, hint: str = "", reason_key: str = ""
) -> Finding:
    return Finding(
        kind=kind,
        topic=Topic.DELIVERY,
        subject=run.pipeline,
        environment=run.environment,
        severity=severity,
        at=run.ended_at or run.started_at,
        summary=summary,
        hint=hint,
        reason_key=reason_key,
        # An onlooker does not know how far the run got, so any good run makes up for it.
        stage=None if run.second_hand else run.stage,
        run_id=run.id,
        logical_id=run.logical_id,
        traits=traits_of(run),
    )
