"""Whether the configured channels work, as far as is known without sending anything."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from tocsin.core.phrases import ago, stamp
from tocsin.core.words import count
from tocsin.documents.whole import whole
from tocsin.engine.engine import Engine
from tocsin.store.protocol import Transaction

#: A shorter pause is the pace of the receiver and nothing to tell.
_PACE = timedelta(seconds=5)


class Health(StrEnum):
    """How a channel is."""

    OK = "ok"
    NOT_TRIED = "not tried"
    FAILING = "failing"
    #: Nothing is sent for a while: the receiver asked for it, or too much went wrong in a row.
    PAUSED = "paused"
    #: The receiver refuses us.
    DISABLED = "disabled"
    #: Its settings are wrong.
    UNUSABLE = "unusable"


@dataclass(frozen=True, kw_only=True)
class ChannelView:
    """One configured channel."""

    name: str
    type: str
    #: The file or vault that it comes from.
    origin: str
    state: Health
    #: Why it is in that state, in words; may be empty.
    why: str = ""
    last_ok_at: datetime | None = None
    #: Messages that wait for it.
    waiting: int = 0

    @property
    def works(self) -> bool:
        """Whether a message would be tried on it."""
        return self.state not in {Health.DISABLED, Health.UNUSABLE}

    def document(self) -> dict[str, object]:
        """Return the channel with every field."""
        return whole(self)


def channel_views(engine: Engine, tx: Transaction) -> Sequence[ChannelView]:
    """Return all configured channels, those that cannot be used included, and after each what it hears of runs.

    Args:
        engine: The engine that was opened for them.
        tx: A view of its store.
    """
    waiting = tx.waiting()
    views = []
    for channel in engine.all_channels:
        for name in engine.outlets_of(channel.name):
            state, why, last_ok_at = _state(name, engine, tx)
            views.append(
                ChannelView(
                    name=name,
                    type=channel.type,
                    origin=channel.origin,
                    state=state,
                    why=why,
                    last_ok_at=last_ok_at,
                    waiting=waiting[name].count if name in waiting else 0,
                )
            )
    return views


def _state(name: str, engine: Engine, tx: Transaction) -> tuple[Health, str, datetime | None]:
    known, now = tx.channel_state(name), engine.clock()
    configured = engine.outlets.get(name)
    if configured is None:
        remedies = [p.remedy for p in engine.problems if p.key == f"tocsin.channels.{name}"]
        return Health.UNUSABLE, "; ".join(remedies), known.last_ok_at
    # New settings are another chance, which the next delivery gives.
    if known.disabled_at is not None and known.settings_hash == configured.settings_hash:
        return Health.DISABLED, f"{ago(known.disabled_at, now)}: {known.disabled_because}", known.last_ok_at
    failures = f"{count(known.failures_in_a_row, 'failure')} in a row"
    if known.not_before is not None and known.not_before - now > _PACE:
        return Health.PAUSED, f"until {stamp(known.not_before)} UTC, {failures}", known.last_ok_at
    if known.failures_in_a_row:
        return Health.FAILING, failures, known.last_ok_at
    return (Health.OK if known.last_ok_at else Health.NOT_TRIED), "", known.last_ok_at
