"""Pipelines, what is expected of them, and what their checks found."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query

from tocsin.core.finding import Topic
from tocsin.core.overview import Place, Standing
from tocsin.core.position import Position
from tocsin.core.severity import Severity
from tocsin.core.slot import Slot
from tocsin.documents.checks import check_document
from tocsin.documents.pipelines import pipeline_document
from tocsin.documents.slots import SlotDocument, slot_document
from tocsin.store.protocol import Transaction
from tocsin.web.api.answer import Json, problems
from tocsin.web.api.paging import Cursor, Limit, no_cursor, pack, page_of, read_cursor, unpack
from tocsin.web.api.seen import Environment, Name, Reader, environment_for
from tocsin.web.api.shapes import CheckHistoryDocument, Page, PipelineDocument
from tocsin.web.problem import Problem
from tocsin.web.server import OpenEngine

router = APIRouter(prefix="/api/v1", tags=["pipelines"])
#: Open alerts of one pipeline that are shown.
_MOST_ALERTS = 100
_OfPipeline = Annotated[str, Query(min_length=1, max_length=500, description="The name.", examples=["orders"])]
_InEnvironment = Annotated[str, Query(min_length=1, max_length=500, description="Where it runs.", examples=["prod"])]


@router.get(
    "/pipelines",
    operation_id="list_pipelines",
    summary="List pipelines, those with problems first",
    response_model=Page[PipelineDocument],
)
def list_pipelines(
    engine: OpenEngine, actor: Reader, *, environment: Environment = None, cursor: Cursor = None, limit: Limit = 50
) -> Json:
    """Return how pipelines stand: by their worst open alert, then by name."""
    environment = environment_for(actor, environment)
    with engine.store.reading() as tx:
        found = tx.worst_first(environment=environment, after=place_of(cursor), limit=limit + 1)
        shown = found[:limit]
        more = cursor_of(shown[-1].place) if len(found) > limit else None
        return Json({"items": [pipeline_document(tx, one) for one in shown], "next": more})


@router.get(
    "/pipelines/{environment}/{pipeline:path}",
    operation_id="get_pipeline",
    summary="Show how a pipeline stands",
    response_model=PipelineDocument,
    responses=problems({404: "There is no such pipeline."}),
)
def get_pipeline(
    engine: OpenEngine,
    actor: Reader,
    environment: Annotated[str, Path(max_length=500, examples=["prod"])],
    pipeline: Annotated[Name, Path(examples=["orders"])],
) -> Json:
    """Return its last run, its open alerts, and when it should run next."""
    actor.require_environment(environment)
    with engine.store.reading() as tx:
        standing = _standing(tx, pipeline, environment)
        if standing.run is None and not standing.alerts and standing.expectation is None:
            raise Problem(
                404,
                f"There is no pipeline {pipeline[:100]!r} in {environment[:100]!r}. See those that are: "
                "GET /api/v1/pipelines",
            )
        return Json(pipeline_document(tx, standing))


@router.get(
    "/slots", operation_id="list_slots", summary="List expected runs of a pipeline", response_model=Page[SlotDocument]
)
def list_slots(
    engine: OpenEngine,
    actor: Reader,
    *,
    pipeline: _OfPipeline,
    environment: _InEnvironment,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Json:
    """Return what was expected of a pipeline and what became of it, the newest first."""
    actor.require_environment(environment)
    left = read_cursor(cursor)
    before = left.at if left is not None else None
    with engine.store.reading() as tx:
        found = tx.slots(pipeline, environment, before=before, limit=limit + 1)
    return Json(page_of(found, limit, _position, slot_document))


@router.get(
    "/checks",
    operation_id="list_checks",
    summary="List the checks of a pipeline",
    response_model=list[CheckHistoryDocument],
)
def list_checks(engine: OpenEngine, actor: Reader, *, pipeline: _OfPipeline, environment: _InEnvironment) -> Json:
    """Return the last results of each check that was asked of a pipeline's data."""
    actor.require_environment(environment)
    with engine.store.reading() as tx:
        histories = tx.check_histories(pipeline, environment)
    return Json(
        [{"check": one.check, "results": [check_document(result) for result in one.results]} for one in histories]
    )


def _standing(tx: Transaction, pipeline: str, environment: str) -> Standing:
    alerts = tx.alerts(open_only=True, subject=pipeline, environment=environment, limit=_MOST_ALERTS)
    return Standing(
        pipeline=pipeline,
        environment=environment,
        run=next(iter(tx.runs(pipeline=pipeline, environment=environment, limit=1)), None),
        expectation=tx.expectation(pipeline, environment),
        alerts=tuple(alert for alert in alerts if alert.topic is not Topic.CHANNEL),
    )


def _position(slot: Slot) -> Position:
    return Position(at=slot.due_at, id=slot.id)


def cursor_of(place: Place) -> str:
    """Return the cursor for a place in the list of pipelines."""
    return pack([place.severity, place.pipeline, place.environment])


def place_of(cursor: str | None) -> Place | None:
    """Return the place that a cursor was made of.

    Raises:
        Problem: 422, it was not made here.
    """
    match unpack(cursor):
        case None:
            return None
        case [None, str(pipeline), str(environment)]:
            return Place(severity=None, pipeline=pipeline, environment=environment)
        case [str(severity), str(pipeline), str(environment)] if severity in set(Severity):
            return Place(severity=Severity(severity), pipeline=pipeline, environment=environment)
    raise no_cursor()
