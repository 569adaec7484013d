"""Every store, for the tests that all of them pass."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tocsin.store.memory import MemoryStore
from tocsin.store.protocol import Store
from tocsin.store.sqlite import SqliteStore


def _open(kind: str, folder: Path, patience: float) -> Store:
    return MemoryStore(patience=patience) if kind == "memory" else SqliteStore(folder / "t.db", patience=patience)


@pytest.fixture(params=["memory", "sqlite"])
def kind(request: pytest.FixtureRequest) -> str:
    """Name of a kind of store."""
    return str(request.param)


@pytest.fixture
def store(kind: str, tmp_path: Path) -> Iterator[Store]:
    """Give an empty store that waits for as long as a busy machine needs."""
    opened = _open(kind, tmp_path, 60)
    yield opened
    opened.close()


@pytest.fixture
def impatient_store(kind: str, tmp_path: Path) -> Iterator[Store]:
    """Give an empty store that does not wait for other writers."""
    opened = _open(kind, tmp_path, 0.01)
    yield opened
    opened.close()
