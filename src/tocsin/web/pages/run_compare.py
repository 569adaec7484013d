"""`/runs/{id}/compare`: what is different from a run that went well?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Query, Response

from tocsin.core.message import Tone
from tocsin.core.phrases import outcome, pipeline, tone_of_run
from tocsin.core.run import Run
from tocsin.documents.comparison import Compared, compare_runs
from tocsin.web.pages.addresses import of_comparison, of_pipeline, of_run
from tocsin.web.pages.frame import Frame
from tocsin.web.pages.missing import missing
from tocsin.web.pages.run import AROUND, RunId, no_run, seen_run
from tocsin.web.rendering import render

router = APIRouter(include_in_schema=False)

#: Lines of the tables.
_LINES = 60


@dataclass(frozen=True, kw_only=True)
class Side:
    """One of the two runs."""

    run: Run
    url: str
    ended: str
    tone: Tone


@dataclass(frozen=True, kw_only=True)
class ComparisonView:
    """What the page shows."""

    name: str
    pipeline_url: str
    here: Side
    there: Side
    steps: Sequence[Compared]
    tables: Sequence[Compared]
    more_tables: int
    #: Facts that differ, and those that are the same.
    differ: Sequence[Compared]
    same: Sequence[Compared]
    #: Other runs to compare it with, by what they are.
    others: Sequence[tuple[str, str]]


@router.get("/runs/{run_id}/compare")
def compare_page(
    frame: Frame, run_id: RunId, other: Annotated[str, Query(alias="with", max_length=200)] = ""
) -> Response:
    """Show two runs side by side, what differs first."""
    with frame.engine.store.reading() as tx:
        run = seen_run(tx, frame, run_id)
        if run is None:
            return no_run(tx, frame, run_id)
        around = tx.neighbourhood(run, each=AROUND)
        named = {"the last good run": around.last_good, "the run before": around.before, "the run after": around.after}
        near = {words: one.id for words, one in named.items() if one is not None}
        other_id = other or near.get("the last good run", "")
        with_run = seen_run(tx, frame, other_id) if other_id else None
        if with_run is None and other:
            return no_run(tx, frame, other)
    links = [(words, of_comparison(run.id, **{"with": one})) for words, one in near.items() if one != other_id]
    if with_run is None:
        why_not = f"None of the {AROUND} runs before it went well. Compare it with another one instead."
        return missing(frame, "good run before", run.id, here="/", why=why_not, near=links)
    view = compare(run, with_run, links)
    page = frame.page(f"{view.name}: two runs compared", "/", tone=view.here.tone, live=False)
    return render("run_compare.html", page, view=view)


def compare(run: Run, other: Run, others: Sequence[tuple[str, str]]) -> ComparisonView:
    """Return two runs side by side.

    Args:
        run: The one that is looked into.
        other: The one that it is compared with.
        others: What else it can be compared with, for people, with the addresses.
    """
    found = compare_runs(run, other)
    return ComparisonView(
        name=pipeline(run.pipeline, run.environment),
        pipeline_url=of_pipeline(run.pipeline, run.environment),
        here=_side(run),
        there=_side(other),
        steps=found.steps,
        tables=found.tables[:_LINES],
        more_tables=max(len(found.tables) - _LINES, 0),
        differ=found.differ,
        same=found.same,
        others=others,
    )


def _side(run: Run) -> Side:
    return Side(run=run, url=of_run(run.id), ended=outcome(run), tone=tone_of_run(run))
