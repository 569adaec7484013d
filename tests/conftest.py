"""What holds for every test."""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from real_postgres import MISSING, POSTGRES, Postgres, running_postgres
from stores import NewStore
from tocsin.store.open import open_store
from tocsin.store.protocol import Store

# Machines are noisy: no example fails for being slow, and the same examples are tried everywhere in CI.
settings.register_profile("tocsin", deadline=None, derandomize="CI" in os.environ)
settings.load_profile("tocsin")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let whoever doubts the short way of the documentation's commands take the long one."""
    parser.addoption("--cold", action="store_true", help="start each command of the documentation as a reader does")


@pytest.fixture(autouse=True)
def _folders_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep settings, stores and spools of the person who runs the tests out of them, and theirs out of those."""
    for name in os.environ:
        if name.startswith(("TOCSIN__", "RUNTIME__", "DLT_")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("DLT_DATA_DIR", str(tmp_path / "dlt"))
    monkeypatch.setenv("RUNTIME__DLTHUB_TELEMETRY", "false")


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """Run PostgreSQL once for all tests that want a database of their own."""
    if POSTGRES is None:
        pytest.skip(MISSING)
    with running_postgres() as server:
        yield server


@pytest.fixture(params=["sqlite", "postgres"])
def kind(request: pytest.FixtureRequest) -> str:
    """Name of a kind of store."""
    return str(request.param)


@pytest.fixture
def new_store_url(kind: str, tmp_path: Path, request: pytest.FixtureRequest) -> Callable[[], str]:
    """Return the address of another empty store, each time."""
    if kind == "memory":
        return lambda: "memory://"
    if kind == "sqlite":
        numbers = itertools.count()
        return lambda: f"sqlite:///{tmp_path}/store{next(numbers)}.db"
    server: Postgres = request.getfixturevalue("postgres")
    return server.database


@pytest.fixture
def new_store(new_store_url: Callable[[], str]) -> Iterator[NewStore]:
    """Open another empty store, each time, that waits for as long as a busy machine needs."""
    opened: list[Store] = []

    def new() -> Store:
        opened.append(open_store(new_store_url(), patience=60))
        return opened[-1]

    yield new
    for store in opened:
        store.close()
