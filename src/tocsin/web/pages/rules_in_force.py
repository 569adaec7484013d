"""The rules that watch one pipeline: what each asks for, what there is, how much room is left, and who says so."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from xml.etree.ElementTree import Element

from tocsin.config.model import Config
from tocsin.core.alert import Alert
from tocsin.core.check import DEFAULT_ERROR_OVER, CheckHistory, Threshold
from tocsin.core.check_words import question_of
from tocsin.core.expectation import Expectation
from tocsin.core.finding import Kind, Topic
from tocsin.core.freshness import Freshness
from tocsin.core.message import Tone
from tocsin.core.phrases import outcome, tone_of_alert, tone_of_run
from tocsin.core.rules.stall import learned_limit
from tocsin.core.run import Outcome, Run
from tocsin.core.series import Key, LeftOut, Measure, Series
from tocsin.core.slot import Slot
from tocsin.core.trend import trend
from tocsin.core.words import amount, count, duration
from tocsin.report.check_results import answer, tone_of_result
from tocsin.report.headroom import draw_headroom, headroom
from tocsin.store.protocol import Transaction

#: The newest runs and slots that are looked at, and alerts.
_RUNS, _SLOTS, _ALERTS = 30, 20, 200
_NOT_KNOWN, _IDLE = "not known yet", "no run goes on"


@dataclass(frozen=True, kw_only=True)
class Rule:
    """One rule."""

    #: What it watches: "rows of orders".
    name: str
    #: What it asks for.
    asks: str
    #: What there is.
    now: str
    #: Who says so: a file and a key, what was learned, or the default.
    source: str
    tone: Tone = Tone.GOOD
    #: How much room there is until something is told; None where that is no matter of more or less.
    bar: Element | None = None
    left: str = ""
    #: When it was looked at last.
    at: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class _Facts:
    config: Config
    pipeline: str
    now: datetime
    runs: Sequence[Run]
    slots: Sequence[Slot]
    expectation: Expectation | None
    series: Mapping[Key, Series]
    fresh: Sequence[Freshness]
    checks: Sequence[CheckHistory]
    alerts: Sequence[Alert]

    def source(self, key: str, *, general: bool = False) -> str:
        """Return who says what a setting of the pipeline is: the file and the key, or that it is the default."""
        keys = [f"tocsin.pipelines.{self.pipeline}.{key}", *([f"tocsin.{key}"] if general else [])]
        found = next((one for one in keys if one in self.config.origins), None)
        return f"{self.config.origins[found]}: {found}" if found is not None else "default"

    def alert(self, topic: Topic, item: str = "", *kinds: Kind) -> Alert | None:
        """Return the open alert about this, if there is one."""
        about = (one for one in self.alerts if one.topic is topic and one.item == item)
        return next((one for one in about if not kinds or one.kind in kinds), None)


def rules_in_force(tx: Transaction, config: Config, pipeline: str, environment: str, now: datetime) -> list[Rule]:
    """Return the rules that watch a pipeline, those that are broken first.

    Args:
        tx: A view of the store.
        config: The settings of the server.
        pipeline: Its name.
        environment: Where it runs.
        now: The present, aware.
    """
    facts = _Facts(
        config=config,
        pipeline=pipeline,
        now=now,
        runs=tx.runs(pipeline=pipeline, environment=environment, limit=_RUNS),
        slots=tx.slots(pipeline, environment, limit=_SLOTS),
        expectation=tx.expectation(pipeline, environment),
        series=tx.series(pipeline, environment),
        fresh=tx.freshness(environment, pipeline=pipeline),
        checks=tx.check_histories(pipeline, environment),
        alerts=tx.alerts(open_only=True, subject=pipeline, environment=environment, limit=_ALERTS),
    )
    parts = (_of_runs, _in_time, _usual, _row_limits, _fresh, _checks)
    rules = [rule for part in parts for rule in part(facts)]
    return sorted(rules, key=lambda rule: tuple(Tone).index(rule.tone))


def _of_runs(facts: _Facts) -> Iterator[Rule]:
    """Yield what holds for each run by itself: that it ends well, gives signs of life, and moves."""
    own, last = facts.config.pipeline(facts.pipeline), facts.runs[0] if facts.runs else None
    if last is None:
        return
    ended = next((run for run in facts.runs if run.outcome is not Outcome.RUNNING), None)
    if ended is not None:
        tone = tone_of_run(ended) if ended.outcome.bad else Tone.GOOD
        yield Rule(
            name="outcome", asks="each run goes well", now=outcome(ended), tone=tone, at=ended.ended_at, source="always"
        )
    running = last if last.outcome is Outcome.RUNNING else None
    silence = own.died_after or last.context.died_after or facts.config.died_after
    yield _waits(
        facts,
        name="signs of life",
        limit=silence,
        asks=f"one every {duration(silence)} while it runs",
        since=running.heard_at if running is not None else None,
        source=facts.source("died_after", general=True),
    )
    if own.stuck_after is not None:
        limit, source = own.stuck_after, facts.source("stuck_after")
    else:
        limit, source = learned_limit(facts.runs, last.stage)
    moved = running.progress.moved_at if running is not None and running.progress is not None else None
    yield _waits(facts, name="movement", limit=limit, asks=f"some within {duration(limit)}", since=moved, source=source)
    twice = next((one for one in facts.alerts if one.topic is Topic.DUPLICATE), None)
    yield Rule(
        name="duplicates",
        asks="no rows come twice",
        now=twice.summary if twice is not None else "none were seen",
        tone=tone_of_alert(twice) if twice is not None else Tone.GOOD,
        at=last.ended_at,
        source="always",
    )
    changes = own.schema_changes
    if changes is not None:
        drift = facts.alert(Topic.SCHEMA)
        yield Rule(
            name="schema",
            asks=f"new tables and columns are told as {changes}",
            now="changed" if drift is not None else "as it was",
            tone=tone_of_alert(drift) if drift is not None else Tone.GOOD,
            at=last.ended_at,
            source=facts.source("schema_changes"),
        )


def _waits(facts: _Facts, *, name: str, limit: timedelta, asks: str, since: datetime | None, source: str) -> Rule:
    """Return a rule about how long nothing may come of a run that goes on."""
    if since is None:
        return Rule(name=name, asks=asks, now=_IDLE, source=source)
    return _length(name, asks, max(facts.now - since, timedelta(0)), limit, at=facts.now, source=source)


def _length(name: str, asks: str, length: timedelta, limit: timedelta, *, at: datetime, source: str) -> Rule:
    value, high = length.total_seconds(), limit.total_seconds()
    return Rule(
        name=name,
        asks=asks,
        now=duration(length),
        tone=Tone.ERROR if value > high else Tone.GOOD,
        bar=draw_headroom(value, f"{duration(length)} of {duration(limit)}", high=high),
        left=headroom(value, high=high),
        at=at,
        source=source,
    )


def _in_time(facts: _Facts) -> Iterator[Rule]:
    """Yield when runs have to begin and to end."""
    plan = facts.expectation
    if plan is None:
        return
    first = {run.logical_id or run.id: run for run in facts.runs}
    known = [(slot, first[slot.logical_id]) for slot in facts.slots if slot.logical_id in first]
    schedule = f"{plan.schedule.text}, {plan.schedule.source or 'configured'}"
    for name, key, limit in (
        ("start", "start_within", plan.start_within),
        ("end", "finish_within", plan.finish_within),
    ):
        if limit is None:
            continue
        at = [(slot, run.started_at if name == "start" else run.ended_at) for slot, run in known]
        last = next(((slot, moment) for slot, moment in at if moment is not None), None)
        asks, source = f"within {duration(limit)} of {plan.schedule.text}", f"{facts.source(key)}; {schedule}"
        broken = facts.alert(Topic.DELIVERY, "", Kind.NOT_STARTED, Kind.LATE)
        if last is None:
            yield Rule(name=name, asks=asks, now=_NOT_KNOWN, tone=Tone.INFO, source=source)
            continue
        slot, moment = last
        late = max(moment - slot.due_at, timedelta(0))
        rule = _length(name, asks, late, limit, at=moment, source=source)
        yield rule if broken is None or name != "start" else _broken(rule, broken)


def _broken(rule: Rule, alert: Alert) -> Rule:
    return Rule(
        name=rule.name,
        asks=rule.asks,
        now=alert.summary,
        tone=tone_of_alert(alert),
        at=alert.last_at,
        source=rule.source,
    )


def _usual(facts: _Facts) -> Iterator[Rule]:
    """Yield what was learned: how many rows tables get, and how long runs and their steps take."""
    limits = facts.config.pipeline(facts.pipeline).limits
    asked = {Measure.ROWS: limits.volume, Measure.SECONDS: limits.duration}
    topics = {Measure.ROWS: Topic.VOLUME, Measure.SECONDS: Topic.DURATION}
    for (measure, item), series in facts.series.items():
        if not asked[measure] or not series.points:
            continue
        shown = trend(series, facts.alerts, false_alerts=facts.config.false_alerts, newest=1)
        point, alert = shown.points[-1], facts.alert(topics[measure], item)
        # That a run was quick is told of no duration.
        low = point.low if measure is Measure.ROWS else None
        known = sum(one.left_out in {None, LeftOut.UNUSUAL} for one in series.points[:-1])
        learned = f"learned from {count(known, 'run')}" if point.high is not None else "learns from the runs to come"
        knows = point.high is not None
        yield Rule(
            name=shown.name,
            asks=point.expected or _NOT_KNOWN,
            now=shown.words(point.value),
            tone=tone_of_alert(alert) if alert is not None else Tone.GOOD if knows else Tone.INFO,
            bar=draw_headroom(point.value, shown.judgement(point), low=low, high=point.high) if knows else None,
            left=headroom(point.value, low=low, high=point.high) if knows else "",
            at=point.at,
            source=learned,
        )


def _row_limits(facts: _Facts) -> Iterator[Rule]:
    for table, asked in facts.config.pipeline(facts.pipeline).limits.rows.items():
        series = facts.series.get((Measure.ROWS, table))
        point = series.points[-1] if series is not None and series.points else None
        for key, bound in (("min_rows", asked.least), ("max_rows", asked.most)):
            if bound is None:
                continue
            low, high = (bound, None) if key == "min_rows" else (None, bound)
            asks = f"at {'least' if key == 'min_rows' else 'most'} {amount(bound)}"
            name, source = f"rows of {table}", facts.source(f"tables.{table}.{key}")
            if point is None:
                yield Rule(name=name, asks=asks, now=_NOT_KNOWN, tone=Tone.INFO, source=source)
                continue
            left = headroom(point.value, low=low, high=high)
            yield Rule(
                name=name,
                asks=asks,
                now=amount(round(point.value)),
                tone=Tone.ERROR if left == "outside" else Tone.GOOD,
                bar=draw_headroom(point.value, f"{amount(round(point.value))}, {asks}", low=low, high=high),
                left=left,
                at=point.at,
                source=source,
            )


def _fresh(facts: _Facts) -> Iterator[Rule]:
    for one in sorted(facts.fresh, key=lambda fresh: fresh.table):
        name, asks = f"age of {one.table}", f"new rows within {duration(one.within)}"
        source = facts.source(f"tables.{one.table}.fresh_within")
        since = one.rows_at or one.since
        yield _length(name, asks, max(facts.now - since, timedelta(0)), one.within, at=facts.now, source=source)


def _checks(facts: _Facts) -> Iterator[Rule]:
    for history in facts.checks:
        if not history.results:
            continue
        last = history.results[0]
        check = last.check
        error_over = check.error_over or (DEFAULT_ERROR_OVER if check.severity is None else None)
        bound = _bound(check.warn_over, last.of)
        drawn = bound is not None and last.failing is not None and not check.kind.whole
        yield Rule(
            name=f"check {history.check}",
            asks=f"{question_of(check)}; {_allowed(check.warn_over, error_over)}",
            now=answer(last),
            tone=tone_of_result(last),
            bar=draw_headroom(last.failing or 0, answer(last), high=bound) if drawn else None,
            left=headroom(last.failing or 0, high=bound) if drawn else "",
            at=last.at,
            source=check.origin or "written in the pipeline",
        )


def _bound(threshold: Threshold, of: int | None) -> float | None:
    if threshold.count is not None:
        return float(threshold.count)
    return (threshold.percent or 0) / 100 * of if of else None


def _allowed(warn_over: Threshold, error_over: Threshold | None) -> str:
    """Return "warns over 0 failures, an error over 1 %"."""
    error = f", an error over {_share(error_over)}" if error_over is not None else ""
    return f"warns over {_share(warn_over)}{error}"


def _share(threshold: Threshold) -> str:
    return count(threshold.count, "failure") if threshold.count is not None else f"{threshold.percent:g} %"
