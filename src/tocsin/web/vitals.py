"""Whether Tocsin itself is well: what `/metrics` tells Prometheus and `/system` tells people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from tocsin.core.figures import Waiting
from tocsin.documents.channels import ChannelView, channel_views
from tocsin.engine.engine import Engine
from tocsin.engine.expected import looked_last
from tocsin.store.protocol import Transaction


@dataclass(frozen=True, kw_only=True)
class Vitals:
    """What the store knows of the engine at work."""

    #: The messages that wait, by channel; channels that nothing waits for are missing.
    waiting: Mapping[str, Waiting]
    channels: Sequence[ChannelView]
    #: Events that wait to be taken in, and since when the oldest does.
    backlog: tuple[int, datetime | None]
    #: When an engine looked last at what is due.
    looked_at: datetime | None

    @property
    def outlets(self) -> list[str]:
        """The configured channels and those that something still waits for, by name."""
        return sorted({view.name for view in self.channels} | self.waiting.keys())

    def lag(self, now: datetime) -> timedelta | None:
        """Return how long ago an engine looked; None where none ever did."""
        return max(now - self.looked_at, timedelta(0)) if self.looked_at is not None else None


def read_vitals(engine: Engine, tx: Transaction) -> Vitals:
    """Return how the engine is, as of one moment.

    Args:
        engine: Whose channels are configured.
        tx: A view of its store.
    """
    return Vitals(
        waiting=tx.waiting(), channels=channel_views(engine, tx), backlog=tx.backlog(), looked_at=looked_last(tx)
    )


def spooled(engine: Engine) -> tuple[int, int]:
    """Return how many events wait in the spool of this machine, and how many files in it are no events."""
    return engine.spool.waiting(), len(engine.spool.set_aside())
