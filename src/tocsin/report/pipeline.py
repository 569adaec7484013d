"""One pipeline: a line that tells how it is, and below it all that was seen of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from xml.etree.ElementTree import Element

from tocsin.channels.formats.element import Content, node
from tocsin.core.alert import Alert
from tocsin.core.check_words import question_of
from tocsin.core.finding import Topic
from tocsin.core.message import Tone
from tocsin.core.phrases import ago, kind, minute, outcome, pipeline, problem, tone_of_alert, tone_of_run, took, why
from tocsin.core.schema_words import brief
from tocsin.core.series import Measure, Series
from tocsin.core.sparkline import sparkline
from tocsin.core.trend import Trend, trend
from tocsin.core.words import amount, duration
from tocsin.report.chart import draw_chart
from tocsin.report.check_results import answer, check_urgency, draw_results, tone_of_result
from tocsin.report.facts import PipelineFacts
from tocsin.report.pieces import more, part, signed, table, text
from tocsin.report.strip import draw_strip, key, marks

#: Marks in the line of a pipeline and below it, and points of a chart and of a small one.
_BRIEF, _LONG, _POINTS, _FEW = 30, 90, 60, 30
#: Tables and steps with a chart.
_CHARTS = 20
#: Lines of each table.
_PROBLEMS, _TABLES, _CHANGES, _FAILURES, _MISSED = 20, 40, 12, 6, 10
_WHY = "Why"


@dataclass(frozen=True, kw_only=True)
class Charts:
    """What is drawn, and how."""

    #: The beginning of the time that is told of.
    since: datetime
    #: All is drawn. Of pipelines far down a long list tables have a line of text in place of a chart.
    full: bool
    #: How many false alerts a month are accepted of each table: what is expected follows from it.
    false_alerts: float


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
    return node(
        "summary",
        node(
            "span",
            node("span", text(pipeline(facts.pipeline, facts.environment)), class_="name"),
            node("span", _state(facts), class_="state"),
            class_="who",
        ),
        draw_strip(shown) if shown else node("span", "no run yet", class_="dim strip"),
        *(node("span", node("small", f"{name} "), value, class_="figure") for name, value in figures),
    )


def _state(facts: PipelineFacts) -> Element:
    """Return how the pipeline is, in a few words."""
    if facts.open_alerts:
        worst, others = facts.open_alerts[0], len(facts.open_alerts) - 1
        item = f" {text(worst.item)}" if worst.item else ""
        return signed(f"{kind(worst)}{item}" + (f", {others} more" if others else ""), tone_of_alert(worst))
    if not facts.runs:
        return signed("never ran", Tone.INFO)
    return signed(outcome(facts.runs[0]), tone_of_run(facts.runs[0]))


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
    often = f"Runs: {_share(facts)}"
    strip = [draw_strip(shown)] if len(shown) > _BRIEF and charts.full else []
    yield part(often, *strip, key(shown))
    whole = facts.series.get((Measure.SECONDS, ""))
    if whole is not None and (seen := _trend(facts, whole, charts, _POINTS if charts.full else _FEW)).points:
        expected = f", expected {seen.expected}" if seen.expected else ""
        yield part(f"Duration: {seen.words(seen.points[-1].value)}{expected}", draw_chart(seen, named=charts.full))


def _share(facts: PipelineFacts) -> str:
    """Return "58 of the last 60 went well"."""
    ended = [run for run in facts.runs if run.ended_at is not None]
    good = sum(run.outcome.ok for run in ended)
    return f"{good} of the last {len(ended)} went well" if ended else "none has ended"


def _tables(facts: PipelineFacts, now: datetime, charts: Charts) -> Iterator[Element]:
    troubled = {alert.item for alert in facts.open_alerts if alert.topic is not Topic.DELIVERY}
    series = [one for key, one in facts.series.items() if key[0] is Measure.ROWS and one.points]
    # Those in trouble come first, then those that bring most.
    series.sort(key=lambda one: (one.item not in troubled, -one.points[-1].value, one.item))
    if not series:
        return
    rows = [
        (
            text(one.item),
            *_drawn(facts, one, charts, small=index < _CHARTS),
            _fresh(facts, one, now),
            _trouble(facts, one.item),
        )
        for index, one in enumerate(series[:_TABLES])
    ]
    names = ("Table", "Rows a run", "Last good run", "Expected", "New data", "Problem")
    drawn = table(names, rows, right=frozenset({"Last good run"}))
    yield part("Tables", drawn, *more(len(series) - _TABLES, "tables"))


def _steps(facts: PipelineFacts, charts: Charts) -> Iterator[Element]:
    steps = [one for (measure, item), one in facts.series.items() if measure is Measure.SECONDS and item and one.points]
    if steps:
        rows = [(one.item, *_drawn(facts, one, charts, small=True)) for one in steps]
        yield part(
            "Steps", table(("Step", "Duration", "Last good run", "Expected"), rows, right=frozenset({"Last good run"}))
        )


def _checks(facts: PipelineFacts, now: datetime) -> Iterator[Element]:
    shown = sorted((history.results for history in facts.checks), key=lambda results: check_urgency(results[0]))
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
            for results in shown[:_TABLES]
        ]
        names = ("Check", "Question", "Latest results", "Answer", "Asked", "Owner")
        yield part("Checks", table(names, rows), *more(len(shown) - _TABLES, "checks"))


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
    changes = [(run, change) for run in facts.runs for change in run.schema_changes]
    if changes:
        rows = [
            (minute(run.started_at), text(change.table), text(brief(change, most=8)))
            for run, change in changes[:_CHANGES]
        ]
        left_out = more(len(changes) - _CHANGES, "changes")
        yield part("Schema changes", table(("Run (UTC)", "Table", "Change"), rows), *left_out)


def _drawn(facts: PipelineFacts, series: Series, charts: Charts, *, small: bool) -> tuple[Content, str, str]:
    """Return what the runs of a table or step looked like, the last value, and what was expected of it."""
    last = series.points[-1].value
    if small and charts.full and (shown := _trend(facts, series, charts, _FEW)).points:
        return draw_chart(shown, small=True), shown.words(last), shown.expected
    newest = _trend(facts, series, charts, 1)
    return sparkline([point.value for point in series.points[-_FEW:]]), newest.words(last), newest.expected


def _trend(facts: PipelineFacts, series: Series, charts: Charts, newest: int) -> Trend:
    return trend(series, facts.alerts, false_alerts=charts.false_alerts, newest=newest, since=charts.since)


def _fresh(facts: PipelineFacts, series: Series, now: datetime) -> str:
    """Return when a table got rows last, and for how long it may go without."""
    filled = next((point for point in reversed(series.points) if point.value > 0), None)
    within = facts.fresh_within.get(series.item)
    asked = f", within {duration(within)}" if within is not None else ""
    return (ago(filled.at, now) if filled is not None else "none yet") + asked


def _trouble(facts: PipelineFacts, item: str) -> Content:
    about = [alert for alert in facts.open_alerts if alert.item == item and alert.topic is not Topic.DURATION]
    return signed(_words(about), tone_of_alert(about[0])) if about else ""


def _words(alerts: Sequence[Alert]) -> str:
    return ", ".join(kind(alert) for alert in alerts)
