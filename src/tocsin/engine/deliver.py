"""Messages out: lease a row of the outbox, send it, record what came of it."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

from tocsin.channels.base import Outgoing
from tocsin.core.finding import Finding, Kind, Severity, Topic
from tocsin.core.outbox import ChannelState, Delivery, Notification, Receipt, Status
from tocsin.core.retry import Next, Refusal, Verdict, after_refusal, rest_until
from tocsin.engine.engine import ConfiguredChannel, Engine
from tocsin.engine.evaluate import advance_alert
from tocsin.engine.notify import notify_fallback
from tocsin.errors import DeliveryError
from tocsin.store.protocol import Transaction

#: Longer than the slowest channel may take, so that a row is sent by two workers only when one has died or frozen.
LEASE = timedelta(seconds=60)


def deliver(engine: Engine, *, patience: timedelta = timedelta(0)) -> int:
    """Send what is due, each channel in its own thread so that a slow one holds up nobody.

    Args:
        engine: Whose outbox to empty.
        patience: How long to wait for messages that become due: retries, and the receivers' rate limits.

    Returns:
        How many messages were accepted.

    Raises:
        StoreError: The store cannot be read or written.
    """
    until = engine.clock() + patience
    _give_channels_another_chance(engine)
    sent = 0
    while True:
        sent += _send_all_due(engine)
        with engine.store.reading() as tx:
            due = tx.next_due()
        if due is None or due > until or engine.clock() >= until:
            return sent
        time.sleep(max((min(due, until) - engine.clock()).total_seconds(), 0.01))


def send_now(configured: ConfiguredChannel, outgoing: Outgoing, clock: Callable[[], datetime]) -> Delivery:
    """Send one message past the outbox, for tests of a channel, and return the receiver's answer."""
    began, started = clock(), time.monotonic()
    try:
        receipt = configured.channel.send(outgoing)
    except DeliveryError as error:
        answer = " ".join(part for part in (str(error), error.hint) if part)
        return _record(outgoing.key, configured, began, started, ok=False, status=error.status, answer=answer)
    return _record(outgoing.key, configured, began, started, ok=True, status=receipt.status, answer=receipt.answer)


def _send_all_due(engine: Engine) -> int:
    """Send on all channels that have something due; return how many messages were accepted."""
    with engine.store.reading() as tx:
        waiting = {n.channel for n in tx.notifications(status=Status.WAITING, limit=1000)}
    names = sorted(waiting)
    if len(names) == 1:
        return _send_on(engine, names[0])
    sent: list[int] = []
    threads = [threading.Thread(target=lambda name=name: sent.append(_send_on(engine, name))) for name in names]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(sent)


def _send_on(engine: Engine, channel: str) -> int:
    """Send everything that is due on one channel, one by one and in order."""
    sent = 0
    while True:
        with engine.store.writing() as tx:
            claimed = tx.claim(owner=engine.worker, now=engine.clock(), lease=LEASE, limit=1, channel=channel)
        if not claimed:
            return sent
        sent += _send_one(engine, claimed[0])


def _send_one(engine: Engine, notification: Notification) -> bool:
    configured = engine.channels.get(notification.channel)
    if configured is None or notification.message is None:
        with engine.store.writing() as tx:
            _bury(engine, tx, notification, f"no channel is called {notification.channel!r} any more")
        return False
    with engine.store.reading() as tx:
        previous = tx.receipt(notification.alert_id, notification.channel) if notification.alert_id else None
    outgoing = Outgoing(key=notification.id, message=notification.message, plain=notification.plain, previous=previous)
    began, started = engine.clock(), time.monotonic()
    try:
        receipt = configured.channel.send(outgoing)
    except Exception as error:  # noqa: BLE001  # a fault in one channel must not stop the others
        refused = error if isinstance(error, DeliveryError) else _fault(error)
        delivery = _record(
            notification.id, configured, began, started, ok=False, status=refused.status, answer=str(refused)
        )
        with engine.store.writing() as tx:
            tx.add_delivery(delivery)
            _refused(engine, tx, configured, notification, refused)
        return False
    delivery = _record(
        notification.id, configured, began, started, ok=True, status=receipt.status, answer=receipt.answer
    )
    with engine.store.writing() as tx:
        tx.add_delivery(delivery)
        _accepted(engine, tx, configured, notification, receipt)
    return True


def _accepted(
    engine: Engine, tx: Transaction, configured: ConfiguredChannel, notification: Notification, receipt: Receipt
) -> None:
    now = engine.clock()
    tx.save_notification(
        replace(notification, status=Status.SENT, lease_until=None, last_error=""), owner=engine.worker
    )
    if notification.alert_id is not None and receipt.reference:
        tx.save_receipt(notification.alert_id, notification.channel, receipt)
    pause = timedelta(seconds=configured.channel.min_interval)
    tx.save_channel_state(
        ChannelState(
            channel=notification.channel,
            settings_hash=configured.settings_hash,
            last_ok_at=now,
            not_before=now + pause if pause else None,
        )
    )
    finding = _about_channel(notification.channel, now, kind=Kind.RECOVERED, summary="it accepts messages again")
    advance_alert(engine, tx, finding)


def _refused(
    engine: Engine, tx: Transaction, configured: ConfiguredChannel, notification: Notification, error: DeliveryError
) -> None:
    now = engine.clock()
    refusal = Refusal(permanent=error.permanent, payload=error.payload, retry_after=error.retry_after)
    verdict = after_refusal(notification, refusal, now, random.random())  # noqa: S311  # jitter, not a secret
    failed = replace(notification, lease_until=None, last_error=str(error))
    match verdict.next:
        case Next.RETRY | Next.RETRY_PLAIN:
            plain = notification.plain or verdict.next is Next.RETRY_PLAIN
            tx.save_notification(replace(failed, due_at=verdict.at or now, plain=plain), owner=engine.worker)
            if verdict.fall_back:
                notify_fallback(engine, tx, notification)
        case Next.DISABLE | Next.GIVE_UP:
            _bury(engine, tx, failed, str(error))
    _remember_failure(tx, configured, error, verdict, now)
    if verdict.fall_back or verdict.next is Next.DISABLE:
        why = f"{error}" + (f" {error.hint}" if error.hint else "")
        finding = _about_channel(notification.channel, now, kind=Kind.CHANNEL, summary=why)
        advance_alert(engine, tx, finding)


def _remember_failure(
    tx: Transaction, configured: ConfiguredChannel, error: DeliveryError, verdict: Verdict, now: datetime
) -> None:
    state = tx.channel_state(configured.config.name)
    if error.payload:
        # The receiver is well: it read the message and refused it.
        return
    failures = state.failures_in_a_row + 1
    rests = [rest_until(failures, now), verdict.at if error.retry_after is not None else None]
    disabled = verdict.next is Next.DISABLE
    tx.save_channel_state(
        replace(
            state,
            settings_hash=configured.settings_hash,
            failures_in_a_row=failures,
            not_before=max((rest for rest in rests if rest is not None), default=state.not_before),
            disabled_at=now if disabled else state.disabled_at,
            disabled_because=str(error) if disabled else state.disabled_because,
        )
    )


def _bury(engine: Engine, tx: Transaction, notification: Notification, why: str) -> None:
    tx.save_notification(
        replace(notification, status=Status.DEAD, lease_until=None, last_error=why), owner=engine.worker
    )
    notify_fallback(engine, tx, notification)


def _give_channels_another_chance(engine: Engine) -> None:
    """Enable channels whose settings have changed since they were disabled."""
    for name, configured in engine.channels.items():
        with engine.store.reading() as tx:
            state = tx.channel_state(name)
        if state.disabled_at is not None and state.settings_hash != configured.settings_hash:
            with engine.store.writing() as tx:
                tx.save_channel_state(ChannelState(channel=name, settings_hash=configured.settings_hash))


def _about_channel(channel: str, now: datetime, *, kind: Kind, summary: str) -> Finding:
    return Finding(
        kind=kind,
        topic=Topic.CHANNEL,
        subject=channel,
        environment="",
        severity=Severity.ERROR,
        at=now,
        summary=summary,
        hint=f"Try it with: tocsin channel test {channel}" if kind is Kind.CHANNEL else "",
        reason_key=kind.value,
    )


def _fault(error: Exception) -> DeliveryError:
    return DeliveryError(f"the channel itself failed: {type(error).__name__}: {error}", permanent=True, payload=True)


def _record(
    key: str,
    configured: ConfiguredChannel,
    began: datetime,
    started: float,
    *,
    ok: bool,
    status: int | None,
    answer: str,
) -> Delivery:
    return Delivery(
        notification_id=key,
        channel=configured.config.name,
        at=began,
        took_ms=round((time.monotonic() - started) * 1000),
        ok=ok,
        status=status,
        answer=answer[:500],
    )
