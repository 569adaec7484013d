"""Where the tools work, and for whom."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from dataclasses import dataclass

from tocsin.engine.engine import Engine
from tocsin.store.protocol import Transaction


@dataclass(frozen=True, kw_only=True)
class Desk:
    """What the command line has, for the tools."""

    #: Opens the engine for one call: a server lives for days, and holds nothing meanwhile.
    open: Callable[[], AbstractContextManager[Engine]]
    #: Tells what is wrong with Tocsin itself, in sentences.
    notices: Callable[[Engine, Transaction], Iterable[str]]
    #: In whose name acts are done.
    actor: str
