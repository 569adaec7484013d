"""A run as an event of OpenLineage (https://openlineage.io/spec, 2-0-2, with the facets of the versions below)."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import datetime

from tocsin.channels.formats.lineage_dataset import dataset_of
from tocsin.core.cause import Cause
from tocsin.core.feed import News
from tocsin.core.run import Outcome, Run, Stage

#: Identifies who has made an event; it has to be a URI.
_PRODUCER = "urn:dlt-tocsin:openlineage"
_SPEC = "https://openlineage.io/spec"
_VERSIONS = {
    "DocumentationJobFacet": "1-1-0",
    "ErrorMessageRunFacet": "1-0-1",
    "JobTypeJobFacet": "2-0-4",
    "NominalTimeRunFacet": "1-0-1",
    "OutputStatisticsOutputDatasetFacet": "1-0-2",
    "OwnershipJobFacet": "1-0-1",
    "ParentRunFacet": "1-2-0",
    "ProcessingEngineRunFacet": "1-1-1",
    "SchemaDatasetFacet": "1-2-0",
}
_RUNS = uuid.UUID("0b5f2a52-3f39-5e0b-9a3c-64c4a1a0f7de")
_KINDS = {
    Outcome.RUNNING: "START",
    Outcome.ABORTED: "ABORT",
    Outcome.BLOCKED: "ABORT",
    Outcome.INTERRUPTED: "ABORT",
}
_Json = dict[str, object]


def lineage_event(news: News, *, namespace: str, plain: bool = False) -> _Json:
    """Return what has become of a run.

    Args:
        news: Of the run.
        namespace: Of its job; empty for the environment of the run.
        plain: Leave out what a receiver may not be able to read: the columns of tables, and the stack trace.
    """
    run = news.run
    kind = _KINDS.get(run.outcome, "COMPLETE" if run.outcome.ok else "FAIL")
    at = run.started_at if kind == "START" else run.ended_at or run.started_at
    return {
        **_event(kind, at),
        "run": {"runId": run_uuid(run), "facets": _run_facets(news, kind, plain=plain)},
        "job": {"namespace": namespace or run.environment, "name": run.pipeline, "facets": _job_facets(run)},
        "inputs": [],
        "outputs": [_output(run, load.table, load.rows, plain=plain) for load in run.tables if _is_own(load.table)],
    }


def remark_event(key: str, title: str, at: datetime, *, namespace: str) -> _Json:
    """Return an event for a message that is about no run, as that of `tocsin channel test`: it begins and ends none."""
    documentation = _facet("DocumentationJobFacet", description=title)
    return {
        **_event("OTHER", at),
        "run": {"runId": str(uuid.uuid5(_RUNS, key)), "facets": {}},
        "job": {"namespace": namespace or "default", "name": "tocsin", "facets": {"documentation": documentation}},
        "inputs": [],
        "outputs": [],
    }


def run_uuid(run: Run) -> str:
    """Return the id of a run: its own where that is a UUID, else one that is always made of it in the same way."""
    try:
        return str(uuid.UUID(run.id))
    except ValueError:
        return str(uuid.uuid5(_RUNS, f"{run.environment}\0{run.id}"))


def _event(kind: str, at: datetime) -> _Json:
    schema = f"{_SPEC}/2-0-2/OpenLineage.json#/$defs/RunEvent"
    return {"eventType": kind, "eventTime": at.isoformat(), "producer": _PRODUCER, "schemaURL": schema}


def _run_facets(news: News, kind: str, *, plain: bool) -> _Json:
    run = news.run
    facets: _Json = {}
    if news.due_at is not None:
        facets["nominalTime"] = _facet("NominalTimeRunFacet", nominalStartTime=news.due_at.isoformat())
    if parent := _parent(run.context.names):
        facets["parent"] = parent
    if "dlt" in run.context.versions and run.stage is not Stage.JOB:
        version = run.context.versions["dlt"]
        facets["processing_engine"] = _facet("ProcessingEngineRunFacet", version=version, name="dlt")
    if kind in {"FAIL", "ABORT"}:
        facets["errorMessage"] = _error(run, run.cause, plain=plain)
    return facets


def _error(run: Run, cause: Cause | None, *, plain: bool) -> _Json:
    """Return why a run did not go well. Every text of it was redacted where it ran."""
    said = f"{cause.exception}: {cause.message}" if cause is not None else _ended(run)
    trace = {"stackTrace": cause.traceback} if cause is not None and cause.traceback and not plain else {}
    return _facet("ErrorMessageRunFacet", message=said, programmingLanguage="python", **trace)


def _ended(run: Run) -> str:
    if run.failed_jobs:
        return "; ".join(f"{job.table}: {job.message}" for job in run.failed_jobs[:10])
    return f"{run.outcome}: {run.ended_by}" if run.ended_by else str(run.outcome)


def _parent(names: Mapping[str, str]) -> _Json | None:
    """Return the run that this one is a part of, where its scheduler has named it: "namespace/job/run id"."""
    namespace, _, rest = names.get("openlineage_parent", "").partition("/")
    job, _, run_id = rest.rpartition("/")
    try:
        run = {"runId": str(uuid.UUID(run_id))}
    except ValueError:
        return None
    return _facet("ParentRunFacet", run=run, job={"namespace": namespace, "name": job})


def _job_facets(run: Run) -> _Json:
    by_dlt = run.stage is not Stage.JOB
    kind = {"integration": "DLT", "jobType": "PIPELINE"} if by_dlt else {"integration": "TOCSIN", "jobType": "JOB"}
    facets: _Json = {"jobType": _facet("JobTypeJobFacet", processingType="BATCH", **kind)}
    if run.context.owner:
        facets["ownership"] = _facet("OwnershipJobFacet", owners=[{"name": run.context.owner}])
    return facets


def _output(run: Run, table: str, rows: int, *, plain: bool) -> _Json:
    namespace, name = dataset_of(run, table)
    columns = next((found for schema in run.schemas if (found := (schema.tables or {}).get(table))), None)
    facets: _Json = {}
    if columns is not None and not plain:
        fields = [{"name": column, "type": kind} for column, kind in columns.items()]
        facets["schema"] = _facet("SchemaDatasetFacet", fields=fields)
    return {
        "namespace": namespace,
        "name": name,
        "facets": facets,
        "outputFacets": {"outputStatistics": _facet("OutputStatisticsOutputDatasetFacet", rowCount=rows)},
    }


def _facet(kind: str, **values: object) -> _Json:
    return {
        "_producer": _PRODUCER,
        "_schemaURL": f"{_SPEC}/facets/{_VERSIONS[kind]}/{kind}.json#/$defs/{kind}",
        **values,
    }


def _is_own(table: str) -> bool:
    return not table.startswith("_dlt")
