"""A store that ends with the process: for tests, and to look at Tocsin without leaving a file."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from datetime import datetime, timedelta

from tocsin.core.alert import Alert
from tocsin.core.attribution import Start, start_of
from tocsin.core.due import Due
from tocsin.core.finding import Kind
from tocsin.core.freshness import Freshness
from tocsin.core.learned_order import LearnedOrder
from tocsin.core.notify import Told
from tocsin.core.outbox import HEARD, ChannelState, Delivery, Notification, Receipt, Status
from tocsin.core.position import Position
from tocsin.core.run import Outcome, Run
from tocsin.core.schema import SchemaVersion
from tocsin.core.series import Key, Series
from tocsin.core.severity import Severity
from tocsin.errors import StoreLocked
from tocsin.store.memory_access import Access
from tocsin.store.memory_checks import Checks
from tocsin.store.memory_days import Days
from tocsin.store.memory_figures import Figures
from tocsin.store.memory_groups import Groups
from tocsin.store.memory_inbox import Inbox
from tocsin.store.memory_pipelines import Pipelines
from tocsin.store.memory_retention import Retention
from tocsin.store.memory_silences import Silences
from tocsin.store.memory_slots import Slots
from tocsin.store.memory_state import State
from tocsin.store.protocol import FOUND
from tocsin.store.refusal import another_is_open


class MemoryStore:
    """Runs, alerts and the outbox in dictionaries, with the promises of every store."""

    url = "memory://"

    def __init__(self, *, patience: float = 5.0) -> None:
        """Start empty; `patience` is how many seconds to wait for other writers."""
        self._patience = patience
        self._committed = State()
        self._lock = threading.Lock()

    @contextmanager
    def writing(self) -> Iterator[MemoryTransaction]:
        """Open a transaction on a copy, which replaces what was committed only if nothing is raised.

        Raises:
            StoreLocked: Another thread did not let go in time, or this one is inside a transaction already.
        """
        if not self._lock.acquire(timeout=self._patience):
            raise StoreLocked(
                f"the store {self.url} was locked for {self._patience:g} s: a transaction does not end, or one was "
                "opened inside another in the same thread. End the outer one first"
            )
        try:
            state = self._committed.copy()
            yield MemoryTransaction(state, writable=True)
            self._committed = state
        finally:
            self._lock.release()

    def appending(self) -> AbstractContextManager[MemoryTransaction]:
        """Open a transaction that is only for `receive`; here it is as any other.

        Raises:
            StoreLocked: See `writing`.
        """
        return self.writing()

    @contextmanager
    def reading(self) -> Iterator[MemoryTransaction]:
        """Open a view of what is committed now; later commits do not show in it."""
        yield MemoryTransaction(self._committed, writable=False)

    def close(self) -> None:
        """Keep what is stored: there is nothing to let go of."""


class MemoryTransaction(Groups, Silences, Slots, Inbox, Access, Pipelines, Days, Retention, Figures, Checks):
    """`tocsin.store.protocol.Transaction` on one state."""

    def remember_events(self, event_ids: Collection[str], now: datetime) -> Collection[str]:
        """Note that events were taken in; return those that had not been before."""
        new = set(event_ids) - self._write.events.keys()
        self._write.events.update(dict.fromkeys(new, now))
        return new

    def run(self, run_id: str) -> Run | None:
        """Return the run with exactly this id."""
        return self._read.runs.get(run_id)

    def runs_of(self, run_ids: Collection[str]) -> Mapping[str, Run]:
        """Return the runs with exactly these ids, by their ids."""
        return {run_id: self._read.runs[run_id] for run_id in run_ids if run_id in self._read.runs}

    def find_runs(self, prefix: str) -> Sequence[Run]:
        """Return the runs whose id begins with `prefix`, newest first, at most `FOUND`."""
        return self._newest_runs(lambda run: run.id.startswith(prefix))[:FOUND]

    def save_run(self, run: Run) -> None:
        """Insert or replace a run."""
        self.save_runs([run])

    def save_runs(self, changed: Sequence[Run]) -> None:
        """Do as `save_run` with each of them."""
        self._write.runs.update({run.id: run for run in changed})

    def runs(
        self,
        *,
        pipeline: str | None = None,
        environment: str | None = None,
        outcomes: Collection[Outcome] | None = None,
        before: datetime | None = None,
        after: Position | None = None,
        limit: int = 50,
    ) -> Sequence[Run]:
        """Return runs, newest first by start; `before` is exclusive."""
        return self._newest_runs(
            lambda run: (
                pipeline in {None, run.pipeline}
                and environment in {None, run.environment}
                and (outcomes is None or run.outcome in outcomes)
                and (before is None or run.started_at < before)
                and (after is None or (run.started_at, run.id) < (after.at, after.id))
            )
        )[:limit]

    def starts_of(
        self, pipelines: Collection[str], environment: str, *, since: datetime, most: int
    ) -> Mapping[str, Sequence[Start]]:
        """Return the attempts of these pipelines that go on or ended at `since` or later, in any order."""
        newest = {name: self.runs(pipeline=name, environment=environment, limit=most) for name in pipelines}
        return {
            name: [start_of(run) for run in runs if run.ended_at is None or run.ended_at >= since]
            for name, runs in newest.items()
        }

    def starts(self, pipeline: str, environment: str, *, limit: int) -> Sequence[Start]:
        """Return the attempts of a pipeline, newest first by start."""
        return [start_of(run) for run in self.runs(pipeline=pipeline, environment=environment, limit=limit)]

    def ended_before(self, moment: datetime, environment: str, *, within: timedelta, limit: int) -> Sequence[str]:
        """Return the pipelines of the runs that ended last by `moment`, the latest first."""
        ended = [
            (run.ended_at, run.pipeline)
            for run in self._read.runs.values()
            if run.environment == environment and run.ended_at and moment - within <= run.ended_at <= moment
        ]
        return [pipeline for _, pipeline in sorted(ended, reverse=True)[:limit]]

    def _newest_runs(self, wanted: Callable[[Run], bool]) -> list[Run]:
        return sorted(filter(wanted, self._read.runs.values()), key=lambda run: (run.started_at, run.id), reverse=True)

    def open_alert(self, fingerprint: str) -> Alert | None:
        """Return the one open alert with this fingerprint."""
        found = (alert for alert in self._read.alerts.values() if alert.open and alert.fingerprint == fingerprint)
        return next(found, None)

    def open_alerts(self, fingerprints: Collection[str]) -> Mapping[str, Alert]:
        """Return the open alerts with these fingerprints, by fingerprint."""
        found = (alert for alert in self._read.alerts.values() if alert.open)
        return {alert.fingerprint: alert for alert in found if alert.fingerprint in fingerprints}

    def last_alerts(self, fingerprints: Collection[str]) -> Mapping[str, Alert]:
        """Return the alerts with these fingerprints that were over last, by fingerprint."""
        closed = [one for one in self._read.alerts.values() if not one.open and one.fingerprint in fingerprints]
        return {one.fingerprint: one for one in sorted(closed, key=lambda one: (one.last_at, one.id))}

    def due_alerts(self, now: datetime, *, limit: int) -> Sequence[Alert]:
        """Return the alerts that have to be looked at by this time, longest due first."""
        due = sorted((at, alert_id) for alert_id, at in self._read.look_at.items() if at <= now)
        return [self._read.alerts[alert_id] for _, alert_id in due[:limit]]

    def plan_alerts(self, look_at: Mapping[str, datetime | None]) -> None:
        """Note when alerts have to be looked at next, by id; None for those that only an event can change."""
        for alert_id, at in look_at.items():
            self._write.look_at.pop(alert_id, None)
            if at is not None:
                self._write.look_at[alert_id] = at

    def plan_open_alerts(self, at: datetime) -> None:
        """Let all open alerts be looked at by this time."""
        self._write.look_at.update({alert.id: at for alert in self._read.alerts.values() if alert.open})

    def find_alerts(self, prefix: str) -> Sequence[Alert]:
        """Return the alerts whose id begins with `prefix`, newest first, at most `FOUND`."""
        found = [alert for alert in self._read.alerts.values() if alert.id.startswith(prefix)]
        return sorted(found, key=lambda alert: (alert.last_at, alert.id), reverse=True)[:FOUND]

    def save_alert(self, alert: Alert) -> None:
        """Insert or replace an alert, unless another with the same fingerprint is open."""
        other = self.open_alert(alert.fingerprint)
        if alert.open and other and other.id != alert.id:
            raise another_is_open(alert)
        self._write.alerts[alert.id] = alert

    def save_alerts(self, alerts: Sequence[Alert]) -> None:
        """Do as `save_alert` with each of them."""
        for alert in alerts:
            self.save_alert(alert)

    def alerts(
        self,
        *,
        open_only: bool = False,
        subject: str | None = None,
        environment: str | None = None,
        kind: Kind | None = None,
        severity: Severity | None = None,
        since: datetime | None = None,
        after: Position | None = None,
        limit: int = 50,
    ) -> Sequence[Alert]:
        """Return alerts, open ones first, then newest first by last finding."""
        found = [
            alert
            for alert in self._read.alerts.values()
            if (alert.open or not open_only)
            and subject in {None, alert.subject}
            and environment in {None, alert.environment}
            and kind in {None, alert.kind}
            and severity in {None, alert.severity}
            and (since is None or alert.last_at >= since)
            and (after is None or (alert.open, alert.last_at, alert.id) < (after.open, after.at, after.id))
        ]
        return sorted(found, key=lambda alert: (alert.open, alert.last_at, alert.id), reverse=True)[:limit]

    def told(self, alert_id: str, channel: str) -> Told | None:
        """Return the last notification about the alert that the channel got or will get; dead ones do not count."""
        heard = [
            one
            for one in self._read.notifications.values()
            if (one.alert_id, one.channel) == (alert_id, channel) and one.status in HEARD
        ]
        last = max(heard, key=_order, default=None)
        return Told(at=last.created_at, seq=last.seq, said=last.said, group_id=last.group_id) if last else None

    def add_notification(self, notification: Notification) -> bool:
        """Insert a notification, or count a repeated decision against telling; False if its id exists."""
        stored = self._write.notifications
        known = stored.setdefault(notification.id, notification)
        if known is notification:
            return True
        if known.status is notification.status is Status.NOT_TOLD:
            stored[notification.id] = replace(notification, times=known.times + 1)
        return False

    def add_notifications(self, notifications: Sequence[Notification]) -> None:
        """Do as `add_notification` with each of them."""
        for notification in notifications:
            self.add_notification(notification)

    def claim(
        self, *, owner: str, now: datetime, lease: timedelta, limit: int, channel: str | None = None
    ) -> Sequence[Notification]:
        """Lease due notifications, longest due first, and return them with their attempts counted."""
        stored = self._write.notifications
        due = [one for one in self._heads() if self._due(one) <= now and channel in {None, one.channel}]
        due.sort(key=lambda one: (one.due_at, one.created_at))
        for one in due[:limit]:
            stored[one.id] = replace(one, attempts=one.attempts + 1, lease_until=now + lease, lease_owner=owner)
        return [stored[one.id] for one in due[:limit]]

    def save_notification(self, notification: Notification, *, owner: str) -> bool:
        """Replace a notification that `owner` has claimed; False if it does not hold the lease any more."""
        known = self._write.notifications.get(notification.id)
        claim = (owner, notification.attempts)
        if known is None or known.lease_until is None or (known.lease_owner, known.attempts) != claim:
            return False
        self._write.notifications[notification.id] = notification
        return True

    def release(self, owner: str) -> None:
        """End all leases of a worker that is no more."""
        stored = self._write.notifications
        stored.update({one.id: replace(one, lease_until=None) for one in stored.values() if one.lease_owner == owner})

    def notification(self, notification_id: str) -> Notification | None:
        """Return the notification with exactly this id."""
        return self._read.notifications.get(notification_id)

    def notifications(
        self,
        *,
        alert_id: str | None = None,
        channel: str | None = None,
        status: str | None = None,
        after: Position | None = None,
        limit: int = 100,
    ) -> Sequence[Notification]:
        """Return notifications, newest first by `created_at`."""
        found = [
            one
            for one in self._read.notifications.values()
            if alert_id in {None, one.alert_id} and channel in {None, one.channel} and status in {None, one.status}
            if after is None or (one.created_at, one.id) < (after.at, after.id)
        ]
        return sorted(found, key=lambda one: (one.created_at, one.id), reverse=True)[:limit]

    def notifications_of(self, alert_ids: Collection[str], *, each: int) -> Mapping[str, Sequence[Notification]]:
        """Return the newest notifications about these alerts, at most `each` of one, newest first, by alert."""
        found = {alert_id: self.notifications(alert_id=alert_id, limit=each) for alert_id in alert_ids}
        return {alert_id: of_it for alert_id, of_it in found.items() if of_it}

    def next_due(self) -> datetime | None:
        """Return when `claim` or `due_groups` will next find something."""
        groups = (group.due_at for group in self._read.groups.values() if group.due_at is not None)
        return min((*map(self._due, self._heads()), *groups), default=None)

    def _heads(self) -> list[Notification]:
        """Return what waits on a channel that is not disabled and behind nothing else about the same alert."""
        first: dict[tuple[str, str], Notification] = {}
        waiting = [one for one in self._read.notifications.values() if one.status is Status.WAITING]
        for one in sorted(waiting, key=_order):
            first.setdefault((one.alert_id or f"plain {one.id}", one.channel), one)
        return [one for one in first.values() if self.channel_state(one.channel).disabled_at is None]

    def _due(self, one: Notification) -> datetime:
        moments = (one.due_at, one.lease_until, self.channel_state(one.channel).not_before)
        return max(moment for moment in moments if moment is not None)

    def add_delivery(self, delivery: Delivery) -> None:
        """Append one attempt to the delivery log."""
        self._write.deliveries.append(delivery)

    def deliveries(self, notification_id: str) -> Sequence[Delivery]:
        """Return the attempts for a notification, oldest first."""
        found = [one for one in self._read.deliveries if one.notification_id == notification_id]
        return sorted(found, key=lambda one: one.at)

    def deliveries_of(self, notification_ids: Collection[str]) -> Mapping[str, Sequence[Delivery]]:
        """Return the attempts for these notifications, oldest first, by notification."""
        return {name: found for name in notification_ids if (found := self.deliveries(name))}

    def last_deliveries(self, names: Collection[str], *, each: int) -> Mapping[str, Sequence[Delivery]]:
        """Return the newest attempts on each of these channels, at most `each` of one, newest first."""
        newest_first = sorted(self._read.deliveries, key=lambda one: one.at)[::-1]
        return {name: [one for one in newest_first if one.channel == name][:each] for name in names}

    def receipt(self, alert_id: str, channel: str) -> Receipt | None:
        """Return what the channel kept of its first message about the alert."""
        return self._read.receipts.get((alert_id, channel))

    def save_receipt(self, alert_id: str, channel: str, receipt: Receipt) -> None:
        """Keep what the channel needs to update its message about the alert."""
        self._write.receipts[alert_id, channel] = receipt

    def learned_orders(
        self, environment: str, *, upstreams: Collection[str] | None = None, downstreams: Collection[str] | None = None
    ) -> Sequence[LearnedOrder]:
        """Return what was learned of these pipelines as upstreams or as downstreams, by downstream and upstream."""
        here = (one for (_, where), orders in self._read.learned.items() if where == environment for one in orders)
        found = [
            one
            for one in here
            if (upstreams is None or one.upstream in upstreams)
            and (downstreams is None or one.downstream in downstreams)
        ]
        return sorted(found, key=lambda one: (one.downstream, one.upstream))

    def save_learned_orders(self, downstream: str, environment: str, orders: Sequence[LearnedOrder]) -> None:
        """Replace all that was learned about what a pipeline begins after."""
        self._write.learned[downstream, environment] = orders

    def series(self, pipeline: str, environment: str) -> Mapping[Key, Series]:
        """Return all series of a pipeline, by measure and item."""
        return self._read.series.get((pipeline, environment), {})

    def save_series(self, series: Sequence[Series]) -> None:
        """Insert or replace series."""
        for one in series:
            here = one.pipeline, one.environment
            self._write.series[here] = {**self._read.series.get(here, {}), one.key: one}

    def schema(self, pipeline: str, environment: str, name: str) -> SchemaVersion | None:
        """Return the newest known version of a schema of a pipeline."""
        return self._read.schemas.get((pipeline, environment, name))

    def schemas_of(self, pipeline: str, environment: str) -> Sequence[SchemaVersion]:
        """Return the newest known version of each schema of a pipeline, by name."""
        return [schema for key, schema in sorted(self._read.schemas.items()) if key[:2] == (pipeline, environment)]

    def save_schema(self, pipeline: str, environment: str, schema: SchemaVersion) -> None:
        """Insert or replace the version of a schema that is known."""
        self._write.schemas[pipeline, environment, schema.name] = schema

    def freshness(self, environment: str, *, pipeline: str | None = None) -> Sequence[Freshness]:
        """Return the tables that have to be fresh, of one pipeline or of all, in any order."""
        known = self._read.freshness.values()
        return [one for one in known if one.environment == environment and pipeline in {None, one.pipeline}]

    def save_freshness(self, tables: Sequence[Freshness]) -> None:
        """Insert or replace what is known of tables."""
        for one in tables:
            self._write.freshness[one.environment, one.pipeline, one.table] = one

    def drop_freshness(self, tables: Iterable[Freshness]) -> None:
        """Forget tables."""
        for one in tables:
            self._write.freshness.pop((one.environment, one.pipeline, one.table), None)

    def due_freshness(self, now: datetime, *, limit: int) -> Sequence[Freshness]:
        """Return the tables that have become stale by this time and were not found so, longest due first."""
        due = [(one.due_at, one) for one in self._read.freshness.values() if one.due_at is not None]
        return [one for at, one in sorted(due, key=lambda pair: pair[0]) if at <= now][:limit]

    def due(self, now: datetime) -> Due:
        """Return whether there is anything to do at this time."""
        return Due(
            events=bool(self.received(1)),
            tables=bool(self.due_freshness(now, limit=1)),
            silences=bool(self.silences_to_close(now)),
            alerts=bool(self.due_alerts(now, limit=1)),
        )

    def remember(self, name: str, value: str) -> None:
        """Keep a short text of the engine's own under a name."""
        self._write.notes[name] = value

    def recall(self, name: str) -> str | None:
        """Return what was kept under a name."""
        return self._read.notes.get(name)

    def channel_state(self, channel: str) -> ChannelState:
        """Return what is remembered of a channel; a fresh state for one that is not known."""
        return self._read.channels.get(channel, ChannelState(channel=channel))

    def save_channel_state(self, state: ChannelState) -> None:
        """Insert or replace what is remembered of a channel."""
        self._write.channels[state.channel] = state


def _order(one: Notification) -> tuple[int, datetime, str]:
    """Return what the notifications about one alert are sent by."""
    return one.seq, one.created_at, one.id
