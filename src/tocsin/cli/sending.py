"""What commands do and say where reports go to a server."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import click

from tocsin.cli import workplace
from tocsin.config.model import Config
from tocsin.core.event import Event
from tocsin.core.inbox import AGREE
from tocsin.core.phrases import ago
from tocsin.core.words import count, duration
from tocsin.engine.server_client import Said
from tocsin.engine.uplink import Uplink
from tocsin.errors import ConfigError

#: Seconds that a question to the server may take.
_PATIENCE = 5.0


def open_uplink(config: Config) -> Uplink:
    """Return what sends to the configured server.

    Raises:
        ConfigError: None is configured.
    """
    if config.server is None:
        msg = "no server is configured: set server in [tocsin] or TOCSIN__SERVER; without one, tocsin tick takes in"
        raise ConfigError(f"{msg} what waits")
    return Uplink(config, clock=workplace.clock)


def report(config: Config, events: Sequence[Event]) -> None:
    """Send events to the configured server; where it does not take them they wait in the spool, and that is said.

    Raises:
        SpoolError: The spool cannot be written.
    """
    uplink = open_uplink(config)
    for event in events:
        uplink.spool.put(event, durable=True)
    if complaint := uplink.complaint(uplink.send()):
        click.echo(complaint, err=True)
    uplink.close()


def about_waiting(uplink: Uplink) -> str:
    """Return what waits for the server and why; an empty text where nothing does."""
    waiting = uplink.spool.waiting()
    state, now = uplink.state, workplace.clock()
    if not waiting:
        return ""
    because = f", since {ago(state.since, now)}: {state.trouble}" if state.trouble and state.since else ""
    verb = "waits" if waiting == 1 else "wait"
    return f"{count(waiting, 'event')} {verb} to be sent to {uplink.config.server}{because}: tocsin drain"


def ask(uplink: Uplink) -> tuple[bool, str]:
    """Send no events: return whether the server answers and takes the key, and what was found."""
    reply = uplink.client.send([], ahead=timedelta(0), budget=_PATIENCE)
    server = uplink.config.server
    if reply.said is not Said.TAKEN:
        return False, reply.why
    text = f"{server} answers and takes the key"
    ahead = reply.clock.correction(workplace.clock()) if reply.clock is not None else timedelta(0)
    if abs(ahead) >= AGREE:
        way = "ahead of" if ahead > timedelta(0) else "behind"
        text += f"; the clock here is {duration(abs(ahead))} {way} that of the server, which corrects it"
    return True, text
