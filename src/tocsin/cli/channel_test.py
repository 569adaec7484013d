"""A real message through a real channel, and what follows from the answer."""

from __future__ import annotations

import socket

import click

from tocsin.cli import workplace
from tocsin.cli.acting import login
from tocsin.cli.workplace import Workplace, open_engine
from tocsin.errors import DeliveryError


def try_channel(place: Workplace, name: str) -> None:
    """Send a test message and print the answer; a channel that was disabled and takes it is enabled again.

    Raises:
        NotFound: No channel has this name.
        ConfigError: The channel's settings cannot be used.
        DeliveryError: The receiver did not take the message.
        StoreError: The message arrived, but the channel cannot be enabled.
    """
    from tocsin.engine.channel_test import enable, find_channel, send_test
    from tocsin.engine.deliver import deliver

    configured = find_channel(place.config.channels, name)
    # Sent before the store is opened: whoever looks for a fault in a channel need not mend the store first.
    delivery = send_test(configured, by=f"{login()} on {socket.gethostname()}", clock=workplace.clock)
    said = " ".join(part for part in (str(delivery.status or ""), delivery.answer) if part)
    if not delivery.ok:
        raise DeliveryError(f"{name} did not take the message ({delivery.took_ms:,} ms): {said}", permanent=False)
    click.echo(f"{name} took the message in {delivery.took_ms:,} ms; its answer: {said or 'none'}")
    with open_engine(place) as engine:
        was_disabled = enable(engine, configured)
        sent = deliver(engine)
    if was_disabled is not None:
        click.echo(f"it was disabled ({was_disabled}) and is enabled again")
    if sent:
        click.echo(f"{sent} waiting message{'' if sent == 1 else 's'} sent")
