"""What an event of OpenLineage tells of a run, in Tocsin's words."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from openlineage.client.event_v2 import RunState
from openlineage.client.facet_v2 import job_type_job, nominal_time_run, ownership_job, processing_engine_run

from lineage_events import DAG_RUN, FIRST_TRY, SECOND_TRY, airflow, body, event, failed, inside, output
from made import at
from tocsin.core.cause import CauseClass
from tocsin.core.event import Event, EventType
from tocsin.core.redact import Redactor
from tocsin.core.run import Link, Origin, Outcome, Stage, TableLoad
from tocsin.core.schema import SchemaVersion
from tocsin.web.lineage.body import read_event
from tocsin.web.lineage.run import report_of


def reported(made: Any, environment: str = "default") -> Event | None:
    """Return what is reported of an event: one of the client's, or a document."""
    sent = made if isinstance(made, dict) else body(made)
    return report_of(read_event(json.dumps(sent).encode()), environment=environment, redact=Redactor())


def told(made: Any) -> Any:
    """Return the run that an event tells of."""
    report = reported(made)
    assert report is not None
    return report.run


@pytest.mark.parametrize(
    ("state", "type_", "outcome"),
    [
        (RunState.START, EventType.RUN_STARTED, Outcome.RUNNING),
        (RunState.RUNNING, EventType.PROGRESS, Outcome.RUNNING),
        (RunState.COMPLETE, EventType.RUN_FINISHED, Outcome.SUCCEEDED),
        (RunState.FAIL, EventType.RUN_FINISHED, Outcome.FAILED),
        (RunState.ABORT, EventType.RUN_FINISHED, Outcome.INTERRUPTED),
    ],
)
def test_types_of_events(state: RunState, type_: EventType, outcome: Outcome) -> None:
    """Each type begins a run, keeps it alive or ends it, at the time of the event."""
    report = reported(event(state, 3), "prod")
    assert report is not None
    assert report.run is not None
    assert (report.type, report.at, report.run.outcome) == (type_, at(3), outcome)
    assert (report.run.id, report.run.environment, report.run.stage) == (FIRST_TRY, "prod", Stage.JOB)
    assert (report.run.heartbeat_at, report.run.ended_at) == (
        (at(3), None) if outcome is Outcome.RUNNING else (None, at(3))
    )


@pytest.mark.parametrize(
    "made",
    [
        event(RunState.OTHER, 0),
        # A type is not asked for.
        event(None, 0),
        {"eventTime": "2026-11-23T12:00:00Z", "job": {"namespace": "a", "name": "b"}, "inputs": [], "outputs": []},
        {"eventTime": "2026-11-23T12:00:00Z", "dataset": {"namespace": "a", "name": "b"}},
    ],
)
def test_events_that_tell_of_no_run(made: Any) -> None:
    """What only describes a run, a job or a dataset begins nothing that would never end."""
    assert reported(made) is None


@pytest.mark.parametrize("kind", ["SQL", "QUERY"])
def test_a_statement_inside_of_a_job_is_none(kind: str) -> None:
    """What dbt tells of each statement of a model makes no pipelines; a statement by itself is somebody's job."""
    facets = {"jobType": job_type_job.JobTypeJobFacet("BATCH", "DBT", kind)}
    assert reported(event(RunState.FAIL, 0, facets=inside(DAG_RUN, "orders"), job_facets=facets)) is None
    assert reported(event(RunState.FAIL, 0, job_facets=facets)) is not None
    model = {"jobType": job_type_job.JobTypeJobFacet("BATCH", "DBT", "MODEL")}
    assert reported(event(RunState.FAIL, 0, facets=inside(DAG_RUN, "orders"), job_facets=model)) is not None


@pytest.mark.parametrize(
    ("namespace", "job", "pipeline"),
    [("default", "orders", "orders"), ("prod", "orders.load", "prod/orders.load"), ("s3://a", "b", "s3://a/b")],
)
def test_the_name_of_a_pipeline(namespace: str, job: str, pipeline: str) -> None:
    """It is namespace and name, or the name alone where nobody has chosen a namespace."""
    assert told(event(RunState.START, 0, namespace=namespace, job=job)).pipeline == pipeline


def test_an_event_has_one_id_whoever_sends_it_again() -> None:
    """The same content is the same event; another time, run, environment or facet is another one."""
    made = [
        reported(event(RunState.START, 0)),
        reported(event(RunState.START, 0), "prod"),
        reported(event(RunState.START, 1)),
        reported(event(RunState.START, 0, run_id=SECOND_TRY)),
        reported(event(RunState.START, 0, facets=airflow())),
    ]
    ids = [each.id for each in made if each is not None]
    assert len(set(ids)) == 5
    assert reported(event(RunState.START, 0)) == made[0]


def test_the_tries_of_a_task() -> None:
    """They share a logical run, the last one is known as such, and each has its log."""
    first = told(event(RunState.FAIL, 1, facets=airflow(tried=1)))
    second = told(event(RunState.START, 2, run_id=SECOND_TRY, facets=airflow(tried=2)))
    assert first.logical_id == second.logical_id == f"{DAG_RUN}/prod/orders.load"
    assert [(each.attempt, each.max_attempts) for each in (first, second)] == [(1, 2), (2, 2)]
    assert first.context.links == (Link(label="Airflow log", url="http://af.example:8080/log?try_number=1"),)
    mapped = told(event(RunState.FAIL, 1, facets=airflow(map_index=3)))
    assert mapped.logical_id == f"{DAG_RUN}/prod/orders.load[3]"


def test_a_task_is_known_as_its_own_process_knows_it() -> None:
    """A pipeline of dlt in a task of Airflow has the same logical id, so that a failure is told once."""
    known = told(event(RunState.FAIL, 1, facets=airflow(tried=2)))
    assert (known.context.logical_id, known.context.attempt) == ("orders/load/scheduled__2026", 2)
    assert known.second_hand
    mapped = told(event(RunState.FAIL, 1, facets=airflow(map_index=3)))
    assert mapped.context.logical_id == "orders/load/scheduled__2026/3"
    assert not told(event(RunState.FAIL, 1, facets=inside(DAG_RUN, "orders"))).second_hand


def test_what_else_is_told_of_a_run() -> None:
    """Engine, owner, nominal time and parent are kept by name."""
    known = told(
        event(
            RunState.START,
            0,
            facets={
                **inside(DAG_RUN, "orders"),
                "nominalTime": nominal_time_run.NominalTimeRunFacet("2026-11-22T00:00:00Z", "2026-11-23T00:00:00Z"),
                "processing_engine": processing_engine_run.ProcessingEngineRunFacet(version="3.5.1", name="Spark"),
            },
            job_facets={
                "jobType": job_type_job.JobTypeJobFacet("BATCH", "SPARK", "SQL_JOB"),
                "ownership": ownership_job.OwnershipJobFacet(
                    owners=[ownership_job.Owner(name="airflow"), ownership_job.Owner(name="data-team")]
                ),
            },
        )
    )
    assert (known.context.orchestrator, known.context.versions) == ("spark", {"spark": "3.5.1"})
    assert (known.context.owner, known.context.died_after) == ("data-team", timedelta(days=1))
    assert known.context.names == {
        "job": "prod/orders.load",
        "job_type": "SQL_JOB",
        "nominal_start": "2026-11-22T00:00:00Z",
        "nominal_end": "2026-11-23T00:00:00Z",
        "parent": "prod/orders",
        "parent_run_id": DAG_RUN,
        "producer": "https://example.com/producer",
    }


@pytest.mark.parametrize(("kind", "days"), [("BATCH", 1), ("STREAMING", 3650), ("SERVICE", 3650)])
def test_how_long_a_run_may_be_silent(kind: str, days: int) -> None:
    """A stream does not end by itself, and so is not missed."""
    known = told(event(RunState.START, 0, job_facets={"jobType": job_type_job.JobTypeJobFacet(kind, "FLINK")}))
    assert known.context.died_after == timedelta(days=days)


def test_what_a_backfill_is() -> None:
    """Airflow says why it has begun a run."""
    made = body(event(RunState.START, 0, facets=airflow()))
    made["run"]["facets"]["airflow"]["dagRun"]["run_type"] = "backfill"
    assert told(made).origin is Origin.BACKFILL
    assert told(event(RunState.START, 0, facets=airflow())).origin is Origin.SCHEDULE


def test_rows_and_columns() -> None:
    """Rows are those that were counted, and columns are believed of a run that went well: then they are whole."""
    outputs = [
        output("shop.orders", 7, id="bigint", price="double"),
        output("shop.orders", 2, namespace="postgres://other:5432"),
        output("shop.customers"),
    ]
    begun = told(event(RunState.START, 0, outputs=outputs))
    ended = told(event(RunState.COMPLETE, 1, outputs=outputs))
    assert begun.schemas == told(event(RunState.FAIL, 1, outputs=outputs)).schemas == ()
    assert ended.tables == (TableLoad(table="shop.orders", rows=9),)
    assert ended.destination == "postgres"
    columns = {"shop.orders": {"id": "bigint", "price": "double"}}
    assert ended.schemas == (
        SchemaVersion(name="shop.orders", version_hash=ended.schemas[0].version_hash, tables=columns),
    )
    again = told(event(RunState.COMPLETE, 1, outputs=[output("shop.orders", price="double", id="bigint")]))
    assert again.schemas[0].version_hash == ended.schemas[0].version_hash


def test_an_abort_is_told_by_the_outermost_run() -> None:
    """A job that was aborted is interrupted; a part of another one was left out, and that one tells why."""
    outer = told(event(RunState.ABORT, 1, facets=failed("killed by ann")))
    assert (outer.outcome, outer.cause.cause_class, outer.cause.message) == (
        Outcome.INTERRUPTED,
        CauseClass.INTERRUPTED,
        "killed by ann",
    )
    assert told(event(RunState.ABORT, 1)).cause.message == "its producer says no more than that it was aborted"
    assert told(event(RunState.ABORT, 1, facets=inside(DAG_RUN, "orders"))).outcome is Outcome.ABORTED


def test_a_failure_without_a_reason() -> None:
    """It is told all the same."""
    assert (told(event(RunState.FAIL, 1)).outcome, told(event(RunState.FAIL, 1)).cause) == (Outcome.FAILED, None)


@pytest.mark.parametrize(
    ("place", "value"),
    [
        (("run", "facets", "errorMessage"), {"message": 7}),
        (("run", "facets", "parent"), {"run": {"runId": "no uuid"}, "job": {"namespace": "a", "name": "b"}}),
        (("run", "facets", "airflow"), "a text"),
        (("run", "facets", "airflow"), {"taskInstance": {"log_url": "javascript:alert(1)"}}),
        (("job", "facets", "ownership"), {"owners": None}),
        (("job", "facets"), None),
        (("outputs",), None),
    ],
)
def test_a_facet_that_cannot_be_read_is_left_out(place: tuple[str, ...], value: Any) -> None:
    """A failure is told, whatever else is wrong with an event."""
    made = body(event(RunState.FAIL, 1))
    *path, last = place
    inner = made
    for key in path:
        inner = inner[key]
    inner[last] = value
    known = told(made)
    assert (known.outcome, known.context.links) == (Outcome.FAILED, ())


def test_numbers_may_come_as_texts() -> None:
    """Some producers write them so."""
    made = body(event(RunState.COMPLETE, 1, outputs=[output("a", 7)]))
    made["outputs"][0]["outputFacets"]["outputStatistics"]["rowCount"] = "7"
    assert told(made).tables == (TableLoad(table="a", rows=7),)
