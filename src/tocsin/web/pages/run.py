"""`/runs/{id}`: what broke, and where did the time go?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated
from xml.etree.ElementTree import Element

from fastapi import APIRouter, Path, Response
from fastapi.responses import RedirectResponse

from tocsin.core.alert import Alert
from tocsin.core.check import CheckResult
from tocsin.core.check_words import question_of
from tocsin.core.finding import Topic
from tocsin.core.message import Tone
from tocsin.core.neighbour import Neighbour, Neighbourhood
from tocsin.core.outbox import Notification
from tocsin.core.phrases import (
    outcome,
    pipeline,
    problem,
    subject,
    tone_of,
    tone_of_alert,
    tone_of_run,
    words_of,
)
from tocsin.core.run import FailedJob, Link, Outcome, Run
from tocsin.core.series import Key, Measure, Series
from tocsin.core.told_words import last_words, who_knows
from tocsin.core.words import duration
from tocsin.documents.run_log import LogTail, read_log
from tocsin.engine.engine import Engine
from tocsin.report.check_results import answer, check_urgency, tone_of_result
from tocsin.report.waterfall import Lane, Waterfall, draw_lane, waterfall
from tocsin.store.protocol import Transaction
from tocsin.web.pages.addresses import of_comparison, of_pipeline, of_run
from tocsin.web.pages.alert_card import READ
from tocsin.web.pages.frame import Frame, PageRequest
from tocsin.web.pages.missing import missing
from tocsin.web.pages.run_facts import Broken, Facts, Halt, broken, halt, links_of, load_facts, place_facts
from tocsin.web.pages.run_tables import SchemaDiff, TableRow, is_above, judge, schema_diffs, table_rows
from tocsin.web.rendering import render

router = APIRouter(include_in_schema=False)

#: Runs before and after a run among which its attempts and the last good one are looked for.
AROUND = 200
#: Alerts of the pipeline that are looked through, and lines of each list.
_ALERTS, _LINES = 50, 40
#: The beginnings of an id that are looked for where there is no such run; shorter ones fit too many.
_BEGINNINGS = (12, 8, 6)

RunId = Annotated[str, Path(max_length=200)]


@dataclass(frozen=True, kw_only=True)
class AlertLine:
    """An alert that is about the run."""

    id: str
    subject: str
    problem: str
    tone: Tone
    since: datetime
    known: str
    #: Whether nobody has acknowledged it yet.
    waits: bool


@dataclass(frozen=True, kw_only=True)
class LaneRow:
    """A step in the waterfall."""

    lane: Lane
    bar: Element
    tone: Tone
    #: From the start of the run.
    began: timedelta
    usual: str
    #: Whether it took longer than that.
    longer: bool


@dataclass(frozen=True, kw_only=True)
class Attempt:
    """Another attempt of the same logical run, or this one."""

    number: int
    #: Empty for the run itself.
    url: str
    ended: str
    tone: Tone


@dataclass(frozen=True, kw_only=True)
class CheckLine:
    """A data test that the run was asked."""

    name: str
    question: str
    answer: str
    tone: Tone


@dataclass(frozen=True, kw_only=True)
class RunView:
    """What the page shows."""

    run: Run
    name: str
    url: str
    tone: Tone
    ended: str
    pipeline_url: str
    took: str
    usual: str
    longer: bool
    attempts: Sequence[Attempt]
    broken: Broken | None
    halt: Halt | None
    alerts: Sequence[AlertLine]
    waterfall: Waterfall
    lanes: Sequence[LaneRow]
    failed_jobs: Sequence[FailedJob]
    tables: Sequence[TableRow]
    more_tables: int
    schema: Sequence[SchemaDiff]
    more_schema: int
    checks: Sequence[CheckLine]
    log: LogTail | None
    place: Facts
    loads: Facts
    links: Sequence[Link]
    other_links: Sequence[Link]
    before: str
    after: str
    #: The page that compares it with the last good run; empty where there is none.
    compare: str
    good: Neighbour | None


@router.get("/runs/{run_id}")
def run_page(frame: Frame, run_id: RunId) -> Response:
    """Show all of a run."""
    with frame.engine.store.reading() as tx:
        run = seen_run(tx, frame, run_id)
        if run is None:
            return no_run(tx, frame, run_id)
        view = read_run(tx, run, frame.engine, frame.now)
    title = f"{view.name} {view.ended}"
    page = frame.page(title, "/", tone=view.tone, running=run.outcome is Outcome.RUNNING)
    return render("run.html", page, view=view, run=run, lines=_LINES)


def seen_run(tx: Transaction, frame: PageRequest, run_id: str) -> Run | None:
    """Return the run with this id, if there is one that may be seen."""
    run = tx.run(run_id)
    return run if run is not None and frame.actor.sees(run.environment) else None


def no_run(tx: Transaction, frame: PageRequest, run_id: str) -> Response:
    """Return the page of a run that is not there; the beginning of one id, as messages tell it, leads to its run."""
    near = _near(tx, frame, run_id)
    if len(near) == 1 and near[0].id.startswith(run_id):
        return RedirectResponse(of_run(near[0].id), 303)
    return missing(
        frame,
        "run",
        run_id,
        here="/",
        why="It may have been removed because of its age (tocsin.retention), or its report has not come yet. "
        "The runs of a pipeline are on its page.",
        near=[(f"{run.id[:12]}: {pipeline(run.pipeline, run.environment)}", of_run(run.id)) for run in near],
    )


def _near(tx: Transaction, frame: PageRequest, asked: str) -> list[Run]:
    """Return the runs whose ids begin most like what was asked for."""
    for length in (len(asked), *_BEGINNINGS):
        if _BEGINNINGS[-1] <= length <= len(asked):
            near = [run for run in tx.find_runs(asked[:length]) if frame.actor.sees(run.environment)]
            if near:
                return near
    return []


def read_run(tx: Transaction, run: Run, engine: Engine, now: datetime) -> RunView:
    """Return what the page shows of a run.

    Args:
        tx: A view of the store.
        run: The run.
        engine: Whose configuration says what is usual, and where logs are.
        now: The present.
    """
    around = tx.neighbourhood(run, each=AROUND)
    good = tx.run(around.last_good.id) if around.last_good is not None else None
    series = tx.series(run.pipeline, run.environment)
    alerts = _alerts_about(tx, run)
    told = tx.notifications_of([alert.id for alert in alerts], each=READ) if alerts else {}
    false_alerts = engine.config.false_alerts
    length = run.duration or max(now - run.started_at, timedelta(0))
    whole = judge(series.get((Measure.SECONDS, "")), run, length.total_seconds(), alerts, false_alerts=false_alerts)
    tables, more_tables = table_rows(run, good, series, alerts, false_alerts=false_alerts)
    schema, more_schema = schema_diffs(run.schema_changes)
    fall = waterfall(run, now)
    links, other_links = links_of(run)
    return RunView(
        run=run,
        name=pipeline(run.pipeline, run.environment),
        url=of_run(run.id),
        tone=tone_of_run(run),
        ended=outcome(run),
        pipeline_url=of_pipeline(run.pipeline, run.environment),
        took=duration(length),
        usual=whole.expected if whole is not None else "",
        longer=is_above(whole),
        attempts=_attempts(run, around),
        broken=broken(run),
        halt=halt(run, now),
        alerts=[_line(alert, told.get(alert.id, ())) for alert in alerts],
        waterfall=fall,
        lanes=_lanes(run, fall, series, alerts, false_alerts),
        failed_jobs=run.failed_jobs[:_LINES],
        tables=tables,
        more_tables=more_tables,
        schema=schema,
        more_schema=more_schema,
        checks=_checks(tx, run),
        log=read_log(run, engine.config.home),
        place=place_facts(run),
        loads=load_facts(run),
        links=links,
        other_links=other_links,
        before=of_run(around.before.id) if around.before is not None else "",
        after=of_run(around.after.id) if around.after is not None else "",
        compare=of_comparison(run.id) if good is not None else "",
        good=around.last_good,
    )


def _alerts_about(tx: Transaction, run: Run) -> list[Alert]:
    """Return the alerts that the run has shown, those that are open first."""
    found = tx.alerts(
        subject=run.pipeline, environment=run.environment, since=run.ended_at or run.started_at, limit=_ALERTS
    )
    return [alert for alert in found if _is_about(alert, run)]


def _is_about(alert: Alert, run: Run) -> bool:
    if run.id == alert.run_id or (alert.logical_id and alert.logical_id == (run.logical_id or run.id)):
        return True
    # An alert names the last run with its problem. Each bad run since it began has shown it too.
    went_on = run.ended_at is not None and alert.since <= run.ended_at <= alert.last_at
    return alert.topic is Topic.DELIVERY and run.outcome.bad and went_on


def _line(alert: Alert, told: Sequence[Notification]) -> AlertLine:
    return AlertLine(
        id=alert.id,
        subject=subject(alert),
        problem=problem(alert),
        tone=tone_of_alert(alert),
        since=alert.since,
        known=who_knows(last_words(told)),
        waits=alert.open and alert.acknowledged_at is None,
    )


def _attempts(run: Run, around: Neighbourhood) -> list[Attempt]:
    """Return the attempts of the logical run; none where there is only this one."""
    found = [
        Attempt(
            number=one.attempt,
            url="" if one is around.runs[around.place] else of_run(one.id),
            ended=words_of(one.outcome),
            tone=tone_of(one.outcome),
        )
        for one in around.attempts
    ]
    return found if len(found) > 1 or run.attempt > 1 else []


def _lanes(
    run: Run, fall: Waterfall, series: Mapping[Key, Series], alerts: Sequence[Alert], false_alerts: float
) -> list[LaneRow]:
    often = Counter(lane.stage for lane in fall.lanes)
    tones = {"good": Tone.GOOD, "bad": Tone.ERROR}
    rows = []
    for number, lane in enumerate(fall.lanes):
        # What is usual holds for all of a step, which can run several times in one run.
        known = series.get((Measure.SECONDS, lane.stage.value)) if lane.stage and often[lane.stage] == 1 else None
        judged = judge(known, run, lane.length.total_seconds(), alerts, false_alerts=false_alerts)
        rows.append(
            LaneRow(
                lane=lane,
                bar=draw_lane(lane, fall, number=number),
                tone=tones.get(lane.look, Tone.INFO),
                began=lane.begins - fall.begins,
                usual=judged.expected if judged is not None else "",
                longer=is_above(judged),
            )
        )
    return rows


def _checks(tx: Transaction, run: Run) -> list[CheckLine]:
    """Return what came of the checks of the data that the run had loaded, those that fail first."""
    found: list[CheckResult] = []
    for history in tx.check_histories(run.pipeline, run.environment):
        found += [result for result in history.results if result.run_id == run.id][:1]
    return [
        CheckLine(
            name=result.check.name,
            question=question_of(result.check),
            answer=answer(result),
            tone=tone_of_result(result),
        )
        for result in sorted(found, key=check_urgency)
    ]
