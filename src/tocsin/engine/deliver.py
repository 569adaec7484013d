"""Messages out: lease a row of the outbox, send it, record what came of it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TypeAlias

from tocsin.channels.base import Outgoing
from tocsin.core.outbox import ChannelState, Notification, Receipt, Status
from tocsin.core.retry import FALL_BACK_AFTER, GIVE_UP_AFTER
from tocsin.engine.attempt import hand_over
from tocsin.engine.engine import Engine
from tocsin.engine.groups import tell_groups
from tocsin.engine.settle import bury, settle
from tocsin.store.protocol import Transaction

#: Longer than the slowest channel may take, so that a row is sent by two workers only when one has died or frozen.
LEASE = timedelta(seconds=60)
#: Between a lease and the hand-over there are milliseconds, or some seconds on a machine that swaps.
_STANDSTILL = timedelta(seconds=5)
#: Seconds that one hand-over may take where nobody waits for it.
_LONGEST = 15.0
#: Seconds between two looks at what is due and cannot be sent here.
_BREATH = 0.2
#: Waiting messages that are looked through for their channels.
_SEEN = 1000
_Settling: TypeAlias = Callable[[Transaction], None]


def deliver(engine: Engine, *, patience: timedelta = timedelta(0), deadline: datetime | None = None) -> int:
    """Send what is due, each channel in its own thread so that a slow one holds up nobody.

    Args:
        engine: Whose outbox to empty.
        patience: How long to wait for messages that become due: retries, and the receivers' rate limits.
        deadline: Nothing is begun after it, and no receiver is waited for beyond it; None where nobody waits for us.

    Returns:
        How many messages were accepted.

    Raises:
        StoreError: The store cannot be read or written.
    """
    until = min(engine.clock() + patience, deadline or datetime.max.replace(tzinfo=UTC))
    give_channels_another_chance(engine)
    sent = 0
    while True:
        # With a deadline nobody may be there when a group would be due.
        tell_groups(engine, at_once=deadline is not None)
        results = _send_all_due(engine, deadline)
        sent += sum(results)
        with engine.store.reading() as tx:
            due = tx.next_due()
        now = engine.clock()
        if due is None or due > max(now, until) or (now >= until and not results):
            return sent
        if due > now or not results:
            time.sleep(max((due - now).total_seconds(), _BREATH))


def _send_all_due(engine: Engine, deadline: datetime | None) -> list[bool]:
    """Send on all channels that have something due; return for each try whether it was accepted."""
    names = channels_to_serve(engine)
    if len(names) == 1:
        return send_on(engine, names[0], deadline)
    results: list[bool] = []
    faults: list[Exception] = []

    def work(name: str) -> None:
        try:
            results.extend(send_on(engine, name, deadline))
        except Exception as error:  # noqa: BLE001  # it is raised below, where it can be caught
            faults.append(error)

    threads = []
    for name in names:
        thread = threading.Thread(target=work, args=(name,), name=f"tocsin-{name}")
        try:
            thread.start()
        except RuntimeError:
            # An interpreter that shuts down starts no threads any more.
            work(name)
        else:
            threads.append(thread)
    for thread in threads:
        thread.join()
    if faults:
        raise faults[0]
    return results


def channels_to_serve(engine: Engine) -> list[str]:
    """Return the channels that something waits for.

    Programs with different settings may share a store, so a channel that is not known here may be known to another
    engine. Only when that did not send for so long that others have to be told, the channel counts as gone.
    """
    now = engine.clock()
    with engine.store.reading() as tx:
        waiting = tx.notifications(status=Status.WAITING, limit=_SEEN)
        found = {
            one.channel
            for one in waiting
            if one.channel in engine.outlets or now - one.created_at >= FALL_BACK_AFTER[one.severity]
        }
        if len(waiting) == _SEEN:
            # So much waits for one channel that what waits for another may not be among it.
            others = engine.outlets.keys() - found
            found |= {name for name in others if tx.notifications(status=Status.WAITING, channel=name, limit=1)}
    return sorted(found)


def send_on(engine: Engine, channel: str, deadline: datetime | None = None) -> list[bool]:
    """Send everything that is due on one channel, one by one and in order; return for each whether it was accepted.

    What came of one message is written together with the lease of the next, so that each costs one wait for the disk.

    Raises:
        StoreError: The store cannot be read or written.
    """
    results: list[bool] = []
    came_of_last: _Settling | None = None
    while True:
        go_on = not engine.stopping.is_set() and (deadline is None or engine.clock() < deadline)
        if came_of_last is None and not go_on:
            return results
        leased = engine.together.write(partial(_next, engine, channel, came_of_last, go_on=go_on))
        if leased is None:
            return results
        came_of_last, accepted = _send_one(engine, *leased, deadline)
        results.append(accepted)


def _next(
    engine: Engine, channel: str, came_of_last: _Settling | None, tx: Transaction, *, go_on: bool
) -> tuple[Notification, Receipt | None] | None:
    """Write what came of the last message and lease the next, with what the channel kept of the first one."""
    if came_of_last is not None:
        came_of_last(tx)
    now = engine.clock()
    claimed = tx.claim(owner=engine.worker, now=now, lease=LEASE, limit=1, channel=channel) if go_on else ()
    if not claimed:
        return None
    one = claimed[0]
    _keep_rate(engine, tx, one, now)
    return one, tx.receipt(one.alert_id, one.channel) if one.alert_id else None


def _keep_rate(engine: Engine, tx: Transaction, leased: Notification, now: datetime) -> None:
    """Let nobody send on the channel before the receiver's interval is over, whatever becomes of this message.

    What came of it moves that moment once more; but one who freezes or dies while sending has nothing to say.
    """
    configured = engine.outlets.get(leased.channel)
    if configured is not None and configured.channel.min_interval and not _is_stale(leased, now):
        pause = timedelta(seconds=configured.channel.min_interval)
        tx.save_channel_state(replace(tx.channel_state(leased.channel), not_before=now + pause))


def _send_one(
    engine: Engine, notification: Notification, previous: Receipt | None, deadline: datetime | None
) -> tuple[_Settling, bool]:
    configured = engine.outlets.get(notification.channel)
    if configured is None or notification.message is None:
        why = f"no channel is called {notification.channel!r} any more"
        return lambda tx: bury(engine, tx, notification, why), False
    if _is_stale(notification, engine.clock()):
        return lambda tx: bury(engine, tx, notification, "it is no news any more"), False
    if notification.lease_until is None or engine.clock() - (notification.lease_until - LEASE) >= _STANDSTILL:
        # The process stood still meanwhile, and others may be sending on this channel at this moment.
        return lambda tx: _give_back(engine, tx, notification), False
    outgoing = Outgoing(
        key=notification.id,
        message=notification.message,
        plain=notification.plain,
        only=notification.only,
        previous=previous,
        budget=_LONGEST if deadline is None else min(_LONGEST, (deadline - engine.clock()).total_seconds()),
    )
    attempt = hand_over(configured, outgoing, engine.clock)
    return lambda tx: settle(engine, tx, configured, notification, attempt), attempt.delivery.ok


def _is_stale(notification: Notification, now: datetime) -> bool:
    """Whether it tells of a run so long ago that it is no news: a receiver that takes few could not take them all."""
    return notification.reason.about_run and now - notification.created_at >= GIVE_UP_AFTER


def _give_back(engine: Engine, tx: Transaction, notification: Notification) -> None:
    tx.save_notification(replace(notification, lease_until=None), owner=engine.worker)


def give_channels_another_chance(engine: Engine) -> None:
    """Enable channels whose settings have changed since they were disabled."""
    for name, configured in engine.outlets.items():
        with engine.store.reading() as tx:
            state = tx.channel_state(name)
        if state.disabled_at is not None and state.settings_hash != configured.settings_hash:
            with engine.store.writing() as tx:
                tx.save_channel_state(ChannelState(channel=name, settings_hash=configured.settings_hash))
