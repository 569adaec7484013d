"""The life of one alert: what was found, who was told or not, why, and what the receivers answered."""

from __future__ import annotations

from collections.abc import Sequence

from tocsin.cli.screen import Cell, Column, Row, Screen
from tocsin.cli.wording import short
from tocsin.core.alert import Alert
from tocsin.core.message import Tone
from tocsin.core.outbox import Delivery, Notification, Status
from tocsin.core.phrases import outcome, problem, stamp, subject, tone_of_alert, tone_of_run, why
from tocsin.core.run import Run
from tocsin.core.told_words import progress
from tocsin.core.words import duration
from tocsin.documents.alerts import Life

_RUN_COLUMNS = (
    Column(name="Ended (UTC)"),
    Column(name="Outcome"),
    Column(name="Run"),
    Column(name="Why", below=""),
)
_DECISIONS = (
    Column(name="When (UTC)"),
    Column(name="Channel"),
    Column(name="Why, or why not"),
    Column(name="Result", below=""),
)
_STATUS_TONES = {Status.SENT: Tone.GOOD, Status.WAITING: Tone.WARNING, Status.DEAD: Tone.ERROR}


def show_alert(screen: Screen, life: Life) -> None:
    """Show an alert."""
    alert = life.alert
    screen.line(f"{subject(alert)} {problem(alert)}, alert {short(alert.id)}", tone_of_alert(alert))
    screen.facts(_facts(alert))
    if life.runs:
        screen.heading("Runs with this problem")
        screen.table(_RUN_COLUMNS, [_run_row(run) for run in life.runs])
    screen.heading("Who was told, and who was not")
    if life.notifications:
        screen.table(_DECISIONS, [_decision(one, life.deliveries[one.id]) for one in life.notifications])
    else:
        screen.line("Nobody: there was no channel to tell. tocsin init sets one up.", Tone.WARNING)


def _facts(alert: Alert) -> list[tuple[str, str]]:
    acknowledged, over = alert.acknowledged_at, alert.resolved_at
    return [
        ("State", alert.state.value),
        ("Severity", alert.severity.value),
        ("Since", f"{stamp(alert.since)} UTC"),
        ("Last seen", f"{stamp(alert.last_at)} UTC" if alert.last_at != alert.since else ""),
        ("Acknowledged", f"by {alert.acknowledged_by}, {stamp(acknowledged)} UTC" if acknowledged else ""),
        ("Snoozed", f"by {alert.snoozed_by}, until {stamp(alert.snoozed_until)} UTC" if alert.snoozed_until else ""),
        ("Known issue", alert.known_issue),
        ("Resolved", f"{stamp(over)} UTC, after {duration(over - alert.since)}: {alert.resolution}" if over else ""),
        ("Why", alert.summary),
        *(alert.evidence or {}).items(),
        ("Do", alert.hint),
        ("Latest run", f"tocsin show {short(alert.run_id)}" if alert.run_id else ""),
        ("Alert", alert.id),
    ]


def _run_row(run: Run) -> Row:
    ended = Cell(text=stamp(run.ended_at) if run.ended_at else "", tone=tone_of_run(run))
    return ended, outcome(run), short(run.id), why(run)


def _decision(one: Notification, deliveries: Sequence[Delivery]) -> Row:
    times = f" ({one.times:,} times)" if one.times > 1 else ""
    when = Cell(text=stamp(one.created_at), tone=_STATUS_TONES.get(one.status, Tone.INFO))
    because = f": {one.because}" if one.because else ""
    return when, one.channel, f"{one.reason}{because}{times}", _result(one, deliveries)


def _result(one: Notification, deliveries: Sequence[Delivery]) -> str:
    """Return what became of a decision: the receiver's last answer, and how often it was tried."""
    if one.status is Status.NOT_TOLD:
        return ""
    if not deliveries:
        return progress(one)
    last = deliveries[-1]
    answer = " ".join(part for part in (str(last.status or ""), last.answer) if part) or "none"
    if last.ok:
        late = f" at {stamp(last.at)} after {len(deliveries)} tries" if len(deliveries) > 1 else ""
        return f"sent{late} in {last.took_ms:,} ms, answer: {answer}"
    # The error of a message that is on its way is its last answer.
    return progress(one) if one.last_error else f"{progress(one)}, last answer: {answer}"
