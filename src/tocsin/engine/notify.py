"""A changed alert becomes rows of the outbox, in the same transaction."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from tocsin.core.alert import Alert, Change, State, calm
from tocsin.core.compose import Surroundings, compose
from tocsin.core.labels import Labels
from tocsin.core.notify import Muted, Reason, Told, repeats_from, saying, should_notify
from tocsin.core.outbox import HEARD, Notification, Status
from tocsin.core.silence import Silence
from tocsin.engine.action_links import add_links
from tocsin.engine.engine import Engine
from tocsin.engine.follow import follow_alerts
from tocsin.engine.groups import Holder
from tocsin.engine.keys import key_of
from tocsin.engine.muting import muted_by, muted_by_route
from tocsin.engine.surroundings import Changed, surroundings
from tocsin.engine.ways import Way, labels_for, next_step, routes_for, usable, ways_of
from tocsin.store.protocol import Transaction

#: Alerts that one transaction handles: few enough that other writers need not wait long.
_BATCH = 500
#: Under this name the store keeps by which routes all that is open was told.
_ROUTES = "routes"


@dataclass(frozen=True, kw_only=True)
class _Decision:
    """Whether one channel hears of one change, and why."""

    channel: str
    way: Way
    told: Told | None
    reason: Reason
    muted: Muted | None


@dataclass(kw_only=True)
class _Plan:
    """The decisions about one alert, and when it has to be looked at again."""

    changed: Changed
    labels: Labels
    decisions: list[_Decision] = field(default_factory=list)
    look_at: datetime | None = None

    def look(self, at: datetime | None) -> None:
        if at is not None and (self.look_at is None or at < self.look_at):
            self.look_at = at


def notify(engine: Engine, tx: Transaction, changed: Iterable[Changed], *, at_once: bool = True) -> None:
    """Decide for every channel whether it hears of changes, and keep the decisions with their reasons.

    The alerts are saved with them, and planned to be looked at when time alone may change a decision.

    Args:
        engine: The engine.
        tx: The transaction in which they have come to pass.
        changed: The changes, each of another alert.
        at_once: Whether they came at once, so that many of them are a storm from the first; else one after another,
            and those are told together that come after many.
    """
    changed = list(changed)
    if not changed:
        return
    now = engine.clock()
    silences = tx.silences(now)
    plans = [_decide(engine, tx, each, silences, now) for each in changed]
    tx.save_alerts([plan.changed.alert for plan in plans])
    tx.plan_alerts({plan.changed.alert.id: plan.look_at for plan in plans})
    holder = Holder(engine, tx, now)
    rows: list[Notification] = []
    for together in [plans] if at_once else [[plan] for plan in plans]:
        holder.expect(
            (decision.channel, decision.way)
            for plan in together
            for decision in plan.decisions
            if decision.reason.tells and decision.told is None
        )
        rows += (row for plan in together for row in _rows(engine, tx, plan, holder, now))
    tx.add_notifications(rows)
    holder.save()
    follow_alerts(engine, tx, {each.change for each in changed})


def notify_due(engine: Engine) -> None:
    """Look at the alerts for which time alone may have something to tell: repeats, escalations, ends of silences.

    Raises:
        StoreError: The store cannot be written; what was not told is so the next time.
    """
    due: Sequence[Alert] | None = None
    while due is None or len(due) == _BATCH:
        now = engine.clock()
        with engine.store.writing() as tx:
            if routes_differ(engine, tx):
                # A channel that is new has heard of nothing that is open.
                tx.plan_open_alerts(now)
                tx.remember(_ROUTES, engine.routes_hash)
            due = tx.due_alerts(now, limit=_BATCH)
            moved = (calm(alert, now=now, damping=engine.config.damping) for alert in due)
            notify(engine, tx, [Changed(alert=alert, change=change) for alert, change in moved])


def routes_differ(engine: Engine, tx: Transaction) -> bool:
    """Return whether other routes are configured than those by which all that is open was told."""
    return tx.recall(_ROUTES) != engine.routes_hash


def _decide(engine: Engine, tx: Transaction, changed: Changed, silences: Sequence[Silence], now: datetime) -> _Plan:
    alert, change = changed.alert, changed.change
    labels = labels_for(engine, alert)
    routes = routes_for(engine, labels)
    ways = ways_of(engine, alert, routes, now)
    if change in {Change.ACKNOWLEDGED, Change.SNOOZED, Change.RESOLVED}:
        # Who was told of a problem hears of its end, also where the route has changed since, or was a fallback.
        ways = {name: Way(route="", policy=engine.config.policy) for name in _told(engine, tx, alert)} | ways
    mute = muted_by(engine, alert, labels, silences, now)
    plan = _Plan(changed=changed, labels=labels)
    for channel, way in ways.items():
        # Nobody can have heard of what is new.
        told = tx.told(alert.id, channel) if change is not Change.OPENED else None
        muted = mute or muted_by_route(way.policy, way.route, now)
        reason = should_notify(
            alert,
            change,
            told,
            way.policy,
            now,
            muted=muted,
            escalated=way.escalated,
            keeps_open=channel in engine.channels and engine.channels[channel].channel.keeps_open,
        )
        if reason is Reason.REPEAT and tx.notifications(
            alert_id=alert.id, channel=channel, status=Status.WAITING, limit=1
        ):
            # What was said before is still on its way.
            reason, told = Reason.ALREADY_TOLD, replace(told, at=now) if told is not None else None
        plan.look(_look_again(alert, told, way, reason, muted, now))
        if change is Change.NOTHING and not reason.tells:
            # Time has passed and nothing came of it: that is no decision worth keeping.
            continue
        plan.decisions.append(_Decision(channel=channel, way=way, told=told, reason=reason, muted=muted))
    told_now = change is not Change.SNOOZED and any(decision.reason.tells for decision in plan.decisions)
    if alert.told_at is None and alert.state is State.FIRING and told_now:
        plan.changed = replace(changed, alert=replace(alert, told_at=now))
    plan.look(next_step(plan.changed.alert, routes, now))
    if alert.flapping and not alert.open:
        plan.look((alert.resolved_at or alert.last_at) + engine.config.damping.within)
    return plan


def _look_again(
    alert: Alert, told: Told | None, way: Way, reason: Reason, muted: Muted | None, now: datetime
) -> datetime | None:
    """Return when time alone may change what was decided for a channel."""
    if not alert.open:
        return None
    if muted is not None:
        return muted.until
    if alert.state is State.ACKNOWLEDGED or reason in {Reason.TOO_LOW, Reason.PASSED}:
        return None
    if reason.tells:
        return now + way.policy.repeat_every
    return repeats_from(alert, told) + way.policy.repeat_every if told is not None else None


def _rows(engine: Engine, tx: Transaction, plan: _Plan, holder: Holder, now: datetime) -> Iterator[Notification]:
    alert = plan.changed.alert
    around: Surroundings | None = None
    for decision in plan.decisions:
        channel, reason, told = decision.channel, decision.reason, decision.told
        row = Notification(
            # Two repeats of one problem differ by what was told before them.
            id=key_of(alert.id, channel, reason, *([str(alert.seq), _moment_of(told)] if reason.tells else [])),
            channel=channel,
            reason=reason,
            message=None,
            created_at=now,
            due_at=now,
            status=Status.NOT_TOLD,
            severity=alert.severity,
            alert_id=alert.id,
            seq=alert.seq,
            said=saying(alert),
            because=decision.muted.because if decision.muted is not None and not reason.tells else "",
        )
        if not reason.tells:
            yield row
        elif (group := holder.group_for(alert, plan.labels, channel, decision.way, told)) is not None:
            yield replace(row, status=Status.GROUPED, group_id=group.id, group_seq=group.seq + 1)
        else:
            around = around or surroundings(engine, tx, plan.changed)
            message = add_links(engine, tx, compose(alert, reason, around), alert, channel)
            yield replace(row, status=Status.WAITING, message=message)


def _told(engine: Engine, tx: Transaction, alert: Alert) -> list[str]:
    """Return the channels that were told of an alert, or will be."""
    found = {one.channel for one in tx.notifications(alert_id=alert.id, limit=1000) if one.status in HEARD}
    return usable(engine, alert, sorted(found))


def _moment_of(told: Told | None) -> str:
    return told.at.isoformat() if told else ""
