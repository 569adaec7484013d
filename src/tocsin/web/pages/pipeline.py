"""`/pipelines/{name}`: is it getting worse?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated
from xml.etree.ElementTree import Element

from fastapi import APIRouter, Query, Response

from tocsin.channels.formats.literal import is_web
from tocsin.core.daily import outcomes_by_day
from tocsin.core.expectation import Expectation
from tocsin.core.phrases import pipeline
from tocsin.core.run import Link, Outcome, Run
from tocsin.core.state_words import Standing, standing
from tocsin.core.trend import Trend
from tocsin.engine.engine import Engine
from tocsin.report.calendar import draw_calendar, first_day
from tocsin.report.chart import draw_chart
from tocsin.report.facts import read_pipeline
from tocsin.report.lines import (
    Charts,
    Line,
    TableLine,
    duration_trend,
    share_that_went_well,
    step_lines,
    table_lines,
)
from tocsin.report.strip import draw_strip, key, marks
from tocsin.store.protocol import Transaction
from tocsin.web.pages.addresses import of_pipeline, of_run, runs_of
from tocsin.web.pages.alert_card import READ, AlertCard, card_of
from tocsin.web.pages.frame import Frame
from tocsin.web.pages.pipeline_lists import (
    ChangeLine,
    CheckLine,
    OverLine,
    Said,
    SlotLine,
    changes_of,
    checks_of,
    over_since,
    runs_of_day,
    said_of,
    slots_of,
)
from tocsin.web.pages.pipeline_lookup import elsewhere
from tocsin.web.pages.pipeline_order import Order, read_order
from tocsin.web.pages.pipeline_rules import RuleLine, rule_lines
from tocsin.web.pages.run_line import RunLine, line_of
from tocsin.web.rendering import render

router = APIRouter(include_in_schema=False)

#: The time that charts and lists are about, by its name in the address.
RANGES = {"24h": timedelta(days=1), "7d": timedelta(days=7), "30d": timedelta(days=30), "90d": timedelta(days=90)}
_NAMES = {"24h": "24 hours", "7d": "7 days", "30d": "30 days", "90d": "90 days"}
_USUAL = "30d"
#: Marks of the strip, and runs and problems that are shown at once.
_MARKS, _RUNS, _CARDS = 90, 10, 6


@dataclass(frozen=True, kw_only=True)
class PipelineView:
    """What the page shows."""

    name: str
    standing: Standing
    last: Run | None
    #: Where it loads to: "postgres.shop".
    target: str
    owner: str
    tags: Sequence[str]
    links: Sequence[Link]
    good: Run | None
    plan: Expectation | None
    cards: Sequence[AlertCard]
    more_cards: int
    strip: Element | None
    key: Element | None
    went_well: str
    #: "7 min 9 s, expected 6 to 9 min".
    took: str
    duration: Element | None
    tables: Sequence[tuple[TableLine, Sequence[Said]]]
    more_tables: int
    steps: Sequence[Line]
    checks: Sequence[CheckLine]
    runs: Sequence[RunLine]
    slots: Sequence[SlotLine]
    changes: Sequence[ChangeLine]
    over: Sequence[OverLine]
    calendar: Element
    order: Order | None
    rules: Sequence[RuleLine]

    @property
    def zone(self) -> str:
        """The zone of its schedule."""
        return self.plan.schedule.timezone if self.plan is not None else ""


@router.get("/pipelines/{name:path}")
def pipeline_page(
    frame: Frame,
    name: str,
    *,
    environment: Annotated[str, Query(max_length=500)] = "",
    chosen: Annotated[str, Query(max_length=10, alias="range")] = _USUAL,
) -> Response:
    """Show one pipeline: how it is, how it was, and what is expected of it."""
    chosen = chosen if chosen in RANGES else _USUAL
    with frame.engine.store.reading() as tx:
        if environment:
            frame.actor.require_environment(environment)
            seen = read_pipeline_view(
                frame.engine, tx, name, environment, now=frame.now, since=frame.now - RANGES[chosen]
            )
        if not environment or seen is None:
            return elsewhere(frame, tx, name)
    page = frame.page(
        f"{seen.name}: {seen.standing}",
        "/",
        tone=seen.standing.tone,
        running=seen.last is not None and seen.last.outcome is Outcome.RUNNING,
    )
    ranges = [(_NAMES[each], of_pipeline(name, environment, range=each), each == chosen) for each in RANGES]
    return render(
        "pipeline.html", page, view=seen, ranges=ranges, all_runs=runs_of(name, environment), chosen=_NAMES[chosen]
    )


def read_pipeline_view(
    engine: Engine, tx: Transaction, name: str, environment: str, *, now: datetime, since: datetime
) -> PipelineView | None:
    """Return what the page shows; None where nothing is known of the pipeline.

    Args:
        engine: Whose configuration says what is expected.
        tx: A view of the store.
        name: Of the pipeline.
        environment: Where it runs.
        now: The present, aware.
        since: The beginning of what charts and lists are about.
    """
    facts = read_pipeline(tx, name, environment, since=now - max(RANGES.values()))
    if not facts.runs and not facts.alerts and facts.expectation is None:
        return None
    config, last = engine.config.pipeline(name), next(iter(facts.runs), None)
    charts = Charts(since=since, false_alerts=engine.config.false_alerts)
    tables, more_tables = table_lines(facts, charts)
    took = duration_trend(facts, charts)
    shown = marks(facts.runs, facts.slots, most=_MARKS, address=lambda run: of_run(run.id))
    urgent = facts.open_alerts[:_CARDS]
    told = tx.notifications_of([alert.id for alert in urgent], each=READ) if urgent else {}
    ended = outcomes_by_day(tx.days(name, environment, since=first_day(now.date())), facts.runs)
    missed = {slot.due_at.date() for slot in facts.missed}
    return PipelineView(
        name=pipeline(name, environment),
        standing=standing(facts.runs, facts.open_alerts),
        last=last,
        target=".".join(part for part in (last.destination, last.dataset) if part) if last is not None else "",
        owner=config.owner or (last.context.owner if last is not None else ""),
        tags=config.tags,
        links=[link for link in last.context.links if is_web(link.url)] if last is not None else [],
        good=next((run for run in facts.runs if run.outcome.ok), None),
        plan=facts.expectation,
        cards=[card_of(alert, told.get(alert.id, ())) for alert in urgent],
        more_cards=len(facts.open_alerts) - len(urgent),
        strip=draw_strip(shown) if shown else None,
        key=key(shown) if shown else None,
        went_well=share_that_went_well(facts.runs[:_MARKS]),
        took=_took(took),
        duration=draw_chart(took) if took is not None else None,
        tables=[(table, said_of(table)) for table in tables],
        more_tables=more_tables,
        steps=step_lines(facts, charts),
        checks=checks_of(facts),
        runs=[line_of(run) for run in facts.runs[:_RUNS]],
        slots=slots_of(facts, since),
        changes=changes_of(facts, since),
        over=over_since(facts, since),
        calendar=draw_calendar(ended, missed, now.date(), lambda day: runs_of_day(name, environment, day)),
        order=read_order(engine, tx, name, environment),
        rules=rule_lines(facts, config, tables, took, now),
    )


def _took(seen: Trend | None) -> str:
    """Return how long the last run took, and what was expected of it: "7 min 9 s, expected 6 to 9 min"."""
    if seen is None:
        return ""
    expected = f", expected {seen.expected}" if seen.expected else ""
    return f"{seen.words(seen.points[-1].value)}{expected}"
