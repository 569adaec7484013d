"""Runs."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from tocsin.core.position import Position
from tocsin.core.run import Outcome, Run
from tocsin.documents.runs import run_document
from tocsin.web.api.answer import Json, problems
from tocsin.web.api.moments import Moment
from tocsin.web.api.paging import Cursor, Limit, page_of, read_cursor
from tocsin.web.api.seen import Environment, Id, Reader, environment_for, run_of
from tocsin.web.api.shapes import Page, RunDocument
from tocsin.web.server import OpenEngine

router = APIRouter(prefix="/api/v1/runs", tags=["runs"])


@router.get("", operation_id="list_runs", summary="List runs", response_model=Page[RunDocument])
def list_runs(
    engine: OpenEngine,
    actor: Reader,
    *,
    pipeline: Annotated[str | None, Query(max_length=500, description="Only of this pipeline.")] = None,
    environment: Environment = None,
    outcome: Annotated[list[Outcome] | None, Query(max_length=10, description="Only those that ended so.")] = None,
    before: Annotated[Moment | None, Query(description="Only those that began before this moment.")] = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Json:
    """Return runs, the newest first by their start."""
    environment = environment_for(actor, environment)
    with engine.store.reading() as tx:
        found = tx.runs(
            pipeline=pipeline,
            environment=environment,
            outcomes=set(outcome) if outcome else None,
            before=before,
            after=read_cursor(cursor),
            limit=limit + 1,
        )
    return Json(page_of(found, limit, _position, run_document))


@router.get(
    "/{run_id}",
    operation_id="get_run",
    summary="Show a run",
    response_model=RunDocument,
    responses=problems({404: "There is no such run."}),
)
def get_run(engine: OpenEngine, actor: Reader, run_id: Id) -> Json:
    """Return all facts of a run."""
    with engine.store.reading() as tx:
        return Json(run_document(run_of(tx, actor, run_id)))


def _position(run: Run) -> Position:
    return Position(at=run.started_at, id=run.id)
