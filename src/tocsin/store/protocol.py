"""What the engine asks of a store, in the words of the domain. Every store keeps the same promises.

The contract suite in `tests/contract` runs against every implementation. Texts are kept as they are, NUL and lone
surrogates included; times come back as the same moment, to the microsecond.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime, timedelta
from typing import Protocol

from tocsin.core.alert import Alert
from tocsin.core.attribution import Start
from tocsin.core.check import CheckHistory
from tocsin.core.due import Due
from tocsin.core.expectation import Expectation
from tocsin.core.finding import Kind
from tocsin.core.freshness import Freshness
from tocsin.core.group import Group, Member
from tocsin.core.inbox import Received
from tocsin.core.learned_order import LearnedOrder
from tocsin.core.notify import Told
from tocsin.core.outbox import ChannelState, Delivery, Notification, Receipt
from tocsin.core.position import Position
from tocsin.core.run import Outcome, Run
from tocsin.core.schema import SchemaVersion
from tocsin.core.series import Key, Series
from tocsin.core.severity import Severity
from tocsin.core.silence import Silence
from tocsin.core.slot import Slot
from tocsin.store.access_protocol import AccessTransaction
from tocsin.store.figures_protocol import FiguresTransaction
from tocsin.store.fleet_protocol import FleetTransaction

#: How many facts the beginning of an id finds at most.
FOUND = 10


class Transaction(FleetTransaction, AccessTransaction, FiguresTransaction, Protocol):
    """One unit of work: everything in it becomes durable together, or nothing does."""

    # Events

    def remember_events(self, event_ids: Collection[str], now: datetime) -> Collection[str]:
        """Note that events were taken in; return those that had not been before."""

    # Runs

    def run(self, run_id: str) -> Run | None:
        """Return the run with exactly this id."""

    def runs_of(self, run_ids: Collection[str]) -> Mapping[str, Run]:
        """Return the runs with exactly these ids, by their ids."""

    def find_runs(self, prefix: str) -> Sequence[Run]:
        """Return the runs whose id begins with `prefix`, newest first, at most `FOUND`."""

    def save_run(self, run: Run) -> None:
        """Insert or replace a run."""

    def save_runs(self, changed: Sequence[Run]) -> None:
        """Do as `save_run` with each of them."""

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
        """Return runs, newest first by start, from the next one after `after` on; `before` is exclusive."""

    def starts_of(
        self, pipelines: Collection[str], environment: str, *, since: datetime, most: int
    ) -> Mapping[str, Sequence[Start]]:
        """Return the attempts of these pipelines that go on or ended at `since` or later, in any order.

        Only the newest attempts of each pipeline are looked at, at most `most`.
        """

    def starts(self, pipeline: str, environment: str, *, limit: int) -> Sequence[Start]:
        """Return the attempts of a pipeline, newest first by start."""

    def ended_before(self, moment: datetime, environment: str, *, within: timedelta, limit: int) -> Sequence[str]:
        """Return the pipelines of the runs that ended last by `moment`, and not longer before it, the latest first.

        So many runs are looked at, and a pipeline is named once for each of them.
        """

    # Alerts

    def open_alert(self, fingerprint: str) -> Alert | None:
        """Return the one open alert with this fingerprint."""

    def open_alerts(self, fingerprints: Collection[str]) -> Mapping[str, Alert]:
        """Return the open alerts with these fingerprints, by fingerprint."""

    def last_alerts(self, fingerprints: Collection[str]) -> Mapping[str, Alert]:
        """Return the alerts with these fingerprints that were over last, by fingerprint."""

    def due_alerts(self, now: datetime, *, limit: int) -> Sequence[Alert]:
        """Return the alerts that have to be looked at by this time, longest due first: see `plan_alerts`."""

    def plan_alerts(self, look_at: Mapping[str, datetime | None]) -> None:
        """Note when alerts have to be looked at next, by id; None for those that only an event can change."""

    def plan_open_alerts(self, at: datetime) -> None:
        """Let all open alerts be looked at by this time."""

    def find_alerts(self, prefix: str) -> Sequence[Alert]:
        """Return the alerts whose id begins with `prefix`, newest first, at most `FOUND`."""

    def save_alert(self, alert: Alert) -> None:
        """Insert or replace an alert; when it has to be looked at stays as it is.

        Raises:
            StoreError: Another alert with the same fingerprint is open.
        """

    def save_alerts(self, alerts: Sequence[Alert]) -> None:
        """Do as `save_alert` with each of them."""

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
        """Return alerts, open ones first, then newest first by last finding, of which none is before `since`.

        They begin with the next one after `after`.
        """

    # Silences

    def save_silence(self, silence: Silence) -> None:
        """Insert or replace a silence."""

    def silences(self, now: datetime) -> Sequence[Silence]:
        """Return the silences that are not over, pending ones included, those that end last first."""

    def all_silences(self, *, after: Position | None = None, limit: int) -> Sequence[Silence]:
        """Return silences, those that are over included, those that end last first, from after `after` on."""

    def find_silences(self, prefix: str) -> Sequence[Silence]:
        """Return the silences whose id begins with `prefix`, those that end last first, at most `FOUND`."""

    def silences_to_close(self, now: datetime) -> Sequence[Silence]:
        """Return the silences whose end has come but was not noticed (`closed_at`), longest over first."""

    # The outbox

    def told(self, alert_id: str, channel: str) -> Told | None:
        """Return the last notification about the alert that the channel got or will get; dead ones do not count.

        The last is the one with the highest `seq`, then the latest `created_at`, which becomes `Told.at`.
        """

    def add_notification(self, notification: Notification) -> bool:
        """Insert a notification; False if its id exists.

        For status NOT_TOLD an existing row counts the repetition in `times` and takes the new time.
        """

    def add_notifications(self, notifications: Sequence[Notification]) -> None:
        """Do as `add_notification` with each of them."""

    def claim(
        self, *, owner: str, now: datetime, lease: timedelta, limit: int, channel: str | None = None
    ) -> Sequence[Notification]:
        """Lease due notifications, longest due first, and return them with their attempts counted.

        A notification is due when it waits, its `due_at` has come, no lease runs, its channel is neither disabled nor
        paused, and no earlier notification about the same alert waits for the same channel.

        Args:
            owner: Name of the worker, for people and for `save_notification`.
            now: The present, aware.
            lease: For how long nobody else gets these notifications.
            limit: The most to return.
            channel: Only what goes through this channel.
        """

    def save_notification(self, notification: Notification, *, owner: str) -> bool:
        """Replace a notification that `owner` has claimed; with `lease_until` None its lease ends.

        The count of attempts tells one claim from the next and is not to be changed. False, and nothing is saved, if
        this claim is over: its result was saved, or the worker was so slow that the notification was claimed again.
        What came of the later claim stands. A lease that has expired but was claimed by nobody still counts.
        """

    def release(self, owner: str) -> None:
        """End all leases of a worker that is no more: what it was sending is due for others, with the same key."""

    def notification(self, notification_id: str) -> Notification | None:
        """Return the notification with exactly this id."""

    def notifications(
        self,
        *,
        alert_id: str | None = None,
        channel: str | None = None,
        status: str | None = None,
        after: Position | None = None,
        limit: int = 100,
    ) -> Sequence[Notification]:
        """Return notifications, newest first by `created_at`, from the next one after `after` on."""

    def notifications_of(self, alert_ids: Collection[str], *, each: int) -> Mapping[str, Sequence[Notification]]:
        """Return the newest notifications about these alerts, at most `each` of one, newest first, by alert."""

    def next_due(self) -> datetime | None:
        """Return when `claim` or `due_groups` will next find something; None while nothing waits where it can be sent.

        Leases, paused channels and notifications that wait for an earlier one are taken into account, so nobody
        wakes for nothing. May lie in the past.
        """

    def add_delivery(self, delivery: Delivery) -> None:
        """Append one attempt to the delivery log."""

    def deliveries(self, notification_id: str) -> Sequence[Delivery]:
        """Return the attempts for a notification, oldest first."""

    def deliveries_of(self, notification_ids: Collection[str]) -> Mapping[str, Sequence[Delivery]]:
        """Return the attempts for these notifications, oldest first, by notification; some have none."""

    def last_deliveries(self, names: Collection[str], *, each: int) -> Mapping[str, Sequence[Delivery]]:
        """Return the newest attempts on each of these channels, at most `each` of one, newest first."""

    def receipt(self, alert_id: str, channel: str) -> Receipt | None:
        """Return what the channel kept of its first message about the alert."""

    def save_receipt(self, alert_id: str, channel: str, receipt: Receipt) -> None:
        """Keep what the channel needs to update its message about the alert."""

    # Groups

    def count_told(self, channel: str, *, since: datetime, most: int) -> int:
        """Return how many problems a channel was told of, or is about to be, after `since`; counting ends at `most`."""

    def open_group(self, key: str) -> Group | None:
        """Return the one open group with this key."""

    def group(self, group_id: str) -> Group | None:
        """Return the group with exactly this id."""

    def find_groups(self, prefix: str) -> Sequence[Group]:
        """Return the groups whose id begins with `prefix`, newest first, at most `FOUND`."""

    def groups(self, *, after: Position | None = None, limit: int) -> Sequence[Group]:
        """Return groups, newest first by `opened_at`, from the next one after `after` on."""

    def save_group(self, group: Group) -> None:
        """Insert or replace a group.

        Raises:
            StoreError: Another group with the same key is open.
        """

    def due_groups(self, now: datetime) -> Sequence[Group]:
        """Return the groups whose next message is due by this time, longest due first."""

    def members(self, group_id: str, *, over: bool = True) -> Sequence[Member]:
        """Return the problems that a group has told or is about to tell, in any order.

        With `over` False those are left out that are over and of which that was told.
        """

    # Channels

    def channel_state(self, channel: str) -> ChannelState:
        """Return what is remembered of a channel; a fresh state for one that is not known."""

    def save_channel_state(self, state: ChannelState) -> None:
        """Insert or replace what is remembered of a channel."""

    # What is expected

    def expectation(self, pipeline: str, environment: str) -> Expectation | None:
        """Return what is expected of a pipeline."""

    def expectations(self, environment: str, *, after: str = "", limit: int) -> Sequence[Expectation]:
        """Return what is expected of pipelines, by their names, beginning after this name."""

    def expectations_of(self, pipelines: Collection[tuple[str, str]]) -> Mapping[tuple[str, str], Expectation]:
        """Return what is expected of these pipelines and environments; some have none."""

    def save_expectations(self, expectations: Sequence[Expectation]) -> None:
        """Insert or replace what is expected of pipelines."""

    def drop_expectation(self, pipeline: str, environment: str) -> None:
        """Expect nothing of a pipeline any more; its slots stay as they are."""

    def due_expectations(self, now: datetime, *, limit: int) -> Sequence[Expectation]:
        """Return the expectations whose next slot has come, longest due first."""

    def next_slot_at(self) -> datetime | None:
        """Return when the next slot of all has to be computed or looked at."""

    def slots(
        self,
        pipeline: str,
        environment: str,
        *,
        unresolved: bool = False,
        before: datetime | None = None,
        limit: int = 100,
    ) -> Sequence[Slot]:
        """Return the slots of a pipeline, newest first by the time at which they are due; `before` is exclusive."""

    def slots_of(
        self, pipelines: Collection[str], environment: str, *, since: datetime, least: int
    ) -> Mapping[str, Sequence[Slot]]:
        """Return the slots of these pipelines from the last one on that is due before `since`, in their order.

        Earlier ones are added until there are `least` of a pipeline. A pipeline that nothing is expected of any more is
        missing.
        """

    def save_slots(self, slots: Sequence[Slot], *, check_at: Mapping[str, datetime]) -> None:
        """Insert or replace slots.

        Args:
            slots: What to save.
            check_at: When each has to be looked at next, by its id; one that is not named is left alone.
        """

    def due_slots(self, now: datetime, *, limit: int) -> Sequence[Slot]:
        """Return the slots that have to be looked at, longest due first."""

    # The order that was learned

    def learned_orders(
        self, environment: str, *, upstreams: Collection[str] | None = None, downstreams: Collection[str] | None = None
    ) -> Sequence[LearnedOrder]:
        """Return what was learned of these pipelines as upstreams or as downstreams, by downstream and upstream."""

    def save_learned_orders(self, downstream: str, environment: str, orders: Sequence[LearnedOrder]) -> None:
        """Replace all that was learned about what a pipeline begins after."""

    # What runs have brought

    def series(self, pipeline: str, environment: str) -> Mapping[Key, Series]:
        """Return all series of a pipeline, by measure and item."""

    def save_series(self, series: Sequence[Series]) -> None:
        """Insert or replace series."""

    # Checks

    def check_history(self, pipeline: str, environment: str, check: str) -> CheckHistory:
        """Return the last results of a check, by its name; an empty history where there is none."""

    def check_histories(self, pipeline: str, environment: str) -> Sequence[CheckHistory]:
        """Return the last results of each check of a pipeline, by the names of the checks."""

    def save_check_history(self, history: CheckHistory) -> None:
        """Insert or replace the last results of a check."""

    # Schemas

    def schema(self, pipeline: str, environment: str, name: str) -> SchemaVersion | None:
        """Return the newest known version of a schema of a pipeline."""

    def schemas_of(self, pipeline: str, environment: str) -> Sequence[SchemaVersion]:
        """Return the newest known version of each schema of a pipeline, by name."""

    def save_schema(self, pipeline: str, environment: str, schema: SchemaVersion) -> None:
        """Insert or replace the version of a schema that is known."""

    # The age of tables

    def freshness(self, environment: str, *, pipeline: str | None = None) -> Sequence[Freshness]:
        """Return the tables that have to be fresh, of one pipeline or of all, in any order."""

    def save_freshness(self, tables: Sequence[Freshness]) -> None:
        """Insert or replace what is known of tables."""

    def drop_freshness(self, tables: Iterable[Freshness]) -> None:
        """Forget tables."""

    def due_freshness(self, now: datetime, *, limit: int) -> Sequence[Freshness]:
        """Return the tables that have become stale by this time and were not found so, longest due first."""

    # What a server was given and has not looked at yet

    def receive(self, received: Sequence[Received]) -> int:
        """Append events and return how many are new; of those with one id the first that came is kept."""

    def received(self, limit: int) -> Sequence[Received]:
        """Return what waits, in the order in which it came."""

    def drop_received(self, numbers: Collection[int]) -> None:
        """Remove what was taken in."""

    def refuse_received(self, number: int, why: str) -> None:
        """Keep an event that cannot be used, with the reason; it waits no longer."""

    def refused(self, *, limit: int) -> Sequence[tuple[str, str]]:
        """Return the ids of events that could not be used and why, the latest first."""

    def backlog(self) -> tuple[int, datetime | None]:
        """Return how many events wait, and when the one that waits for longest came."""

    # The engine itself

    def due(self, now: datetime) -> Due:
        """Return whether there is anything to do at this time."""

    def remember(self, name: str, value: str) -> None:
        """Keep a short text of the engine's own under a name."""

    def recall(self, name: str) -> str | None:
        """Return what was kept under a name."""


class Store(Protocol):
    """A place that keeps runs, alerts and the outbox."""

    #: How the store is named to people; without credentials.
    url: str

    def writing(self) -> AbstractContextManager[Transaction]:
        """Open a transaction that excludes other writers from its first statement; commits at the end.

        Raises:
            StoreLocked: Other writers did not let go in time.
            StoreError: The store cannot be written.
        """

    def appending(self) -> AbstractContextManager[Transaction]:
        """Open a transaction that is only for `receive`, and that excludes nobody where the database can do so.

        Raises:
            StoreLocked: Other writers did not let go in time.
            StoreError: The store cannot be written.
        """

    def reading(self) -> AbstractContextManager[Transaction]:
        """Open a view of what is committed at its first read; it waits for no writer, and none waits for it.

        Raises:
            StoreError: The store cannot be read, or something was to be changed through the view.
        """

    def close(self) -> None:
        """Let go of files and connections."""
