"""What waits to be sent, what was sent, and what is known about the channel that sends it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from tocsin.core.message import Message
from tocsin.core.notify import Reason
from tocsin.core.severity import Severity


class Status(StrEnum):
    """Where a notification is on its way."""

    WAITING = "waiting"
    SENT = "sent"
    #: Told, or about to be told, in a message of its group.
    GROUPED = "grouped"
    #: Given up: too old, or refused for good. A fallback has been told instead, where there is one.
    DEAD = "dead"
    #: Decided against; kept so that "why was I not told" has an answer.
    NOT_TOLD = "not told"


#: The states of what a channel was told, or is about to be.
HEARD = frozenset({Status.WAITING, Status.SENT, Status.GROUPED})


@dataclass(frozen=True, kw_only=True)
class Notification:
    """The decision to tell one channel something, with the reason, and its way to the receiver."""

    #: The same for every try of the same decision: the idempotency key that receivers see.
    id: str
    channel: str
    reason: Reason
    #: None where the decision was against telling, and where the message of a group tells it.
    message: Message | None
    created_at: datetime
    status: Status = Status.WAITING
    severity: Severity = Severity.INFO
    #: The alert, or the group of alerts, that it is about.
    alert_id: str | None = None
    #: The alert's `seq`; messages of one alert reach one channel in this order.
    seq: int = 0
    #: What it says of the alert: see `notify.saying`.
    said: str = ""
    #: What muted it, where that has a name: "silence 3f2a of ann: the warehouse is moved".
    because: str = ""
    #: The group that tells it, and the number of the group's message; None and 0 for a message of its own.
    group_id: str | None = None
    group_seq: int = 0
    #: Not to be tried before this moment.
    due_at: datetime
    attempts: int = 0
    #: How often the same decision was taken; more than 1 only for NOT_TOLD.
    times: int = 1
    #: Send as plain text: the receiver refused the rich form.
    plain: bool = False
    #: The recipients that still wait for it, after others have got it; empty where nobody has.
    only: tuple[str, ...] = ()
    #: Until then one worker owns the row; afterwards anybody may take it.
    lease_until: datetime | None = None
    lease_owner: str | None = None
    last_error: str = ""


@dataclass(frozen=True, kw_only=True)
class Delivery:
    """One attempt to send a notification, with the receiver's answer."""

    notification_id: str
    channel: str
    at: datetime
    #: Milliseconds from the call to the answer.
    took_ms: int
    ok: bool
    #: HTTP or SMTP status; None where no answer came.
    status: int | None = None
    #: The beginning of the answer, or the error.
    answer: str = ""


@dataclass(frozen=True, kw_only=True)
class ChannelState:
    """What the engine remembers of a channel between messages."""

    channel: str
    #: Hash of the channel's settings; when it changes, a disabled channel gets another chance.
    settings_hash: str = ""
    failures_in_a_row: int = 0
    #: Nothing is sent before this moment: the receiver's rate limit, or a pause after failures.
    not_before: datetime | None = None
    disabled_at: datetime | None = None
    disabled_because: str = ""
    last_ok_at: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class Receipt:
    """What a channel knows about a message after it was accepted."""

    #: What the channel needs to update or answer its own message later, for example Slack's `ts`.
    reference: Mapping[str, str] = field(default_factory=dict)
    status: int | None = None
    #: The beginning of the receiver's answer.
    answer: str = ""
    #: False where the receiver has no use for such a message, and nothing was sent.
    sent: bool = True
    #: Seconds for which the receiver wants nothing more.
    pause: float = 0.0
    #: Recipients that could not take the message for now, where others have it: it is offered to these again.
    again: tuple[str, ...] = ()
