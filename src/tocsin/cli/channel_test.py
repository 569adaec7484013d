"""A real message through a real channel, and what follows from the answer."""

from __future__ import annotations

import socket
import uuid
from datetime import datetime
from typing import TYPE_CHECKING

import click

from tocsin.cli import workplace
from tocsin.cli.acting import login
from tocsin.cli.workplace import Workplace, open_engine
from tocsin.core.finding import Topic
from tocsin.core.message import Fact, Facts, Message, Paragraph, Tone
from tocsin.core.outbox import ChannelState
from tocsin.core.words import listing
from tocsin.errors import ConfigError, DeliveryError, NotFound

if TYPE_CHECKING:
    from tocsin.engine.engine import ConfiguredChannel


def try_channel(place: Workplace, name: str) -> None:
    """Send a test message and print the answer; a channel that was disabled and takes it is enabled again.

    Raises:
        NotFound: No channel has this name.
        ConfigError: The channel's settings cannot be used.
        DeliveryError: The receiver did not take the message.
        StoreError: The message arrived, but the channel cannot be enabled.
    """
    from tocsin.channels.base import Outgoing
    from tocsin.engine.attempt import hand_over

    configured = _configured(place, name)
    outgoing = Outgoing(key=str(uuid.uuid4()), message=_message(name, workplace.clock()))
    # Sent before the store is opened: whoever looks for a fault in a channel need not mend the store first.
    delivery = hand_over(configured, outgoing, workplace.clock).delivery
    said = " ".join(part for part in (str(delivery.status or ""), delivery.answer) if part)
    if not delivery.ok:
        raise DeliveryError(f"{name} did not take the message ({delivery.took_ms:,} ms): {said}", permanent=False)
    click.echo(f"{name} took the message in {delivery.took_ms:,} ms; its answer: {said or 'none'}")
    _enable(place, configured)


def _configured(place: Workplace, name: str) -> ConfiguredChannel:
    from tocsin.engine.opening import make_channels

    named = [channel for channel in place.config.channels if channel.name == name]
    if not named:
        names = listing([channel.name for channel in place.config.channels], most=10)
        there_is = f"there are: {names}" if names else "none is configured: tocsin init"
        raise NotFound(f"no channel is called {name!r}; {there_is}")
    channels, problems = make_channels(named)
    if name not in channels:
        raise ConfigError("\n".join(map(str, problems)))
    return channels[name]


def _message(name: str, now: datetime) -> Message:
    return Message(
        title="Test message from Tocsin",
        tone=Tone.INFO,
        blocks=(
            Paragraph(text=f"Alerts that go to the channel {name} will reach you here."),
            Facts(items=(Fact(label="Sent by", value=f"{login()} on {socket.gethostname()}"),)),
        ),
        footer=f"Tocsin · tocsin channel test {name}",
        at=now,
    )


def _enable(place: Workplace, configured: ConfiguredChannel) -> None:
    """Note the success; what the channel and its feeds missed is sent, and their own alerts are over."""
    from tocsin.engine.act import resolve_alert
    from tocsin.engine.deliver import deliver

    name = configured.config.name
    with open_engine(place) as engine:
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
        sent = deliver(engine)
    if was := next((state for state in before if state.disabled_at is not None), None):
        click.echo(f"it was disabled ({was.disabled_because}) and is enabled again")
    if sent:
        click.echo(f"{sent} waiting message{'' if sent == 1 else 's'} sent")
