"""Messages out: lease a row of the outbox, send it, record what came of it."""

from __future__ import annotations

import logging
import random
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from tocsin.channels.base import Outgoing
from tocsin.core.alert import fingerprint
from tocsin.core.finding import Finding, Kind, Topic
from tocsin.core.notify import Reason
from tocsin.core.outbox import ChannelState, Delivery, Notification, Receipt, Status
from tocsin.core.retry import FALL_BACK_AFTER, Next, Refusal, Verdict, after_refusal, rest_until
from tocsin.core.severity import Severity
from tocsin.engine.engine import ConfiguredChannel, Engine
from tocsin.engine.evaluate import advance_alert
from tocsin.engine.fallback import notify_fallback
from tocsin.engine.groups import tell_groups
from tocsin.errors import DeliveryError
from tocsin.store.protocol import Transaction

#: Longer than the slowest channel may take, so that a row is sent by two workers only when one has died or frozen.
LEASE = timedelta(seconds=60)
#: Seconds that one hand-over may take where nobody waits for it.
_LONGEST = 15.0
#: Seconds between two looks at what is due and cannot be sent here.
_BREATH = 0.2
#: How often a message is offered again to recipients who could not take it where others did (mail servers that see a
#: sender for the first time refuse for 5 minutes and more), and for how long: later news for all of them waits.
_OFFER_AGAIN, _WAIT_FOR_ALL = timedelta(minutes=5), timedelta(minutes=30)
_log = logging.getLogger("tocsin")


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


def send_now(configured: ConfiguredChannel, outgoing: Outgoing, clock: Callable[[], datetime]) -> Delivery:
    """Send one message past the outbox, for tests of a channel, and return the receiver's answer."""
    began, started = clock(), time.monotonic()
    try:
        receipt = configured.channel.send(outgoing)
    except DeliveryError as error:
        return _record(outgoing.key, configured, began, started, ok=False, status=error.status, answer=_said(error))
    return _record(outgoing.key, configured, began, started, ok=True, status=receipt.status, answer=receipt.answer)


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
        waiting = tx.notifications(status=Status.WAITING, limit=1000)
    return sorted(
        {
            one.channel
            for one in waiting
            if one.channel in engine.outlets or now - one.created_at >= FALL_BACK_AFTER[one.severity]
        }
    )


def send_on(engine: Engine, channel: str, deadline: datetime | None = None) -> list[bool]:
    """Send everything that is due on one channel, one by one and in order; return for each whether it was accepted.

    Raises:
        StoreError: The store cannot be read or written.
    """
    results: list[bool] = []
    while not engine.stopping.is_set() and (deadline is None or engine.clock() < deadline):
        with engine.store.writing() as tx:
            claimed = tx.claim(owner=engine.worker, now=engine.clock(), lease=LEASE, limit=1, channel=channel)
        if not claimed:
            break
        results.append(_send_one(engine, claimed[0], deadline))
    return results


def _send_one(engine: Engine, notification: Notification, deadline: datetime | None) -> bool:
    configured = engine.outlets.get(notification.channel)
    if configured is None or notification.message is None:
        with engine.store.writing() as tx:
            _bury(engine, tx, notification, f"no channel is called {notification.channel!r} any more")
        return False
    with engine.store.reading() as tx:
        previous = tx.receipt(notification.alert_id, notification.channel) if notification.alert_id else None
    began, started = engine.clock(), time.monotonic()
    outgoing = Outgoing(
        key=notification.id,
        message=notification.message,
        plain=notification.plain,
        only=notification.only,
        previous=previous,
        budget=_LONGEST if deadline is None else min(_LONGEST, (deadline - began).total_seconds()),
    )
    try:
        receipt = configured.channel.send(outgoing)
    except Exception as error:  # noqa: BLE001  # a fault in one channel must not stop the others
        refused = error if isinstance(error, DeliveryError) else _fault(error)
        delivery = _record(
            notification.id, configured, began, started, ok=False, status=refused.status, answer=_said(refused)
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
    accepted = replace(notification, status=Status.SENT, lease_until=None, last_error="")
    if receipt.again and now - notification.created_at < _WAIT_FOR_ALL:
        accepted = replace(accepted, status=Status.WAITING, due_at=now + _OFFER_AGAIN, only=receipt.again)
    tx.save_notification(accepted, owner=engine.worker)
    if notification.alert_id is not None and receipt.reference:
        tx.save_receipt(notification.alert_id, notification.channel, receipt)
    if not receipt.sent:
        # The receiver was not asked, so nothing is known of how it is.
        return
    pause = timedelta(seconds=max(configured.channel.min_interval, receipt.pause))
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
            failed = replace(failed, due_at=verdict.at or now, plain=plain)
        case Next.GIVE_UP:
            failed = replace(failed, status=Status.DEAD)
        case Next.DISABLE:
            # It waits with all others until the channel is mended.
            pass
    if not tx.save_notification(failed, owner=engine.worker):
        # We were so slow that another worker took over, and what it did stands.
        return
    _remember_failure(tx, configured, error, verdict, now)
    if verdict.fall_back:
        _tell_others(engine, tx, notification)
        _alert_about(engine, tx, notification.channel, now, error, disabled=verdict.next is Next.DISABLE)


def _alert_about(
    engine: Engine, tx: Transaction, channel: str, now: datetime, error: DeliveryError, *, disabled: bool
) -> None:
    """Open the alert about a channel, or say in the open one that the channel is disabled now.

    Further failed tries are no news: two channels that tell of each other would go on forever.
    """
    why = f"{error}" + (f"; {error.hint}" if error.hint else "")
    finding = _about_channel(channel, now, kind=Kind.CHANNEL, summary=why, reason="disabled" if disabled else "failing")
    if disabled or tx.open_alert(fingerprint(finding.topic, finding.environment, finding.subject)) is None:
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
    dead = replace(notification, status=Status.DEAD, lease_until=None, last_error=why)
    if tx.save_notification(dead, owner=engine.worker):
        _tell_others(engine, tx, notification)


def _tell_others(engine: Engine, tx: Transaction, failed: Notification) -> None:
    """Let other channels say what one could not; that a run has begun or ended is no news for them."""
    if failed.reason not in {Reason.RUN_STARTED, Reason.RUN_ENDED}:
        notify_fallback(engine, tx, failed)


def give_channels_another_chance(engine: Engine) -> None:
    """Enable channels whose settings have changed since they were disabled."""
    for name, configured in engine.outlets.items():
        with engine.store.reading() as tx:
            state = tx.channel_state(name)
        if state.disabled_at is not None and state.settings_hash != configured.settings_hash:
            with engine.store.writing() as tx:
                tx.save_channel_state(ChannelState(channel=name, settings_hash=configured.settings_hash))


def _about_channel(channel: str, now: datetime, *, kind: Kind, summary: str, reason: str = "") -> Finding:
    return Finding(
        kind=kind,
        topic=Topic.CHANNEL,
        subject=channel,
        environment="",
        severity=Severity.ERROR,
        at=now,
        summary=summary,
        # A feed is tested with its channel.
        hint=f"Try it with: tocsin channel test {channel.partition('/')[0]}" if kind is Kind.CHANNEL else "",
        reason_key=reason,
    )


def _fault(error: Exception) -> DeliveryError:
    # The text of an error that nobody foresaw may hold an address, and other channels are told of this.
    _log.debug("details", exc_info=error)
    return DeliveryError(f"the channel itself failed with {type(error).__name__}", permanent=True, payload=True)


def _said(error: DeliveryError) -> str:
    """Return all that is known of a failed attempt, for the delivery log."""
    return "; ".join(part for part in (str(error), error.answer, error.hint) if part)


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
