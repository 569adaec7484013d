"""A changed alert becomes rows of the outbox, in the same transaction."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from tocsin.core.alert import Alert, Change
from tocsin.core.compose import Surroundings, compose
from tocsin.core.dependency import impact
from tocsin.core.event import Note
from tocsin.core.finding import Topic
from tocsin.core.labels import labels_of
from tocsin.core.message import Message, Paragraph, Tone
from tocsin.core.notify import Reason, Told, should_notify
from tocsin.core.outbox import Notification, Status
from tocsin.core.policy import Policy
from tocsin.core.route import choose
from tocsin.core.run import GOOD, Run
from tocsin.engine.engine import Engine
from tocsin.engine.order import order_below
from tocsin.store.protocol import Transaction

#: Namespace of the idempotency keys: the same decision has the same key in every process.
_KEYS = uuid.UUID("2d3c0f9e-0f0a-5a0e-9b1c-8d5a3c1b7e42")
#: Alerts that one transaction handles: few enough that other writers need not wait long.
_BATCH = 500
#: Under this name the store keeps by which routes all that is open was told.
_ROUTES = "routes"


@dataclass(frozen=True, kw_only=True)
class Changed:
    """An alert after a change, and what is at hand of its pipeline."""

    alert: Alert
    change: Change
    #: The run that the change is about.
    run: Run | None = None
    #: The newest run, where somebody has looked already.
    newest: Run | None = None


def notify(engine: Engine, tx: Transaction, changed: Iterable[Changed]) -> None:
    """Decide for every channel whether it hears of changes, and keep the decisions with their reasons."""
    now = engine.clock()
    tx.add_notifications([decision for each in changed for decision in _decisions(engine, tx, each, now)])


def _decisions(engine: Engine, tx: Transaction, changed: Changed, now: datetime) -> Iterator[Notification]:
    alert, change = changed.alert, changed.change
    owner = engine.config.pipeline(alert.subject).owner
    channels = _channels_of(engine, alert, owner)
    if change in {Change.ACKNOWLEDGED, Change.RESOLVED}:
        # Who was told of a problem hears of its end, also where the route has changed since, or was a fallback.
        channels = {name: Policy() for name in _told(engine, tx, alert)} | channels
    around: Surroundings | None = None
    for channel, policy in channels.items():
        # Nobody can have heard of what is new.
        told = tx.told(alert.id, channel) if change is not Change.OPENED else None
        reason = should_notify(alert, change, told, policy, now)
        if reason is Reason.REPEAT and tx.notifications(
            alert_id=alert.id, channel=channel, status=Status.WAITING, limit=1
        ):
            # What was said before is still on its way.
            reason = Reason.ALREADY_TOLD
        if change is Change.NOTHING and not reason.tells:
            # Time has passed and nothing came of it: that is no decision worth keeping.
            continue
        if reason.tells and around is None:
            around = _surroundings(engine, tx, changed)
        message = compose(alert, reason, around) if reason.tells and around is not None else None
        yield Notification(
            # Two repeats of one problem differ by what was told before them.
            id=_key(alert.id, channel, reason, *([str(alert.seq), _moment_of(told)] if message else [])),
            channel=channel,
            reason=reason,
            message=message,
            created_at=now,
            due_at=now,
            status=Status.WAITING if message else Status.NOT_TOLD,
            severity=alert.severity,
            alert_id=alert.id,
            seq=alert.seq,
        )


def notify_fallback(engine: Engine, tx: Transaction, failed: Notification) -> None:
    """Tell other channels what one channel could not deliver."""
    now = engine.clock()
    if failed.message is None or (failed.alert_id is None and failed.reason is Reason.CHANNEL_FAILED):
        return
    for channel in _fallbacks(engine, tx, failed):
        told = tx.told(failed.alert_id, channel) if failed.alert_id is not None else None
        if told is not None and _is_known(failed, told, now, engine.config.policy):
            continue
        tx.add_notification(
            Notification(
                # One a channel and change, so that channels which stand in for each other come to an end.
                id=_key(failed.alert_id or failed.id, channel, str(failed.seq), "fallback"),
                channel=channel,
                reason=Reason.CHANNEL_FAILED,
                message=failed.message,
                created_at=now,
                due_at=now,
                severity=failed.severity,
                alert_id=failed.alert_id,
                seq=failed.seq,
            )
        )


def notify_note(engine: Engine, tx: Transaction, event_id: str, note: Note, at: datetime) -> None:
    """Send a plain message through the routes."""
    now = engine.clock()
    labels = {
        "pipeline": note.pipeline,
        "environment": note.environment,
        "severity": note.severity.value,
        "kind": "note",
        "topic": "note",
        "owner": engine.config.pipeline(note.pipeline).owner,
    }
    title, _, rest = note.text.strip().partition("\n")
    message = Message(
        title=title,
        tone=Tone(note.severity.value),
        footer=f"Tocsin · message from your code{f' · {note.pipeline}' if note.pipeline else ''}",
        blocks=(Paragraph(text=rest.strip()),) if rest.strip() else (),
        at=at,
        severity=note.severity,
        data={"note": note.text},
    )
    default = engine.config.default_route
    routes = choose(labels, engine.config.routes, default=default)
    usable = [name for route in routes for name in route.channels if name in engine.channels]
    for channel in usable or default.channels:
        tx.add_notification(
            Notification(
                id=_key(event_id, channel),
                channel=channel,
                reason=Reason.PLAIN_MESSAGE,
                message=message,
                created_at=now,
                due_at=now,
                severity=note.severity,
            )
        )


def notify_repeats(engine: Engine) -> None:
    """Tell again what goes on for longer than the repeat interval.

    Raises:
        StoreError: The store cannot be read or written; what was not told again is so the next time.
    """
    policies = (engine.config.policy, *(route.policy for route in engine.config.routes))
    told_before = engine.clock() - min(policy.repeat_every for policy in policies)
    with engine.store.reading() as tx:
        same_routes = tx.recall(_ROUTES) == engine.routes_hash
        if same_routes and not tx.alerts_to_repeat(told_before, limit=1):
            return
    last: str | None = ""
    while last is not None:
        with engine.store.writing() as tx:
            # A channel that is new has heard of nothing that is open.
            page = tx.alerts_to_repeat(told_before if same_routes else engine.clock(), after=last, limit=_BATCH)
            notify(engine, tx, [Changed(alert=alert, change=Change.NOTHING) for alert in page])
        last = page[-1].fingerprint if page else None
    if not same_routes:
        with engine.store.writing() as tx:
            tx.remember(_ROUTES, engine.routes_hash)


def _fallbacks(engine: Engine, tx: Transaction, failed: Notification) -> list[str]:
    """Return the channels that stand in for the one that could not deliver."""
    configured = next((c.fallback for c in engine.config.channels if c.name == failed.channel), None)
    names = [configured] if configured is not None and configured in engine.channels else list(engine.channels)
    about = next(iter(tx.find_alerts(failed.alert_id)), None) if failed.alert_id is not None else None
    return [name for name in names if name != failed.channel and not _is_about(about, name)]


def _channels_of(engine: Engine, alert: Alert, owner: str) -> dict[str, Policy]:
    """Return the channels of the alert's routes; the first route that names a channel gives the policy."""
    policies: dict[str, Policy] = {}
    default = engine.config.default_route
    for route in (*choose(labels_of(alert, owner=owner), engine.config.routes, default=default), default):
        if route is default and policies:
            # Only an alert whose routes lead to channels that cannot be used goes to all the others.
            break
        for channel in route.channels:
            if channel in engine.channels and not _is_about(alert, channel):
                policies.setdefault(channel, route.policy)
    return policies


def _is_known(failed: Notification, told: Told, now: datetime, policy: Policy) -> bool:
    """Whether a stand-in has heard what was not delivered; the same once more is told after the repeat interval."""
    same = failed.reason in {Reason.NEW, Reason.REPEAT} and now - told.at < policy.repeat_every
    return same or told.seq >= failed.seq


def _is_about(alert: Alert | None, channel: str) -> bool:
    """Whether an alert is about this very channel, which cannot be told that it cannot be told."""
    return alert is not None and alert.topic is Topic.CHANNEL and alert.subject == channel


def _told(engine: Engine, tx: Transaction, alert: Alert) -> set[str]:
    """Return the channels that were told of an alert, or will be."""
    found = tx.notifications(alert_id=alert.id, limit=1000)
    return {one.channel for one in found if one.status in {Status.WAITING, Status.SENT}} & engine.channels.keys()


def _moment_of(told: Told | None) -> str:
    return told.at.isoformat() if told else ""


def _surroundings(engine: Engine, tx: Transaction, changed: Changed) -> Surroundings:
    alert = changed.alert
    waiting = order_below(engine, tx, alert.subject, alert.environment) if alert.topic is Topic.DELIVERY else None
    return Surroundings(
        run=changed.run or (tx.run(alert.run_id) if alert.run_id else None),
        last_success=_last_success(tx, alert, changed.newest),
        owner=engine.config.pipeline(alert.subject).owner,
        blocks=impact(alert.subject, waiting) if waiting else (),
        learned=tuple(waiting.learned.values()) if waiting else (),
    )


def _last_success(tx: Transaction, alert: Alert, newest: Run | None) -> Run | None:
    """Return the newest run that went well before the problem; the newest of all is that most often."""
    if alert.topic is not Topic.DELIVERY:
        return None
    if newest is not None and newest.outcome.ok and newest.started_at <= alert.since:
        return newest
    before = alert.since + timedelta(microseconds=1)
    found = tx.runs(pipeline=alert.subject, environment=alert.environment, outcomes=GOOD, before=before, limit=1)
    return found[0] if found else None


def _key(*parts: str) -> str:
    return str(uuid.uuid5(_KEYS, "\0".join(parts)))
