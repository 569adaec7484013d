"""From an event of OpenLineage to the report of a run."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta

import msgspec

from tocsin.capture.links import web_link
from tocsin.core.cause import Cause, CauseClass
from tocsin.core.event import Event, EventType
from tocsin.core.explain.told import explain_told
from tocsin.core.run import Context, Outcome, Run, Stage, TableLoad
from tocsin.core.schema import SchemaVersion
from tocsin.web.lineage.shape import (
    Airflow,
    ErrorMessage,
    EventKind,
    JobType,
    LineageDataset,
    LineageEvent,
    LineageJob,
    LineageRun,
    NominalTime,
    OutputStatistics,
    Ownership,
    Parent,
    ProcessingEngine,
    Schema,
    facet,
)

#: A run whose end does not come for so long has died: producers give no signs of life in between.
_SILENT = timedelta(days=1)
#: Jobs that do not end by themselves.
_ENDLESS, _FOR_EVER = {"STREAMING", "SERVICE"}, timedelta(days=3650)
#: What producers call jobs that are one statement: dbt-ol the first, Airflow's provider the second.
_STATEMENTS = {"SQL", "QUERY"}
#: The namespace that producers choose where nobody has set one.
_UNNAMED = "default"
#: The owner that Airflow writes where nobody has set one.
_NOBODY = "airflow"
_REPORTS = {
    EventKind.START: (EventType.RUN_STARTED, Outcome.RUNNING),
    EventKind.RUNNING: (EventType.PROGRESS, Outcome.RUNNING),
    EventKind.COMPLETE: (EventType.RUN_FINISHED, Outcome.SUCCEEDED),
    EventKind.FAIL: (EventType.RUN_FINISHED, Outcome.FAILED),
    EventKind.ABORT: (EventType.RUN_FINISHED, Outcome.INTERRUPTED),
}


def report_of(event: LineageEvent, *, environment: str, redact: Callable[[str], str]) -> Event | None:
    """Return what an event tells of a run, or None where it tells of none that begins, goes on or ends.

    Events about jobs and datasets only describe them, and so do those of the type OTHER: a run that nothing else is
    known of would never end. A statement of SQL inside of a job, as dbt tells of each, is no job: the one around it
    fails with it, for the same reason.

    Args:
        event: As it came.
        environment: Of the run.
        redact: Takes secrets out of a text.
    """
    if (
        event.run is None
        or event.job is None
        or event.event_type not in _REPORTS
        or _is_statement(event.run, event.job)
    ):
        return None
    kind, outcome = _REPORTS[event.event_type]
    run = _run(event, event.run, event.job, environment, redact)
    if outcome is Outcome.RUNNING:
        reported = replace(run, heartbeat_at=event.event_time)
    else:
        error = facet(event.run.facets, "errorMessage", ErrorMessage)
        reported = replace(_ended(run, outcome, error, redact), ended_at=event.event_time)
    if reported.outcome.ok:
        # Of a run that goes on or failed they may be a part.
        reported = replace(reported, schemas=_schemas(event.outputs or ()))
    # The same event has the same id, whoever sends it again.
    return Event(id=f"openlineage {_digest((environment, event))}", type=kind, at=event.event_time, run=reported)


def pipeline_of(job: LineageJob) -> str:
    """Return the name of a job's pipeline: "NAMESPACE/NAME", or the name alone in the namespace "default"."""
    return job.name if job.namespace == _UNNAMED else f"{job.namespace}/{job.name}"


def _is_statement(told: LineageRun, job: LineageJob) -> bool:
    kind = facet(job.facets, "jobType", JobType) or JobType()
    return kind.job_type in _STATEMENTS and facet(told.facets, "parent", Parent) is not None


def _run(event: LineageEvent, told: LineageRun, job: LineageJob, environment: str, redact: Callable[[str], str]) -> Run:
    """Return what every event tells of its run."""
    parent = facet(told.facets, "parent", Parent)
    airflow = facet(told.facets, "airflow", Airflow) or Airflow()
    tried = airflow.task_instance
    retries = airflow.task.retries
    return Run(
        id=str(told.run_id),
        pipeline=pipeline_of(job),
        environment=environment,
        started_at=event.event_time,
        stage=Stage.JOB,
        logical_id=_logical_id(job, parent, tried.map_index) or str(told.run_id),
        attempt=tried.try_number or 1,
        max_attempts=None if retries is None else retries + 1,
        tables=_loads(event.outputs or ()),
        destination=_destination(event.outputs or ()),
        context=_context(event.producer, told, job, parent, airflow, redact),
        # A pipeline of dlt inside of the task may have told the same, and better.
        second_hand=bool(airflow.task.task_id),
        told_in_parts=True,
    )


def _ended(run: Run, outcome: Outcome, error: ErrorMessage | None, redact: Callable[[str], str]) -> Run:
    """Return a run with how it ended, and why."""
    cause = None
    if outcome is not Outcome.SUCCEEDED and error is not None:
        cause = explain_told(
            error.message, trace=error.stack_trace or "", language=error.programming_language, redact=redact
        )
    if outcome is Outcome.INTERRUPTED:
        if "parent_run_id" in run.context.names:
            # What is aborted in another run was left out, or ended with it: that run tells why.
            return replace(run, outcome=Outcome.ABORTED, cause=cause)
        said = cause.message if cause is not None else "its producer says no more than that it was aborted"
        hint = "A person, a time limit or a deployment ended it: see the log of the run."
        cause = Cause(cause_class=CauseClass.INTERRUPTED, exception="ABORT", message=said, hint=hint)
    return replace(run, outcome=outcome, cause=cause)


def _context(
    producer: str,
    told: LineageRun,
    job: LineageJob,
    parent: Parent | None,
    airflow: Airflow,
    redact: Callable[[str], str],
) -> Context:
    kind = facet(job.facets, "jobType", JobType) or JobType()
    engine = facet(told.facets, "processing_engine", ProcessingEngine)
    nominal = facet(told.facets, "nominalTime", NominalTime)
    owned = facet(job.facets, "ownership", Ownership)
    name = (engine.name if engine is not None and engine.name else kind.integration).lower()
    task = [airflow.dag.dag_id, airflow.task.task_id, airflow.dag_run.run_id]
    if airflow.task_instance.map_index is not None:
        task.append(str(airflow.task_instance.map_index))
    names = {
        "job": f"{job.namespace}/{job.name}",
        "job_type": kind.job_type or "",
        "nominal_start": nominal.nominal_start_time if nominal is not None else "",
        "nominal_end": (nominal.nominal_end_time or "") if nominal is not None else "",
        "parent": pipeline_of(parent.job) if parent is not None else "",
        "parent_run_id": str(parent.run.run_id) if parent is not None else "",
        "dag_run_id": airflow.dag_run.run_id,
        "run_type": airflow.dag_run.run_type,
        "producer": producer,
    }
    return Context(
        orchestrator=name or "openlineage",
        links=web_link("Airflow log", redact(airflow.task_instance.log_url or "")),
        owner=next((one.name for one in owned.owners if one.name != _NOBODY), "") if owned is not None else "",
        died_after=_FOR_EVER if kind.processing_type in _ENDLESS else _SILENT,
        names={key: value for key, value in names.items() if value},
        # As a process that runs in the task names it: see `tocsin.capture.orchestrators.airflow`.
        logical_id="/".join(task) if airflow.task.task_id else None,
        attempt=airflow.task_instance.try_number or 1,
        versions={name: engine.version} if engine is not None and name else {},
    )


def _logical_id(job: LineageJob, parent: Parent | None, map_index: int | None) -> str:
    """Return what the tries of one task in one run of its parent share; empty where there is no parent."""
    if parent is None:
        return ""
    mapped = f"[{map_index}]" if map_index is not None else ""
    return f"{parent.run.run_id}/{pipeline_of(job)}{mapped}"


def _loads(outputs: Sequence[LineageDataset]) -> tuple[TableLoad, ...]:
    """Return the rows that were written to each dataset whose producer counts them."""
    rows: dict[str, int] = {}
    for one in outputs:
        written = facet(one.output_facets, "outputStatistics", OutputStatistics)
        if written is not None and written.row_count is not None:
            rows[one.name] = rows.get(one.name, 0) + written.row_count
    return tuple(TableLoad(table=table, rows=number) for table, number in rows.items())


def _destination(outputs: Sequence[LineageDataset]) -> str | None:
    """Return "postgres" for the namespace "postgres://db.internal:5432"."""
    return next((one.namespace.partition("://")[0] for one in outputs if one.namespace), None)


def _schemas(outputs: Sequence[LineageDataset]) -> tuple[SchemaVersion, ...]:
    """Return the columns of each dataset that was written, as a schema of its own."""
    found = {}
    for one in outputs:
        told = facet(one.facets, "schema", Schema)
        if told is not None and told.fields:
            columns = {each.name: each.type or "" for each in told.fields}
            digest = _digest(sorted(columns.items()))
            found[one.name] = SchemaVersion(name=one.name, version_hash=digest, tables={one.name: columns})
    return tuple(found.values())


def _digest(value: object) -> str:
    return hashlib.sha256(msgspec.json.encode(value)).hexdigest()
