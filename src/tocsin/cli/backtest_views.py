"""What a backtest says."""

from __future__ import annotations

from tocsin.cli.screen import Cell, Column, Row, Screen
from tocsin.core.message import Tone
from tocsin.core.phrases import kind, minute, pipeline, subject, tone_of_alert
from tocsin.core.words import count, duration
from tocsin.documents.alerts import alert_document
from tocsin.engine.backtest import NOT_TUNED, Backtest, Fired, Subject

_FIRED = (
    Column(name="When (UTC)"),
    Column(name="About"),
    Column(name="Problem"),
    Column(name="Lasted", right=True),
    Column(name="Why", below=""),
)
_COUNTS = (
    Column(name="Pipeline"),
    Column(name="About"),
    Column(name="Table or step"),
    Column(name="Alerts", right=True),
    Column(name="A month", right=True),
    Column(name="Budget"),
)
_MOST = 40


def show_backtest(
    screen: Screen, tested: Backtest, *, budget: float | None, false_alerts: float, tune: bool, tuned: float | None
) -> None:
    """Show what would have fired, how often, and the setting that keeps to the budget."""
    over = set(tested.over(budget)) if budget is not None else set()
    days = duration(tested.end - tested.begin)
    screen.line(
        f"{count(len(tested.fired), 'alert')} in {days}, {minute(tested.begin)} to {minute(tested.end)} UTC, "
        f"from {count(tested.runs, 'run')} with false_alerts = {false_alerts:g}",
        Tone.ERROR if over else Tone.INFO,
    )
    if tested.fired:
        screen.heading("What would have fired")
        screen.table(_FIRED, [_fired(one, tested) for one in tested.fired[-_MOST:]])
        if len(tested.fired) > _MOST:
            screen.line(f"+{len(tested.fired) - _MOST} before these: --json lists all")
        screen.heading("Alerts a month")
        screen.table(_COUNTS, [_counted(one, tested, over, budget) for one in tested.counts])
    if budget is not None:
        screen.heading("Budget")
        _show_budget(screen, len(over), budget)
    if tune:
        _show_tuned(screen, tuned, false_alerts)


def backtest_document(
    tested: Backtest, *, budget: float | None, false_alerts: float, tuned: float | None
) -> dict[str, object]:
    """Return a backtest for `--json`."""
    over = set(tested.over(budget)) if budget is not None else set()
    return {
        "begin": tested.begin,
        "end": tested.end,
        "runs": tested.runs,
        "false_alerts": false_alerts,
        "fired": [alert_document(one.opened, []) | {"resolved_at": one.ended.resolved_at} for one in tested.fired],
        "counts": [
            {
                "pipeline": about[0],
                "environment": about[1],
                "topic": about[2],
                "item": about[3],
                "alerts": number,
                "per_month": round(number / tested.months, 2),
                "over": about in over,
            }
            for about, number in tested.counts.items()
        ],
        "tuned": tuned,
    }


def _fired(one: Fired, tested: Backtest) -> Row:
    alert = one.opened
    over_at = one.ended.resolved_at
    lasted = duration((over_at or tested.end) - alert.since)
    return (
        Cell(text=minute(alert.since), tone=tone_of_alert(alert)),
        subject(alert),
        kind(alert),
        lasted if over_at else f"{lasted}, open",
        alert.summary,
    )


def _counted(about: Subject, tested: Backtest, over: set[Subject], budget: float | None) -> Row:
    name, environment, topic, item = about
    number = tested.counts[about]
    kept = "" if budget is None or topic in NOT_TUNED else "over" if about in over else "kept"
    return (
        Cell(text=pipeline(name, environment), tone=Tone.ERROR if about in over else Tone.INFO),
        topic.value,
        item,
        f"{number:,}",
        f"{number / tested.months:.1f}",
        kept,
    )


def _show_budget(screen: Screen, over: int, budget: float) -> None:
    if over:
        verb = "has" if over == 1 else "have"
        screen.line(f"{count(over, 'table or step')} {verb} more than {budget:g} alerts a month", Tone.ERROR)
    else:
        screen.line(f"no table or step has more than {budget:g} alerts a month", Tone.GOOD)


def _show_tuned(screen: Screen, tuned: float | None, false_alerts: float) -> None:
    if tuned is None:
        screen.line(
            "no setting keeps to it: what remains is no matter of chance, for example tables that got nothing. "
            "Silence it, switch volume or duration off for the pipeline, or mend it",
            Tone.WARNING,
        )
    elif tuned == false_alerts:
        screen.line(f"false_alerts = {tuned:g}, which is in force, keeps to it")
    else:
        screen.line("the most attentive setting that keeps to it; write into .dlt/config.toml:")
        screen.code(f"[tocsin]\nfalse_alerts = {tuned:g}")
