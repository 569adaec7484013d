"""`/alerts/{id}`: what is wrong, what does it mean, who was told, and why was nobody?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Annotated
from xml.etree.ElementTree import Element

from fastapi import APIRouter, Path, Query, Response

from tocsin.core.access import Action, AuditEntry
from tocsin.core.alert import Alert, Change, State
from tocsin.core.attribution import Start
from tocsin.core.compose import compose
from tocsin.core.finding import Topic
from tocsin.core.labels import Labels
from tocsin.core.message import Code, Facts, Paragraph, Tone
from tocsin.core.notify import Muted, Reason
from tocsin.core.outbox import HEARD, Notification
from tocsin.core.phrases import problem, subject, tone_of_alert
from tocsin.core.series import Measure
from tocsin.core.silence import Silence, silenced_by
from tocsin.core.told_words import last_words
from tocsin.core.trend import trend
from tocsin.core.words import duration
from tocsin.engine.engine import Engine
from tocsin.engine.explain_route import muted_words
from tocsin.engine.muting import muted_by
from tocsin.engine.surroundings import Changed, surroundings
from tocsin.engine.ways import labels_for
from tocsin.report.chart import draw_chart
from tocsin.report.check_results import draw_results
from tocsin.report.strip import draw_brief
from tocsin.store.protocol import Transaction
from tocsin.web.api.seen import alert_of
from tocsin.web.pages.acts import SnoozeFor, said
from tocsin.web.pages.addresses import new_silence, of_alert, of_pipeline, of_run, query
from tocsin.web.pages.frame import Frame
from tocsin.web.pages.missing import BY_ITS_ID, missing
from tocsin.web.pages.who_was_told import Entry, entries_of
from tocsin.web.problem import Problem
from tocsin.web.rendering import render

router = APIRouter(include_in_schema=False)

#: Runs of the strip, points of the chart, and of decisions and acts the newest that are shown.
_RUNS, _POINTS, _DECISIONS = 60, 60, 100
_MEASURES = {Topic.VOLUME: Measure.ROWS, Topic.DURATION: Measure.SECONDS}
_ACTS = {
    Action.ACKNOWLEDGE: "acknowledged it",
    Action.SNOOZE: "snoozed it",
    Action.RESOLVE: "resolved it",
    Action.ACCEPT: "accepted the new level as normal",
}
#: What stands at the side, or above.
_ELSEWHERE = frozenset({"Since", "Owner", "Known issue"})
#: The beginning of an id by which near ones are looked for.
_NEAR = 4


@dataclass(frozen=True, kw_only=True)
class AlertPage:
    """What the page shows."""

    alert: Alert
    tone: Tone
    subject: str
    problem: str
    #: What became of it, in a sentence.
    state: str
    pipeline: str
    run: str
    owner: str
    strip: Element | None
    chart: Element | None
    #: Labels and values.
    facts: Sequence[tuple[str, str]]
    hint: str
    code: Sequence[Code]
    known_issue_url: str
    #: Newest first.
    timeline: Sequence[Entry]
    #: Whether older decisions are left out.
    cut: bool
    #: Why no channel knows of it, a sentence for each of them; empty where one does.
    nobody: Sequence[str]
    #: What mutes it now.
    muted: str
    #: The page of the silence that does; empty where none does.
    silence: str
    #: Who would hear of such a problem.
    routes: str
    new_silence: str
    can_accept: bool


@router.get("/alerts/{alert_id}")
def alert_page(
    frame: Frame,
    alert_id: Annotated[str, Path(max_length=200)],
    done: Annotated[str, Query(max_length=20)] = "",
) -> Response:
    """Show all that is known of an alert."""
    with frame.engine.store.reading() as tx:
        try:
            alert = alert_of(tx, frame.actor, alert_id)
        except Problem:
            return missing(
                frame,
                "alert",
                alert_id,
                here="/alerts",
                why=BY_ITS_ID,
                near=[
                    (f"{subject(one)} {problem(one)}", of_alert(one.id))
                    for one in tx.find_alerts(alert_id[:_NEAR])
                    if not one.environment or frame.actor.sees(one.environment)
                ],
            )
        seen = read_alert(frame.engine, tx, alert)
    # A message about what was done goes away when the page looks for news.
    title = f"{seen.subject} {seen.problem}"
    page = replace(frame.page(title, "/alerts", tone=seen.tone), url=of_alert(alert.id))
    return render("alert.html", page, view=seen, done=said(done), lengths=_lengths(frame.engine))


def read_alert(engine: Engine, tx: Transaction, alert: Alert) -> AlertPage:
    """Return what the page shows of an alert."""
    now = engine.clock()
    labels, silences = labels_for(engine, alert), tx.silences(now)
    muted = muted_by(engine, alert, labels, silences, now) if alert.open else None
    decided = tx.notifications(alert_id=alert.id, limit=_DECISIONS + 1)
    notifications = decided[:_DECISIONS]
    deliveries = tx.deliveries_of([one.id for one in notifications])
    entries = [
        *entries_of(engine, notifications, deliveries),
        *_acts(tx.audit(subject=alert.id, limit=_DECISIONS)),
        *_turns(alert),
    ]
    around = surroundings(engine, tx, Changed(alert=alert, change=Change.NOTHING))
    # The problem as it was told, also of one that is over.
    told = compose(replace(alert, state=State.FIRING), Reason.NEW, around).blocks
    of_channel = alert.topic is Topic.CHANNEL
    starts = () if of_channel else _starts(tx, alert)
    return AlertPage(
        alert=alert,
        tone=tone_of_alert(alert),
        subject=subject(alert),
        problem=problem(alert),
        state=_state(alert, muted),
        pipeline="" if of_channel else of_pipeline(alert.subject, alert.environment),
        run=of_run(alert.run_id) if alert.run_id is not None else "",
        owner=around.owner,
        strip=draw_brief(tuple(starts)) if starts else None,
        chart=_chart(engine, tx, alert),
        facts=[
            (fact.label, fact.value)
            for block in told
            if isinstance(block, Facts)
            for fact in block.items
            if fact.label not in _ELSEWHERE
        ],
        hint=next((block.text for block in told if isinstance(block, Paragraph)), ""),
        code=[block for block in told if isinstance(block, Code)],
        known_issue_url=alert.known_issue if alert.known_issue.startswith(("https://", "http://")) else "",
        timeline=sorted(entries, key=lambda entry: entry.at, reverse=True),
        cut=len(decided) > _DECISIONS,
        nobody=[] if any(one.status in HEARD for one in notifications) else _nobody(notifications),
        muted=muted_words(muted) if muted is not None else "",
        silence=_silence(labels, silences, muted, engine),
        routes=f"/channels/routes{query(_asked(labels))}",
        new_silence=new_silence(alert.id),
        can_accept=alert.topic in _MEASURES,
    )


def _lengths(engine: Engine) -> list[tuple[SnoozeFor, str]]:
    """Return for how long an alert can be put off, with what stands on the buttons."""
    here = engine.config.timezone
    return [(each, f"{each} ({here})" if each is SnoozeFor.MORNING else each.value) for each in SnoozeFor]


def _state(alert: Alert, muted: Muted | None) -> str:
    match alert.state:
        case State.RESOLVED:
            lasted = duration((alert.resolved_at or alert.last_at) - alert.since)
            return f"Over after {lasted}: {alert.resolution}"
        case State.ACKNOWLEDGED:
            return f"Acknowledged by {alert.acknowledged_by}"
    if muted is not None:
        return f"Firing, {muted_words(muted)}"
    return "Firing; it comes and goes" if alert.flapping else "Firing"


def _starts(tx: Transaction, alert: Alert) -> Sequence[Start]:
    name = (alert.subject, alert.environment)
    return tx.recent_starts([name], each=_RUNS).get(name, ())


def _chart(engine: Engine, tx: Transaction, alert: Alert) -> Element | None:
    """Return the values around the one that the alert is about, where it is about a value."""
    if (measure := _MEASURES.get(alert.topic)) is not None:
        series = tx.series(alert.subject, alert.environment).get((measure, alert.item))
        if series is None or not series.points:
            return None
        return draw_chart(trend(series, [alert], false_alerts=engine.config.false_alerts, newest=_POINTS))
    if alert.topic is Topic.CHECK:
        results = tx.check_history(alert.subject, alert.environment, alert.item).results
        return draw_results(results) if results else None
    return None


def _acts(entries: Sequence[AuditEntry]) -> Iterator[Entry]:
    for entry in entries:
        if entry.action in _ACTS:
            yield Entry(at=entry.at, tone=Tone.ACKNOWLEDGED, words=f"{entry.actor} {_ACTS[entry.action]}")


def _turns(alert: Alert) -> Iterator[Entry]:
    """Return when the problem began, began anew and ended by itself."""
    yield Entry(at=alert.since, tone=Tone.ERROR, words="The problem began")
    for at in alert.opened:
        if at > alert.since:
            yield Entry(at=at, tone=Tone.ERROR, words="It came back")
    if alert.occurrences > 1 and alert.last_at > alert.since:
        words = f"Seen last, {alert.occurrences:,} times in a row by then"
        yield Entry(at=alert.last_at, tone=Tone.ERROR, words=words, more=alert.summary)
    if alert.resolved_at is not None and alert.resolved_by is None:
        yield Entry(at=alert.resolved_at, tone=Tone.GOOD, words="The problem ended", more=alert.resolution or "")


def _nobody(notifications: Sequence[Notification]) -> list[str]:
    """Return why no channel knows of a problem, for each of them.

    Args:
        notifications: What was decided, newest first.
    """
    if not notifications:
        return ["There was no channel to tell"]
    return [_why(one) for one in last_words(notifications)]


def _why(one: Notification) -> str:
    if one.reason.tells:
        return f"{one.channel} could not deliver: {one.last_error or one.status}"
    because = f" ({one.because})" if one.because else ""
    return f"{one.channel}: {one.reason}{because}"


def _silence(labels: Labels, silences: Sequence[Silence], muted: Muted | None, engine: Engine) -> str:
    if muted is None or muted.reason is not Reason.SILENCED:
        return ""
    silence = silenced_by(labels, silences, engine.clock())
    return f"/silences/{silence.id}" if silence is not None else ""


def _asked(labels: Labels) -> dict[str, str]:
    """Return what is known of a problem, for who would hear of it."""
    names = ("pipeline", "channel", "environment", "severity", "kind", "owner", "table", "check")
    return {name: str(value) for name in names if (value := labels.get(name))}
