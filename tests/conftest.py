"""What holds for every test."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from real_postgres import MISSING, POSTGRES, Postgres, running_postgres

# Machines are noisy: no example fails for being slow, and the same examples are tried everywhere in CI.
settings.register_profile("tocsin", deadline=None, derandomize="CI" in os.environ)
settings.load_profile("tocsin")


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
