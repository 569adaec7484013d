"""Many processes at one SQLite file: real ones, all at once."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tocsin.core.outbox import Status
from tocsin.store.sqlite import SqliteStore

PROCESSES, TRANSACTIONS = 8, 25
WRITER = Path(__file__).with_name("sqlite_writer.py")


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> SqliteStore:
    """Give a store that eight processes created, filled and emptied at the same time."""
    path = tmp_path_factory.mktemp("many") / "new" / "t.db"
    command = [sys.executable, "-W", "error", str(WRITER), str(path), str(PROCESSES), str(TRANSACTIONS)]
    ended = subprocess.run(command, check=False, capture_output=True, text=True)
    assert (ended.returncode, ended.stderr) == (0, "")
    return SqliteStore(path)


NAMES = {f"{number}-{turn}" for number in range(PROCESSES) for turn in range(TRANSACTIONS)}


def test_no_event_is_lost_and_none_counts_twice(written: SqliteStore) -> None:
    """All runs are there, and the one open alert of all processes counts each of them once."""
    with written.reading() as tx:
        assert {run.id for run in tx.runs(limit=10_000)} == NAMES
        assert len(tx.latest_runs()) == PROCESSES
        (alert,) = tx.alerts()
    assert alert.occurrences == len(NAMES)


def test_no_notification_is_claimed_twice(written: SqliteStore) -> None:
    """Each notification was claimed, logged and sent once, by one of the processes."""
    with written.reading() as tx:
        sent = tx.notifications(limit=10_000)
        deliveries = [len(tx.deliveries(one.id)) for one in sent]
    assert {one.id for one in sent} == NAMES
    assert {(one.status, one.attempts, one.lease_owner) for one in sent} == {(Status.SENT, 1, None)}
    assert set(deliveries) == {1}


FORK = """
import os, sys
from datetime import UTC, datetime
from pathlib import Path
from tocsin.store.sqlite import SqliteStore

store = SqliteStore(Path(sys.argv[1]), patience=60)
now = datetime.now(UTC)
with store.writing() as tx:
    tx.remember_event("before", now)
child = os.fork()
for turn in range(20):
    with store.writing() as tx:
        assert not tx.remember_event("before", now)
        assert tx.remember_event(f"{'parent' if child else 'child'} {turn}", now)
store.close()
if not child:
    os._exit(0)
assert os.waitpid(child, 0)[1] == 0
with store.writing() as tx:
    assert not any(tx.remember_event(f"{who} {turn}", now) for who in ("parent", "child") for turn in range(20))
"""


def test_a_store_can_be_used_on_both_sides_of_a_fork(tmp_path: Path) -> None:
    """A process that forks with an open store, and its child, write at the same time and lose nothing."""
    command = [sys.executable, "-W", "error", "-c", FORK, str(tmp_path / "t.db")]
    ended = subprocess.run(command, check=False, capture_output=True, text=True)
    assert (ended.returncode, ended.stderr) == (0, "")
