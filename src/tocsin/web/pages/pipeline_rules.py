"""The rules that watch a pipeline: what each asks for, beside what there is now."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from tocsin.config.model import PipelineConfig
from tocsin.core.finding import Topic
from tocsin.core.limits import RowLimits
from tocsin.core.message import Tone
from tocsin.core.phrases import ago, tone_of_slot
from tocsin.core.run import Run
from tocsin.core.trend import Trend
from tocsin.core.words import amount, count, duration
from tocsin.report.check_results import tone_of_result
from tocsin.report.facts import PipelineFacts
from tocsin.report.lines import TableLine, check_lines, first_attempts

_NOT_KNOWN = "not known yet"


@dataclass(frozen=True, kw_only=True)
class RuleLine:
    """One rule."""

    name: str
    #: What it asks for.
    asks: str
    #: What there is.
    now: str
    tone: Tone


def rule_lines(
    facts: PipelineFacts, config: PipelineConfig, tables: Sequence[TableLine], took: Trend | None, now: datetime
) -> list[RuleLine]:
    """Return the rules in force, those that are broken first.

    Args:
        facts: What is known of the pipeline.
        config: What is configured for it.
        tables: Its tables.
        took: How long its runs took.
        now: The present, aware.
    """
    rules = [
        *_in_time(facts),
        *(_duration(facts, took) if took is not None and config.limits.duration else ()),
        *(_volume(facts, tables) if tables and config.limits.volume else ()),
        *_limits(config.limits.rows, tables),
        *(_fresh(line, now) for line in tables if line.within is not None),
        *_checks(facts),
    ]
    return sorted(rules, key=lambda rule: tuple(Tone).index(rule.tone))


def _in_time(facts: PipelineFacts) -> Iterator[RuleLine]:
    plan = facts.expectation
    if plan is None:
        return
    begun = first_attempts(facts.runs)
    last = next((slot for slot in facts.slots if slot.state.resolved), None)
    now, tone = (last.state.value, tone_of_slot(last.state)) if last is not None else (_NOT_KNOWN, Tone.INFO)
    if last is not None and (run := begun.get(last.logical_id or "")) is not None:
        in_time = run.started_at <= last.start_by
        now, tone = _after(run.started_at - last.due_at), Tone.GOOD if in_time else Tone.ERROR
    yield RuleLine(name="Start", asks=f"within {duration(plan.start_within)} of its time", now=now, tone=tone)
    if plan.finish_within is None:
        return
    ends = _ends(facts.runs)
    now, tone = _NOT_KNOWN, Tone.INFO
    if (slot := next((slot for slot in facts.slots if slot.logical_id in ends), None)) is not None:
        end = ends[slot.logical_id]
        in_time = slot.finish_by is None or end <= slot.finish_by
        now, tone = _after(end - slot.due_at), Tone.GOOD if in_time else Tone.ERROR
    yield RuleLine(name="End", asks=f"within {duration(plan.finish_within)} of its time", now=now, tone=tone)


def _ends(runs: Sequence[Run]) -> dict[str | None, datetime]:
    """Return when each logical run ended."""
    return {run.logical_id or run.id: run.ended_at for run in reversed(runs) if run.ended_at is not None}


def _after(late: timedelta) -> str:
    return f"{duration(late)} after it" if late > timedelta(0) else "before it"


def _duration(facts: PipelineFacts, took: Trend) -> Iterator[RuleLine]:
    slow = any(alert.topic is Topic.DURATION for alert in facts.open_alerts)
    yield RuleLine(
        name="Duration",
        asks=took.expected or _NOT_KNOWN,
        now=took.words(took.points[-1].value),
        tone=Tone.WARNING if slow else Tone.GOOD,
    )


def _volume(facts: PipelineFacts, tables: Sequence[TableLine]) -> Iterator[RuleLine]:
    odd = {alert.item for alert in facts.open_alerts if alert.topic is Topic.VOLUME}
    yield RuleLine(
        name="Rows",
        asks=f"as usual in {count(len(tables), 'table')}",
        now=f"unusual in {len(odd)}" if odd else "as usual",
        tone=Tone.WARNING if odd else Tone.GOOD,
    )


def _limits(limits: Mapping[str, RowLimits], tables: Sequence[TableLine]) -> Iterator[RuleLine]:
    for table in tables:
        asked = limits.get(table.item, RowLimits())
        bounds = (
            *([f"at least {amount(asked.least)}"] if asked.least is not None else ()),
            *([f"at most {amount(asked.most)}"] if asked.most is not None else ()),
        )
        if bounds:
            broken = any(alert.topic is Topic.VOLUME for alert in table.alerts)
            tone = Tone.ERROR if broken else Tone.GOOD
            yield RuleLine(name=f"Rows of {table.item}", asks=", ".join(bounds), now=table.last, tone=tone)


def _fresh(line: TableLine, now: datetime) -> RuleLine:
    stale = any(alert.topic is Topic.FRESHNESS for alert in line.alerts)
    return RuleLine(
        name=f"New rows in {line.item}",
        asks=f"within {duration(line.within)}" if line.within is not None else "",
        now=ago(line.filled_at, now) if line.filled_at is not None else "none yet",
        tone=Tone.ERROR if stale else Tone.GOOD,
    )


def _checks(facts: PipelineFacts) -> Iterator[RuleLine]:
    results = [found[0] for found in check_lines(facts)]
    if results:
        tones = [tone_of_result(result) for result in results]
        failing = sum(tone is not Tone.GOOD for tone in tones)
        yield RuleLine(
            name="Checks",
            asks=f"{count(len(results), 'check')} to pass",
            now=f"{failing} failing" if failing else "all pass",
            tone=min(tones, key=tuple(Tone).index),
        )
