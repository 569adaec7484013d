"""What the tools of MCP get from the command line: the engine of this folder, and what is to be said of it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from tocsin.cli.notices import about_all
from tocsin.cli.workplace import find_workplace, open_engine
from tocsin.documents.channels import channel_views
from tocsin.engine.engine import Engine
from tocsin.integrations.mcp.desk import Desk
from tocsin.store.protocol import Transaction


def make_desk(by: str) -> Desk:
    """Return where tools work for somebody."""
    return Desk(open=_open, notices=_notices, actor=by)


@contextmanager
def _open() -> Iterator[Engine]:
    with open_engine(find_workplace()) as engine:
        yield engine


def _notices(engine: Engine, tx: Transaction) -> Iterator[str]:
    return about_all(engine, tx, channel_views(engine, tx))
