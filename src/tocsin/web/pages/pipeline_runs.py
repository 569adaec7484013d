"""`/pipelines/{name}/runs`: all runs of a pipeline, the newest first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query, Response

from tocsin.core.phrases import pipeline, words_of
from tocsin.core.position import Position
from tocsin.core.run import Outcome
from tocsin.store.protocol import Transaction
from tocsin.web.api.moments import Moment
from tocsin.web.api.paging import Cursor, read_cursor, write_cursor
from tocsin.web.pages.addresses import of_pipeline, runs_of
from tocsin.web.pages.frame import Frame
from tocsin.web.pages.pipeline_lookup import elsewhere
from tocsin.web.pages.run_line import RunLine, line_of
from tocsin.web.rendering import render

router = APIRouter(include_in_schema=False)

_ROWS = 50
#: What can be chosen: each outcome, and its words.
_CHOICES = [(each.value, words_of(each)) for each in Outcome]


@dataclass(frozen=True, kw_only=True)
class Chosen:
    """What was chosen in the address."""

    pipeline: str
    environment: str
    outcome: Outcome | None = None
    before: datetime | None = None
    cursor: str | None = None

    @property
    def path(self) -> str:
        """The address without what was chosen."""
        return runs_of(self.pipeline, self.environment).partition("?")[0]

    @property
    def newest(self) -> str:
        """The address of the newest runs."""
        return runs_of(self.pipeline, self.environment, outcome=self.outcome or "")

    def older(self, cursor: str) -> str:
        """Return the address of the next runs."""
        return runs_of(self.pipeline, self.environment, outcome=self.outcome or "", cursor=cursor)


@dataclass(frozen=True, kw_only=True)
class Runs:
    """What the page shows."""

    runs: Sequence[RunLine]
    #: Where the next ones are; empty at the end.
    older: str
    #: The zone of the schedule.
    zone: str


@router.get("/pipelines/{name:path}/runs")
def pipeline_runs(
    frame: Frame,
    name: str,
    *,
    environment: Annotated[str, Query(max_length=500)] = "",
    outcome: Annotated[str, Query(max_length=20)] = "",
    before: Moment | None = None,
    cursor: Cursor = None,
) -> Response:
    """Show the runs of a pipeline, all or those that ended in one way."""
    ended = Outcome(outcome) if outcome in set(Outcome) else None
    chosen = Chosen(pipeline=name, environment=environment, outcome=ended, before=before, cursor=cursor)
    with frame.engine.store.reading() as tx:
        if not environment:
            return elsewhere(frame, tx, name)
        frame.actor.require_environment(environment)
        seen = read_runs(tx, chosen)
    page = frame.page(f"Runs of {pipeline(name, environment)}", "/", live=cursor is None and before is None)
    return render(
        "pipeline_runs.html", page, view=seen, chosen=chosen, choices=_CHOICES, back=of_pipeline(name, environment)
    )


def read_runs(tx: Transaction, chosen: Chosen) -> Runs:
    """Return what the page shows.

    Args:
        tx: A view of the store.
        chosen: Which runs.
    """
    found = tx.runs(
        pipeline=chosen.pipeline,
        environment=chosen.environment,
        outcomes={chosen.outcome} if chosen.outcome is not None else None,
        before=chosen.before,
        after=read_cursor(chosen.cursor),
        limit=_ROWS + 1,
    )
    shown, beyond = found[:_ROWS], found[_ROWS:]
    plan = tx.expectation(chosen.pipeline, chosen.environment)
    older = write_cursor(Position(at=shown[-1].started_at, id=shown[-1].id)) if beyond else ""
    return Runs(
        runs=[line_of(run) for run in shown],
        older=chosen.older(older) if older else "",
        zone=plan.schedule.timezone if plan is not None else "",
    )
