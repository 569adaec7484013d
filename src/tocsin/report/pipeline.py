"""One pipeline: a line that tells how it is, and below it all that was seen of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from xml.etree.ElementTree import Element

from tocsin.channels.formats.element import Content, node
from tocsin.core.alert import Alert
from tocsin.core.check_words import question_of
from tocsin.core.phrases import ago, kind, minute, outcome, pipeline, problem, tone_of_alert, tone_of_run, took, why
from tocsin.core.schema_words import brief
from tocsin.core.state_words import in_brief
from tocsin.core.words import amount, duration
from tocsin.report.chart import draw_chart
from tocsin.report.check_results import answer, draw_results, tone_of_result
from tocsin.report.facts import PipelineFacts
from tocsin.report.lines import (
    Charts,
    TableLine,
    check_lines,
    duration_trend,
    schema_changes,
    share_that_went_well,
    step_lines,
    table_lines,
)
from tocsin.report.pieces import more, part, signed, table, text
from tocsin.report.strip import draw_strip, key, marks

#: Marks in the line of a pipeline and below it.
_BRIEF, _LONG = 30, 90
#: Lines of each table.
_PROBLEMS, _CHECKS, _CHANGES, _FAILURES, _MISSED = 20, 40, 12, 6, 10
_WHY = "Why"


def draw_pipeline(facts: PipelineFacts, *, anchor: str, now: datetime, charts: Charts, opened: bool) -> Element:
    """Return a pipeline.

    Args:
        facts: What is known of it.
        anchor: By what links find it.
        now: The present.
        charts: What is drawn, and how.
        opened: Whether all of it is seen at once.
    """
    parts = [
        _lead(facts, now),
        *_problems(facts, now),
        *_runs(facts, charts),
        *_tables(facts, now, charts),
        *_steps(facts, charts),
        *_checks(facts, now),
        *_failures(facts),
        *_missed(facts),
        *_changes(facts),
    ]
    state = {"open": ""} if opened else {}
    return node("details", _summary(facts, now), node("div", *parts, class_="body"), id=anchor, **state)


def _summary(facts: PipelineFacts, now: datetime) -> Element:
    last = facts.runs[0] if facts.runs else None
    figures = (
        ("last run", ago(last.started_at, now) if last else "never"),
        ("took", took(last) if last and last.duration else "—"),
        ("rows", amount(last.rows) if last else "—"),
    )
    shown = marks(facts.runs, facts.slots, most=_BRIEF)
    words, tone = in_brief(facts.open_alerts, last)
    return node(
        "summary",
        node(
            "span",
            node("span", text(pipeline(facts.pipeline, facts.environment)), class_="name"),
            node("span", signed(text(words), tone), class_="state"),
            class_="who",
        ),
        draw_strip(shown) if shown else node("span", "no run yet", class_="dim strip"),
        *(node("span", node("small", f"{name} "), value, class_="figure") for name, value in figures),
    )


def _lead(facts: PipelineFacts, now: datetime) -> Element:
    last = facts.runs[0] if facts.runs else None
    good = next((run for run in facts.runs if run.outcome.ok), None)
    target = ".".join(name for name in (last.destination, last.dataset) if name) if last else ""
    plan = facts.expectation
    parts = [
        f"Into {target}" if target else "",
        f"runs {plan.schedule.text}, {plan.schedule.timezone}" if plan else "no schedule is known",
        f"next due {minute(plan.next_slot_at)} UTC" if plan and plan.next_slot_at else "",
        f"last good run {ago(good.started_at, now)}" if good else "no good run" if facts.runs else "",
    ]
    return node("p", text(" · ".join(words for words in parts if words)), class_="lead")


def _problems(facts: PipelineFacts, now: datetime) -> Iterator[Element]:
    if facts.open_alerts:
        rows = [
            (
                signed(problem(alert), tone_of_alert(alert)),
                text(alert.item) or "the pipeline",
                ago(alert.since, now).removesuffix(" ago"),
                text(alert.summary),
                alert.id[:8],
            )
            for alert in facts.open_alerts[:_PROBLEMS]
        ]
        left_out = more(len(facts.open_alerts) - _PROBLEMS, "problems")
        yield part("Open problems", table(("Problem", "Of", "For", _WHY, "Alert"), rows), *left_out)


def _runs(facts: PipelineFacts, charts: Charts) -> Iterator[Element]:
    shown = marks(facts.runs, facts.slots, most=_LONG)
    if not shown:
        return
    strip = [draw_strip(shown)] if len(shown) > _BRIEF and charts.full else []
    yield part(f"Runs: {share_that_went_well(facts.runs)}", *strip, key(shown))
    if (seen := duration_trend(facts, charts)) is not None:
        expected = f", expected {seen.expected}" if seen.expected else ""
        yield part(f"Duration: {seen.words(seen.points[-1].value)}{expected}", draw_chart(seen, named=charts.full))


def _tables(facts: PipelineFacts, now: datetime, charts: Charts) -> Iterator[Element]:
    lines, left_out = table_lines(facts, charts)
    if lines:
        rows: list[Sequence[Content]] = [
            (text(one.item), one.drawn, one.last, one.expected, _fresh(one, now), _trouble(one)) for one in lines
        ]
        names = ("Table", "Rows a run", "Last good run", "Expected", "New data", "Problem")
        yield part("Tables", table(names, rows, right=frozenset({"Last good run"})), *more(left_out, "tables"))


def _steps(facts: PipelineFacts, charts: Charts) -> Iterator[Element]:
    rows = [(one.item, one.drawn, one.last, one.expected) for one in step_lines(facts, charts)]
    if rows:
        names = ("Step", "Duration", "Last good run", "Expected")
        yield part("Steps", table(names, rows, right=frozenset({"Last good run"})))


def _checks(facts: PipelineFacts, now: datetime) -> Iterator[Element]:
    shown = check_lines(facts)
    if shown:
        rows: list[Sequence[Content]] = [
            (
                text(results[0].check.name),
                text(question_of(results[0].check)),
                draw_results(results),
                signed(text(answer(results[0])), tone_of_result(results[0])),
                ago(results[0].at, now),
                text(results[0].check.owner),
            )
            for results in shown[:_CHECKS]
        ]
        names = ("Check", "Question", "Latest results", "Answer", "Asked", "Owner")
        yield part("Checks", table(names, rows), *more(len(shown) - _CHECKS, "checks"))


def _failures(facts: PipelineFacts) -> Iterator[Element]:
    bad = [run for run in facts.runs if run.outcome.bad]
    if bad:
        rows: list[Sequence[Content]] = [
            (minute(run.started_at), signed(outcome(run), tone_of_run(run)), text(why(run)), run.id[:8])
            for run in bad[:_FAILURES]
        ]
        names = ("Started (UTC)", "Outcome", _WHY, "Run")
        yield part("Runs that went wrong", table(names, rows), *more(len(bad) - _FAILURES, "runs"))


def _missed(facts: PipelineFacts) -> Iterator[Element]:
    if facts.missed:
        rows = [(minute(slot.due_at), slot.state.value) for slot in facts.missed[:_MISSED]]
        left_out = more(len(facts.missed) - _MISSED, "slots")
        yield part("Runs that did not come", table(("Due (UTC)", "Became"), rows), *left_out)


def _changes(facts: PipelineFacts) -> Iterator[Element]:
    changes = schema_changes(facts.runs)
    if changes:
        rows = [
            (minute(run.started_at), text(change.table), text(brief(change, most=8)))
            for run, change in changes[:_CHANGES]
        ]
        left_out = more(len(changes) - _CHANGES, "changes")
        yield part("Schema changes", table(("Run (UTC)", "Table", "Change"), rows), *left_out)


def _fresh(line: TableLine, now: datetime) -> str:
    """Return when a table got rows last, and for how long it may go without."""
    asked = f", within {duration(line.within)}" if line.within is not None else ""
    return (ago(line.filled_at, now) if line.filled_at is not None else "none yet") + asked


def _trouble(line: TableLine) -> Content:
    return signed(_words(line.alerts), tone_of_alert(line.alerts[0])) if line.alerts else ""


def _words(alerts: Sequence[Alert]) -> str:
    return ", ".join(kind(alert) for alert in alerts)
