"""Events of OpenLineage, made by the classes that its producers use."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import attr
from openlineage.client.event_v2 import Job, OutputDataset, Run, RunEvent, RunState
from openlineage.client.facet_v2 import (
    JobFacet,
    RunFacet,
    error_message_run,
    output_statistics_output_dataset,
    parent_run,
    schema_dataset,
)
from openlineage.client.serde import Serde

from made import at

#: Ids of runs: of a DAG, and of the tries of its task.
DAG_RUN, FIRST_TRY, SECOND_TRY = (f"0192fa5e-0000-7000-8000-00000000000{number}" for number in range(3))
PRODUCER = "https://example.com/producer"


@attr.define
class AirflowFacet(RunFacet):
    """The facet that Airflow's provider gives the run of a task, with the keys that tell something."""

    dag: dict[str, Any]
    dagRun: dict[str, Any]  # noqa: N815  # as it is called
    task: dict[str, Any]
    taskInstance: dict[str, Any]  # noqa: N815
    taskUuid: str = ""  # noqa: N815


def airflow(*, tried: int = 1, retries: int = 1, **instance: Any) -> dict[str, RunFacet]:
    """Return the facets of a task of the DAG "orders", as Airflow's provider makes them."""
    return {
        **inside(DAG_RUN, "orders"),
        "airflow": AirflowFacet(
            dag={"dag_id": "orders", "owner": "airflow"},
            dagRun={"run_id": "scheduled__2026", "run_type": "scheduled"},
            task={"task_id": "load", "retries": retries},
            taskInstance={"try_number": tried, "log_url": "http://af.example:8080/log?try_number=1", **instance},
        ),
    }


def inside(run_id: str, job: str, namespace: str = "prod") -> dict[str, RunFacet]:
    """Return the facet of a run that is a part of another one."""
    outer = parent_run.Job(namespace=namespace, name=job)
    return {"parent": parent_run.ParentRunFacet(run=parent_run.Run(runId=run_id), job=outer)}


def failed(message: str, trace: str | None = None, language: str = "python") -> dict[str, RunFacet]:
    """Return the facet of a run that failed."""
    facet = error_message_run.ErrorMessageRunFacet(message=message, programmingLanguage=language, stackTrace=trace)
    return {"errorMessage": facet}


def output(
    name: str, rows: int | None = None, *, namespace: str = "postgres://db:5432", **columns: str
) -> OutputDataset:
    """Return a dataset that was written, with its rows and columns where they are given."""
    fields = [schema_dataset.SchemaDatasetFacetFields(name=column, type=kind) for column, kind in columns.items()]
    return OutputDataset(
        namespace=namespace,
        name=name,
        facets={"schema": schema_dataset.SchemaDatasetFacet(fields=fields)} if fields else {},
        outputFacets={}
        if rows is None
        else {"outputStatistics": output_statistics_output_dataset.OutputStatisticsOutputDatasetFacet(rowCount=rows)},
    )


def event(
    state: RunState | None,
    minute: float,
    *,
    job: str = "orders.load",
    namespace: str = "prod",
    run_id: str = FIRST_TRY,
    facets: Mapping[str, RunFacet] | None = None,
    job_facets: Mapping[str, JobFacet] | None = None,
    outputs: Sequence[OutputDataset] = (),
) -> RunEvent:
    """Return an event of so many minutes after noon."""
    return RunEvent(
        eventType=state,
        eventTime=at(minute).isoformat(),
        run=Run(runId=run_id, facets=dict(facets or {})),
        job=Job(namespace=namespace, name=job, facets=dict(job_facets or {})),
        outputs=list(outputs),
        producer=PRODUCER,
    )


def body(made: RunEvent) -> dict[str, Any]:
    """Return an event as a client sends it."""
    sent: dict[str, Any] = json.loads(Serde.to_json(made))
    return sent
