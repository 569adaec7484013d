"""What came of a try to hand a message over: the message, its channel and the alert about it move on."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import datetime, timedelta

from tocsin.core.finding import Finding, Kind, Topic
from tocsin.core.outbox import ChannelState, Notification, Receipt, Status
from tocsin.core.retry import Next, Refusal, Verdict, after_refusal, rest_until
from tocsin.core.severity import Severity
from tocsin.engine.attempt import Attempt
from tocsin.engine.engine import ConfiguredChannel, Engine
from tocsin.engine.evaluate import advance_alert
from tocsin.engine.fallback import notify_fallback
from tocsin.errors import DeliveryError
from tocsin.store.protocol import Transaction

#: How often a message is offered again to recipients who could not take it where others did (mail servers that see a
#: sender for the first time refuse for 5 minutes and more), and for how long: later news for all of them waits.
_OFFER_AGAIN, _WAIT_FOR_ALL = timedelta(minutes=5), timedelta(minutes=30)


def settle(
    engine: Engine, tx: Transaction, configured: ConfiguredChannel, notification: Notification, attempt: Attempt
) -> None:
    """Record a try and do what follows from it."""
    tx.add_delivery(attempt.delivery)
    if isinstance(attempt.result, Receipt):
        _accepted(engine, tx, configured, notification, attempt.result)
    else:
        _refused(engine, tx, configured, notification, attempt.result)


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
    if disabled or tx.open_alert(finding.fingerprint) is None:
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


def bury(engine: Engine, tx: Transaction, notification: Notification, why: str) -> None:
    """Give a message up that cannot be sent, and let others tell it."""
    dead = replace(notification, status=Status.DEAD, lease_until=None, last_error=why)
    if tx.save_notification(dead, owner=engine.worker):
        _tell_others(engine, tx, notification)


def _tell_others(engine: Engine, tx: Transaction, failed: Notification) -> None:
    """Let other channels say what one could not; that a run has begun or ended is no news for them."""
    if not failed.reason.about_run:
        notify_fallback(engine, tx, failed)


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
