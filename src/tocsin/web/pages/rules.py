"""`/rules`: what would be told, how far is it from that, and how often would it have been told?"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

from fastapi import APIRouter, Query, Response

from tocsin.config.model import Config, PipelineConfig
from tocsin.config.settings import GENERAL
from tocsin.core.message import Tone
from tocsin.core.overview import Standing
from tocsin.core.phrases import kind, pipeline, tone_of_alert
from tocsin.core.run import Run
from tocsin.core.state_words import in_brief
from tocsin.core.words import count, duration
from tocsin.engine.backtest import MONTH, Backtest, replay
from tocsin.report.facts import urgency
from tocsin.web.api.paging import Cursor
from tocsin.web.api.pipelines import cursor_of, place_of
from tocsin.web.pages.addresses import of_pipeline, query
from tocsin.web.pages.frame import Frame, PageRequest
from tocsin.web.pages.pipeline_lookup import elsewhere
from tocsin.web.pages.rules_in_force import rules_in_force
from tocsin.web.rendering import render

router = APIRouter(include_in_schema=False)

#: Pipelines of one page, rules of one pipeline, and alerts of a backtest that are shown.
_ROWS, _RULES, _FIRED = 50, 300, 40
#: The newest runs that a backtest lives through: some seconds of work.
_REPLAYED = 300
#: Settings that hold for all pipelines and say when something is told.
_FOR_ALL = ("false_alerts", "died_after", "least", "repeat_every", "flapping_after", "flapping_within", "group_above")
_NAME = 500
#: One at a time: it is work for the processor, which requests of others need too.
_one_at_a_time = threading.Lock()


@dataclass(frozen=True, kw_only=True)
class Row:
    """One pipeline in the list."""

    name: str
    url: str
    state: str
    tone: Tone
    schedule: str
    #: What is written about it in the settings.
    configured: str


@dataclass(frozen=True, kw_only=True)
class Fired:
    """An alert that would have been opened."""

    at: datetime
    kind: str
    tone: Tone
    item: str
    summary: str
    lasted: str


@dataclass(frozen=True, kw_only=True)
class Tested:
    """What a backtest has shown."""

    verdict: str
    runs: str
    fired: Sequence[Fired]
    more: int


@router.get("/rules")
def rules(
    frame: Frame,
    *,
    pipeline: Annotated[str, Query(max_length=_NAME)] = "",
    environment: Annotated[str, Query(max_length=_NAME)] = "",
    q: Annotated[str, Query(max_length=200)] = "",
    cursor: Cursor = None,
    backtest: bool = False,
) -> Response:
    """Show the rules of one pipeline, or the pipelines with what holds for all of them."""
    here = frame.environment(environment)
    if pipeline:
        return _of_one(frame, pipeline, here or frame.engine.config.environment, backtest=backtest)
    config, search = frame.engine.config, q.strip()
    with frame.engine.store.reading() as tx:
        found = tx.worst_first(environment=here, search=search, after=place_of(cursor), limit=_ROWS + 1)
        shown = found[:_ROWS]
        rows = list(_rows(config, shown))
        total = tx.census().total(here)
    chosen = {"q": search, "environment": environment}
    more = {**chosen, "cursor": cursor_of(shown[-1].place)} if len(found) > _ROWS else {}
    older = f"/rules{query(more)}" if more else ""
    page = frame.page("Rules", "/rules")
    return render(
        "rules.html", page, rows=rows, total=total, older=older, search=search, general=list(_general(config))
    )


def _of_one(frame: PageRequest, name: str, environment: str, *, backtest: bool) -> Response:
    config = frame.engine.config
    with frame.engine.store.reading() as tx:
        found = rules_in_force(tx, config, name, environment, frame.now)
        if not found:
            return elsewhere(frame, tx, name)
        since = frame.now - MONTH
        runs = tx.runs(pipeline=name, environment=environment, limit=_REPLAYED) if backtest else ()
    tested, busy = None, False
    if backtest:
        # After the view of the store is closed: it takes seconds.
        tested, busy = _test(config, [run for run in runs if run.started_at >= since])
    title = f"Rules of {pipeline(name, environment)}"
    broken = sum(rule.tone not in {Tone.GOOD, Tone.INFO} for rule in found)
    return render(
        "rules_of.html",
        # A backtest is not made anew by itself.
        frame.page(title, "/rules", tone=found[0].tone if broken else Tone.GOOD, live=not backtest),
        title=title,
        verdict=f"{broken:,} of {count(len(found), 'rule')} broken"
        if broken
        else f"{count(len(found), 'rule')}, none broken",
        tone=found[0].tone if broken else Tone.GOOD,
        rules=found[:_RULES],
        more=max(len(found) - _RULES, 0),
        name=name,
        environment=environment,
        pipeline_url=of_pipeline(name, environment),
        tested=tested,
        busy=busy,
        asked=backtest,
    )


def _rows(config: Config, standings: Sequence[Standing]) -> Iterator[Row]:
    for one in standings:
        key, plan = (one.pipeline, one.environment), one.expectation
        words, tone = in_brief(sorted(one.alerts, key=urgency), one.run)
        yield Row(
            name=pipeline(*key),
            url=f"/rules{query({'pipeline': key[0], 'environment': key[1]})}",
            state=words,
            tone=tone,
            schedule=f"{plan.schedule.text}, {plan.schedule.source or 'configured'}"
            if plan is not None
            else "none known",
            configured=_configured(config, one.pipeline),
        )


def _configured(config: Config, name: str) -> str:
    """Return how many settings of its own a pipeline has, and where they stand."""
    prefix = f"tocsin.pipelines.{name}."
    origins = [origin for key, origin in config.origins.items() if key.startswith(prefix)]
    if config.pipeline(name) == PipelineConfig() or not origins:
        return "all as by default"
    return f"{count(len(origins), 'setting')} in {', '.join(sorted(set(origins)))}"


def _general(config: Config) -> Iterator[tuple[str, str, str, str]]:
    """Yield the key of each setting that holds for all, its value, what it does, and who says so."""
    values = {
        "false_alerts": f"{config.false_alerts:g} a month",
        "died_after": duration(config.died_after),
        "least": config.policy.least.value,
        "repeat_every": duration(config.policy.repeat_every),
        "flapping_after": f"{config.damping.most:,}",
        "flapping_within": duration(config.damping.within),
        "group_above": f"{config.policy.group_above:,}",
    }
    helps = {setting.key: setting.help.replace("`", "") for setting in GENERAL}
    for key in _FOR_ALL:
        yield key, values[key], helps[key], config.origins.get(f"tocsin.{key}", "default")


def _test(config: Config, runs: Sequence[Run]) -> tuple[Tested | None, bool]:
    """Let the rules live through runs; return what they would have told, and whether somebody else does that now."""
    if not any(run.ended_at is not None for run in runs):
        return None, False
    if not _one_at_a_time.acquire(blocking=False):
        return None, True
    try:
        with TemporaryDirectory(prefix="tocsin-") as home:
            return _shown(replay(replace(config, home=Path(home)), runs)), False
    finally:
        _one_at_a_time.release()


def _shown(tested: Backtest) -> Tested:
    newest_first = sorted(tested.fired, key=lambda one: one.opened.since, reverse=True)
    days = duration(tested.end - tested.begin)
    times = f"would have fired {count(len(newest_first), 'time')}" if newest_first else "would have fired never"
    return Tested(
        verdict=f"These rules {times} in {days}",
        runs=f"From {count(tested.runs, 'run')}. Whether runs stood still, and checks, are left out.",
        fired=[
            Fired(
                at=one.opened.since,
                kind=kind(one.opened),
                tone=tone_of_alert(one.opened),
                item=one.opened.item,
                summary=one.opened.summary,
                lasted=duration((one.ended.resolved_at or tested.end) - one.opened.since)
                + ("" if one.ended.resolved_at else ", open"),
            )
            for one in newest_first[:_FIRED]
        ],
        more=max(len(newest_first) - _FIRED, 0),
    )
