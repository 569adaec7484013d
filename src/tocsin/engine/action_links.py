"""The links by which whoever reads a message can act on its alert without a login."""

from __future__ import annotations

import secrets
from dataclasses import replace
from datetime import datetime, timedelta

from tocsin.core.access import Action
from tocsin.core.action_link import KEY_BYTES, ActionLink, read_token, sign
from tocsin.core.alert import Alert, State
from tocsin.core.message import Message
from tocsin.core.run import Link
from tocsin.core.words import moment
from tocsin.engine.engine import Engine
from tocsin.store.protocol import Transaction

#: For how long a link acts, and how long its snooze lasts.
LASTS, SNOOZED_FOR = timedelta(days=7), timedelta(hours=2)
#: Under this name the store keeps the key of the signatures.
_KEY = "key of action links"
_LABELS = {Action.ACKNOWLEDGE: "Acknowledge", Action.SNOOZE: "Snooze 2 h"}


def add_links(engine: Engine, tx: Transaction, message: Message, alert: Alert, channel: str) -> Message:
    """Return a message with links to the page of its alert and to what can be done about it.

    Without a public address there are none, nor in a makeshift, whose key nobody else would know.
    """
    address = engine.config.public_url
    if not address or engine.makeshift_for is not None:
        return message
    links = [*message.links, Link(label="Open in Tocsin", url=f"{address}/alerts/{alert.id}")]
    if alert.state is State.FIRING:
        key, lapses_at = _key_made_once(tx), engine.clock() + LASTS
        for action, label in _LABELS.items():
            link = ActionLink(action=action, alert_id=alert.id, channel=channel, lapses_at=lapses_at)
            links.append(Link(label=label, url=f"{address}/act/{sign(link, key)}"))
    return replace(message, links=tuple(links))


def read_link(tx: Transaction, token: str) -> ActionLink | None:
    """Return what a link does; None for one that was not made here."""
    key = tx.recall(_KEY)
    return read_token(token, bytes.fromhex(key)) if key is not None else None


def why_not(link: ActionLink, alert: Alert, now: datetime) -> str:
    """Return why a link does nothing any more, in a sentence; empty if it acts."""
    if not alert.open:
        return f"The alert is over: {alert.resolution}."
    if alert.state is State.ACKNOWLEDGED:
        return f"It is acknowledged by {alert.acknowledged_by} already."
    if link.action is Action.SNOOZE and alert.snoozed_until is not None and now < alert.snoozed_until:
        return f"It is snoozed by {alert.snoozed_by} until {moment(alert.snoozed_until)} already."
    if now >= link.lapses_at:
        return f"The link lapsed on {moment(link.lapses_at)}: links in messages act for {LASTS.days} days."
    return ""


def _key_made_once(tx: Transaction) -> bytes:
    """Return the key; a transaction that writes excludes all others, so that no two are made."""
    if (known := tx.recall(_KEY)) is not None:
        return bytes.fromhex(known)
    key = secrets.token_bytes(KEY_BYTES)
    tx.remember(_KEY, key.hex())
    return key
