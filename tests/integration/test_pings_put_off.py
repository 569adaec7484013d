"""Pings that cannot be kept at this moment: curl is told so in a way that makes it come again."""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from served_here import served_here
from tocsin.config.load import load
from tocsin.core.access import Scope
from tocsin.engine.api_keys import create_key
from tocsin.engine.opening import open_engine
from tocsin.store.open import open_store
from tocsin.web.pings import rate

pytestmark = pytest.mark.skipif(shutil.which("curl") is None, reason="there is no curl here")


@pytest.fixture
def ping(tmp_path: Path) -> Iterator[str]:
    """Serve a store that waits for nobody, and give the beginning of an address."""
    store = open_store(f"sqlite:///{tmp_path}/store.db", patience=0.01)
    engine = open_engine(load([], home=tmp_path), store=store)
    _, key = create_key(engine, name="cron", scopes=[Scope.PING], environments=None, expires_at=None, by="test")
    with closing(store), served_here(engine) as server:
        yield f"{server.address}/ping/{key}"


def curl(*words: str) -> str:
    """Return the answer, and before it its head."""
    done = subprocess.run(["curl", "-sS", "-i", *words], capture_output=True, text=True, check=False)  # noqa: S607
    return done.stdout.replace("\r", "")


def test_a_store_that_is_locked(ping: str, tmp_path: Path) -> None:
    """The answer is one sentence with 503, and nothing was kept; curl comes again until the lock is gone."""
    with closing(sqlite3.connect(tmp_path / "store.db", isolation_level=None, check_same_thread=False)) as other:
        other.execute("BEGIN EXCLUSIVE")
        refused = curl(f"{ping}/job")
        assert refused.startswith("HTTP/1.1 503")
        assert "retry-after: 5\n" in refused
        assert refused.endswith("The store cannot be used now; the server's log says why. Send the same again later.\n")
        unlocking = threading.Timer(1, other.execute, ["COMMIT"])
        unlocking.start()
        assert curl("-f", "--retry", "3", "--retry-delay", "1", f"{ping}/job").endswith("OK\n")
        unlocking.join()


def test_a_key_that_pings_too_often(ping: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The next one is refused with 429, and taken when the answer's Retry-After is over."""
    monkeypatch.setattr(rate, "MOST_AT_ONCE", 1)
    monkeypatch.setattr(rate, "A_SECOND", 0.5)
    assert curl(f"{ping}/job").endswith("OK\n")
    refused = curl(f"{ping}/job")
    assert refused.startswith("HTTP/1.1 429")
    assert "retry-after: 1\n" in refused
    assert "content-type: text/plain" in refused
    assert curl("-f", "--retry", "3", f"{ping}/job").endswith("OK\n")
