"""The contract between the engine and a channel."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Protocol

from tocsin.core.feed import Feed
from tocsin.core.message import Message
from tocsin.core.outbox import Receipt


@dataclass(frozen=True, kw_only=True)
class Outgoing:
    """One message on its way through one channel."""

    #: Stable over all tries: receivers that know idempotency keys get it as theirs.
    key: str
    message: Message
    #: Use the plainest form: the receiver refused the rich one.
    plain: bool = False
    #: The recipients that still wait for it, after others have got it; empty where all of them do.
    only: tuple[str, ...] = ()
    #: What this channel kept of its first message about the same alert, or None.
    previous: Receipt | None = None
    #: Seconds that the hand-over may take in all; less in the process of a pipeline, which cannot wait.
    budget: float = 15.0


@dataclass(frozen=True, kw_only=True)
class Field:
    """One setting of a channel; docs, `init` and the error messages are made of it."""

    name: str
    help: str
    #: Belongs into secrets.toml or the environment.
    secret: bool = False
    required: bool = False
    default: str | None = None
    example: str = ""
    #: The only values allowed, or empty for free text.
    choices: tuple[str, ...] = ()
    #: An address that begins with https:// or http://.
    url: bool = False


class Channel(Protocol):
    """Hands messages to one receiver.

    A channel is made of its checked settings, holds no state between messages and never retries: it returns a
    Receipt, or it raises DeliveryError and the engine does what the error's fields say.
    """

    #: The `type = "…"` in the configuration.
    type: ClassVar[str]
    #: One line for lists and docs.
    summary: ClassVar[str]
    fields: ClassVar[tuple[Field, ...]]
    #: Seconds between two messages that the receiver is known to accept.
    min_interval: ClassVar[float]
    #: How to set it up on the receiver's side, and what its limits are; Markdown for the channel's page in the docs.
    #: It stands under a heading of the second level, so its own begin with `###`. Indentation is taken off.
    setup: ClassVar[str] = ""
    #: Whether many alerts may come as one message. Receivers that keep alerts of their own want each by itself.
    grouped: ClassVar[bool] = True
    #: Whether the receiver keeps what it is sent open until it is told of the end: no place for passing remarks.
    keeps_open: ClassVar[bool] = False

    def __init__(self, settings: Mapping[str, str]) -> None:
        """Take settings that have been checked against `fields`; defaults are filled in."""

    @classmethod
    def problems(cls, settings: Mapping[str, str]) -> list[str]:  # noqa: ARG003
        """Return what is wrong with the settings together, in sentences; a channel that has such rules says so here."""
        return []

    def feeds(self) -> tuple[Feed, ...]:
        """Return what it wants to hear of every run, beside alerts.

        The news come as messages whose `data` is a `News`. Each feed has a queue and pauses of its own, so that no
        alert waits behind it.
        """
        return ()

    def send(self, outgoing: Outgoing) -> Receipt:
        """Hand the message over.

        Raises:
            DeliveryError: It was not accepted, or nobody knows whether it was.
        """
