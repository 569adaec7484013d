"""What the store in memory holds, and one view of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

from tocsin.core.access import ApiKey, AuditEntry, Session, User
from tocsin.core.alert import Alert
from tocsin.core.check import CheckHistory
from tocsin.core.daily import Day
from tocsin.core.expectation import Expectation
from tocsin.core.freshness import Freshness
from tocsin.core.group import Group
from tocsin.core.inbox import Received
from tocsin.core.learned_order import LearnedOrder
from tocsin.core.outbox import ChannelState, Delivery, Notification, Receipt
from tocsin.core.run import Run
from tocsin.core.schema import SchemaVersion
from tocsin.core.series import Key, Series
from tocsin.core.silence import Silence
from tocsin.core.slot import Slot
from tocsin.store.refusal import read_only


@dataclass(frozen=True)
class State:
    """All that is stored. A state that was committed is never changed again."""

    events: dict[str, datetime] = field(default_factory=dict)
    runs: dict[str, Run] = field(default_factory=dict)
    alerts: dict[str, Alert] = field(default_factory=dict)
    silences: dict[str, Silence] = field(default_factory=dict)
    notifications: dict[str, Notification] = field(default_factory=dict)
    look_at: dict[str, datetime] = field(default_factory=dict)
    groups: dict[str, Group] = field(default_factory=dict)
    deliveries: list[Delivery] = field(default_factory=list)
    receipts: dict[tuple[str, str], Receipt] = field(default_factory=dict)
    channels: dict[str, ChannelState] = field(default_factory=dict)
    expectations: dict[tuple[str, str], Expectation] = field(default_factory=dict)
    slots: dict[str, Slot] = field(default_factory=dict)
    checks: dict[str, datetime] = field(default_factory=dict)
    learned: dict[tuple[str, str], Sequence[LearnedOrder]] = field(default_factory=dict)
    series: dict[tuple[str, str], dict[Key, Series]] = field(default_factory=dict)
    check_histories: dict[tuple[str, str, str], CheckHistory] = field(default_factory=dict)
    schemas: dict[tuple[str, str, str], SchemaVersion] = field(default_factory=dict)
    freshness: dict[tuple[str, str, str], Freshness] = field(default_factory=dict)
    days: dict[tuple[str, str, date], Day] = field(default_factory=dict)
    notes: dict[str, str] = field(default_factory=dict)
    inbox: dict[int, Received] = field(default_factory=dict)
    #: Why what was received cannot be used.
    refused: dict[int, str] = field(default_factory=dict)
    api_keys: dict[str, ApiKey] = field(default_factory=dict)
    users: dict[str, User] = field(default_factory=dict)
    sessions: dict[str, Session] = field(default_factory=dict)
    audit: list[AuditEntry] = field(default_factory=list)

    def copy(self) -> State:
        """Return a state that can be changed apart from this one."""
        return State(**{name: value.copy() for name, value in vars(self).items()})


class Part:
    """A part of a transaction on one state."""

    def __init__(self, state: State, *, writable: bool) -> None:
        """Work on `state`, which the store commits or throws away."""
        self._read = state
        self._writable = writable

    @property
    def _write(self) -> State:
        if not self._writable:
            raise read_only()
        return self._read
