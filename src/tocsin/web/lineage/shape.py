"""What an event of OpenLineage looks like, as far as it is looked at.

Source: OpenLineage.json 2-0-2 and the schemas of the facets below, https://openlineage.io/spec. What stands in an event
must be right, because nothing can be made of it otherwise. A facet that cannot be read is left out: producers are of
many versions, and a run that failed has to be told whatever else it says.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, TypeVar
from uuid import UUID

import msgspec
from msgspec import Meta, Struct, field

_MOMENT = Annotated[datetime, Meta(tz=True)]
#: A name of a job or a dataset.
_NAME = Annotated[str, Meta(min_length=1)]
_WHOLE = Annotated[int, Meta(ge=0, le=2**53)]


class EventKind(StrEnum):
    """What a run has come to."""

    START = "START"
    RUNNING = "RUNNING"
    COMPLETE = "COMPLETE"
    ABORT = "ABORT"
    FAIL = "FAIL"
    OTHER = "OTHER"


class LineageRun(Struct, rename="camel", frozen=True):
    """One execution of a job."""

    run_id: UUID
    facets: dict[str, Any] | None = None


class LineageJob(Struct, rename="camel", frozen=True):
    """What is executed."""

    namespace: _NAME
    name: _NAME
    facets: dict[str, Any] | None = None


class LineageDataset(Struct, rename="camel", frozen=True):
    """What is read or written."""

    namespace: str
    name: str
    facets: dict[str, Any] | None = None
    output_facets: dict[str, Any] | None = None


class LineageEvent(Struct, rename="camel", frozen=True):
    """An event about a run; one without a run is about a job or a dataset."""

    event_time: _MOMENT
    event_type: EventKind | None = None
    run: LineageRun | None = None
    job: LineageJob | None = None
    dataset: LineageDataset | None = None
    outputs: list[LineageDataset] | None = None
    producer: str = ""


class ErrorMessage(Struct, rename="camel", frozen=True):
    """ErrorMessageRunFacet."""

    message: str
    programming_language: str = ""
    stack_trace: str | None = None


class NominalTime(Struct, rename="camel", frozen=True):
    """NominalTimeRunFacet: the slot of a scheduler, or the interval of the data."""

    nominal_start_time: str
    nominal_end_time: str | None = None


class Parent(Struct, rename="camel", frozen=True):
    """ParentRunFacet: the run that this one is a part of."""

    run: LineageRun
    job: LineageJob


class JobType(Struct, rename="camel", frozen=True):
    """JobTypeJobFacet."""

    processing_type: str = ""
    integration: str = ""
    job_type: str | None = None


class ProcessingEngine(Struct, rename="camel", frozen=True):
    """ProcessingEngineRunFacet."""

    version: str
    name: str | None = None


class Owner(Struct, frozen=True):
    """One of the owners of a job."""

    name: str


class Ownership(Struct, frozen=True):
    """OwnershipJobFacet."""

    owners: list[Owner]


class OutputStatistics(Struct, rename="camel", frozen=True):
    """OutputStatisticsOutputDatasetFacet."""

    row_count: _WHOLE | None = None


class SchemaField(Struct, frozen=True):
    """A column."""

    name: str
    type: str | None = None


class Schema(Struct, frozen=True):
    """SchemaDatasetFacet."""

    fields: list[SchemaField]


class AirflowDag(Struct, frozen=True):
    """What Airflow tells of a DAG."""

    dag_id: str = ""


class AirflowDagRun(Struct, frozen=True):
    """What Airflow tells of the run of a DAG."""

    run_id: str = ""
    run_type: str = ""


class AirflowTask(Struct, frozen=True):
    """What Airflow tells of a task."""

    task_id: str = ""
    retries: _WHOLE | None = None


class AirflowTaskInstance(Struct, frozen=True):
    """What Airflow tells of one try."""

    try_number: _WHOLE | None = None
    #: Of a mapped task.
    map_index: int | None = None
    log_url: str | None = None


class Airflow(Struct, rename="camel", frozen=True):
    """AirflowRunFacet of apache-airflow-providers-openlineage, which the runs of tasks have."""

    dag: AirflowDag = field(default_factory=AirflowDag)
    dag_run: AirflowDagRun = field(default_factory=AirflowDagRun)
    task: AirflowTask = field(default_factory=AirflowTask)
    task_instance: AirflowTaskInstance = field(default_factory=AirflowTaskInstance)


Facet = TypeVar("Facet", bound=Struct)


def facet(facets: dict[str, Any] | None, name: str, kind: type[Facet]) -> Facet | None:
    """Return a facet, or None where there is none that can be read."""
    if not facets or name not in facets:
        return None
    try:
        # Numbers come as texts from some producers.
        return msgspec.convert(facets[name], kind, strict=False)
    except (msgspec.ValidationError, RecursionError):
        return None
