"""Who handles what a process reports: an engine of its own, or a server that is told."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Protocol

from tocsin.config.model import Config
from tocsin.core.event import Event
from tocsin.core.run import Process

if TYPE_CHECKING:
    # See embedded.py.
    from tocsin.engine.sentinel import Sentinel


class Handler(Protocol):
    """Works for one process, beside it or inside it."""

    @property
    def look_every(self) -> float:
        """Seconds between two calls of `run` for which nothing else gives a reason."""

    def run(
        self,
        in_hand: Sequence[Event] = (),
        *,
        patience: timedelta = timedelta(0),
        budget: timedelta | None = None,
    ) -> None:
        """Handle what waits in the spool, and `in_hand`; see `Embedded.run`."""

    def has_news(self) -> bool:
        """Whether something waits that nobody calls for."""

    def complaint(self) -> str:
        """Return what the user of the process has to know, once; else an empty text."""

    def tidy(self) -> None:
        """Do what nobody waits for, once all is told."""

    def close(self) -> None:
        """Let go of what is held."""


def open_handler(config: Config, *, process: Process, sentinel: Sentinel | None = None) -> Handler:
    """Return the handler that is configured; only its own half of the house is imported."""
    if config.server is not None:
        from tocsin.engine.remote import Remote

        return Remote(config, process=process, sentinel=sentinel)
    from tocsin.engine.embedded import Embedded

    return Embedded(config, process=process, sentinel=sentinel)
