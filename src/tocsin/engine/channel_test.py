"""A real message through a real channel, and what follows from the answer."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from tocsin.channels.base import Outgoing
from tocsin.config.model import ChannelConfig
from tocsin.core.access import COMMAND_LINE, Action, AuditEntry
from tocsin.core.finding import Topic
from tocsin.core.message import Fact, Facts, Message, Paragraph, Tone
from tocsin.core.notify import Reason
from tocsin.core.outbox import ChannelState, Delivery, Notification, Status
from tocsin.core.words import listing
from tocsin.engine.act import resolve_alert
from tocsin.engine.attempt import hand_over
from tocsin.engine.clock import Clock
from tocsin.engine.engine import ConfiguredChannel, Engine
from tocsin.engine.opening import make_channels
from tocsin.errors import ConfigError, NotFound


@dataclass(frozen=True, kw_only=True)
class Tested:
    """What came of a test message."""

    delivery: Delivery
    #: Why the channel was disabled until now; None where it was not.
    was_disabled: str | None = None


def try_channel(engine: Engine, name: str, *, by: str, origin: str = COMMAND_LINE) -> Tested:
    """Send a test message; a channel that was disabled and takes it is enabled again.

    Args:
        engine: Whose channels and store to use.
        name: Of the channel.
        by: Who asks for it.
        origin: From where, for the audit trail.

    Raises:
        NotFound: No channel has this name.
        ConfigError: The channel's settings cannot be used.
        StoreError: The message was sent, but what came of it cannot be written.
    """
    configured = find_channel(engine.all_channels, name)
    message = _message(name, by, engine.clock())
    delivery = _send(configured, message, engine.clock)
    entry = AuditEntry(
        at=delivery.at, actor=by, origin=origin, action=Action.TEST_CHANNEL, subject=name, detail=delivery.answer
    )
    with engine.store.writing() as tx:
        tx.add_audit([entry])
        tx.add_notification(_sent(message, delivery))
        tx.add_delivery(delivery)
    return Tested(delivery=delivery, was_disabled=enable(engine, configured) if delivery.ok else None)


def find_channel(channels: Sequence[ChannelConfig], name: str) -> ConfiguredChannel:
    """Return the channel with this name, ready to send; errors are those of `try_channel`."""
    named = [channel for channel in channels if channel.name == name]
    if not named:
        names = listing([channel.name for channel in channels], most=10)
        there_is = f"there are: {names}" if names else "none is configured: tocsin init"
        raise NotFound(f"no channel is called {name!r}; {there_is}")
    made, problems = make_channels(named)
    if name not in made:
        raise ConfigError("\n".join(map(str, problems)))
    return made[name]


def send_test(configured: ConfiguredChannel, *, by: str, clock: Clock) -> Delivery:
    """Send a test message and return the receiver's answer; the store is not needed for it."""
    return _send(configured, _message(configured.config.name, by, clock()), clock)


def enable(engine: Engine, configured: ConfiguredChannel) -> str | None:
    """Note that a test message arrived: alerts about the channel are over, and what waits for it and its feeds is due.

    Returns:
        Why it was disabled until now; None where it was not.

    Raises:
        StoreError: The store cannot be written.
    """
    name = configured.config.name
    with engine.store.writing() as tx:
        names = engine.outlets_of(name)
        before = [tx.channel_state(each) for each in names]
        for each in names:
            # Nothing was sent on the feeds, but nothing holds them back either.
            at = engine.clock() if each == name else None
            tx.save_channel_state(ChannelState(channel=each, settings_hash=configured.settings_hash, last_ok_at=at))
        about = [alert for each in names for alert in tx.alerts(open_only=True, subject=each)]
        alerts = [alert for alert in about if alert.topic is Topic.CHANNEL]
    for alert in alerts:
        resolve_alert(engine, alert.id, by="a test message that arrived")
    return next((state.disabled_because for state in before if state.disabled_at is not None), None)


def _send(configured: ConfiguredChannel, message: Message, clock: Clock) -> Delivery:
    return hand_over(configured, Outgoing(key=str(uuid.uuid4()), message=message), clock).delivery


def _sent(message: Message, delivery: Delivery) -> Notification:
    """Return the test as the log of deliveries keeps it, beside the messages that somebody needed."""
    return Notification(
        id=delivery.notification_id,
        channel=delivery.channel,
        reason=Reason.TEST,
        message=message,
        created_at=delivery.at,
        due_at=delivery.at,
        status=Status.SENT if delivery.ok else Status.DEAD,
        attempts=1,
        last_error="" if delivery.ok else delivery.answer,
    )


def _message(name: str, by: str, now: datetime) -> Message:
    return Message(
        title="Test message from Tocsin",
        tone=Tone.INFO,
        blocks=(
            Paragraph(text=f"Alerts that go to the channel {name} will reach you here."),
            Facts(items=(Fact(label="Sent by", value=by),)),
        ),
        footer=f"Tocsin · tocsin channel test {name}",
        at=now,
    )
