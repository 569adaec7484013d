"""Every store, for the tests that all of them pass."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from real_postgres import Postgres
from tocsin.store.memory import MemoryStore
from tocsin.store.postgres import PostgresStore
from tocsin.store.protocol import Store
from tocsin.store.sqlite import SqliteStore


@pytest.fixture(params=["memory", "sqlite", "postgres"])
def kind(request: pytest.FixtureRequest) -> str:
    """Name of a kind of store."""
    return str(request.param)


@pytest.fixture
def open_empty(kind: str, tmp_path: Path, request: pytest.FixtureRequest) -> Callable[[float], Store]:
    """Open an empty store that waits for other writers for so many seconds."""
    if kind == "memory":
        return lambda patience: MemoryStore(patience=patience)
    if kind == "sqlite":
        return lambda patience: SqliteStore(tmp_path / "t.db", patience=patience)
    server: Postgres = request.getfixturevalue("postgres")
    return lambda patience: PostgresStore(server.database(), patience=patience)


@pytest.fixture
def store(open_empty: Callable[[float], Store]) -> Iterator[Store]:
    """Give an empty store that waits for as long as a busy machine needs."""
    opened = open_empty(60)
    yield opened
    opened.close()


@pytest.fixture
def impatient_store(open_empty: Callable[[float], Store]) -> Iterator[Store]:
    """Give an empty store that does not wait for other writers."""
    opened = open_empty(0.01)
    yield opened
    opened.close()
