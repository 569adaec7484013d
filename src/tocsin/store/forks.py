"""Connections that must not be carried over a fork."""

from __future__ import annotations

import os
from typing import Protocol
from weakref import WeakSet


class Closable(Protocol):
    """What opens connections by itself when it is used again."""

    def close(self) -> None:
        """Close all connections that are not in use."""


_OPENED: WeakSet[Closable] = WeakSet()


def close_before_forks(store: Closable) -> None:
    """Close a store, for as long as it lives, whenever this process is about to fork.

    SQLite remembers in the process which locks it holds on a file. A child with that memory, but without the locks,
    loses what it writes, through a new connection too: https://sqlite.org/howtocorrupt.html, 2.6. A connection to a
    server has one stream of bytes, which two processes would mix up.
    """
    _OPENED.add(store)


def _close_all() -> None:
    for store in list(_OPENED):
        store.close()


if hasattr(os, "register_at_fork"):  # not on Windows, where processes do not fork
    os.register_at_fork(before=_close_all)
