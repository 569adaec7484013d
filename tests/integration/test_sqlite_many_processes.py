"""Many processes at one SQLite file: real ones, all at once."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tocsin.core.outbox import Status
from tocsin.store.sqlite import SqliteStore

PROCESSES, TRANSACTIONS = 8, 25
WRITER = Path(__file__).with_name("sqlite_writer.py")


def execute(*arguments: str) -> None:
    """Run a Python program to its end, which has to be a good one without a word."""
    command = [sys.executable, "-W", "error", *arguments]
    ended = subprocess.run(command, check=False, capture_output=True, text=True)
    assert (ended.returncode, ended.stderr) == (0, "")


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SqliteStore]:
    """Give a store that eight processes created, filled and emptied at the same time."""
    path = tmp_path_factory.mktemp("many") / "new" / "t.db"
    execute(str(WRITER), str(PROCESSES), str(TRANSACTIONS), str(path))
    store = SqliteStore(path)
    yield store
    store.close()


def test_eight_processes_create_a_store_at_once(tmp_path: Path) -> None:
    """Nobody fails because somebody else is creating the same file: here, ten files in a row."""
    execute(str(WRITER), str(PROCESSES), "1", *(str(tmp_path / f"{number}.db") for number in range(10)))
    for path in tmp_path.glob("*.db"):
        store = SqliteStore(path)
        with store.reading() as tx:
            assert len(tx.runs()) == PROCESSES
        store.close()


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

def write(name):
    with store.writing() as tx:
        return bool(tx.remember_events([name], now))

assert write("before")
wait_for_child, child_is_open = os.pipe()
wait_for_parent, parent_is_gone = os.pipe()
child = os.fork()
if not child:
    os.close(parent_is_gone)
    assert not write("before") and write("child 1")
    os.write(child_is_open, b"!")
    os.read(wait_for_parent, 1)
    assert write("child 2")
    os._exit(0)
os.read(wait_for_child, 1)
assert not write("child 1") and write("parent")
store.close()
os.close(parent_is_gone)
assert os.waitpid(child, 0)[1] == 0
assert not any(map(write, ["before", "child 1", "parent", "child 2"]))
store.close()
"""


def test_a_store_can_be_used_on_both_sides_of_a_fork(tmp_path: Path) -> None:
    """A process that forks with an open store, and its child, which outlives it, lose nothing."""
    execute("-c", FORK, str(tmp_path / "t.db"))


def test_a_second_store_of_one_process_takes_no_lock_from_the_first(tmp_path: Path) -> None:
    """While one process opens the file again and again, what others write meanwhile stays."""
    path = tmp_path / "t.db"
    first = SqliteStore(path)
    code = (
        "import sys\nfrom datetime import UTC, datetime\nfrom pathlib import Path\n"
        "from tocsin.store.sqlite import SqliteStore\n"
        "for number in range(100):\n"
        "    store = SqliteStore(Path(sys.argv[1]))\n"
        "    with store.writing() as tx:\n        tx.remember_events([f'other-{number}'], datetime.now(UTC))\n"
        "    store.close()\n"
    )
    with subprocess.Popen([sys.executable, "-c", code, str(path)]) as other:
        number = 0
        while other.poll() is None:
            second = SqliteStore(path)
            with first.writing() as tx:
                tx.remember_events([f"mine-{number}"], datetime.now(UTC))
            second.close()
            number += 1
    first.close()

    with closing(sqlite3.connect(path)) as connection:
        found = connection.execute("SELECT count(*) FROM events").fetchone()[0]
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    assert (other.returncode, found) == (0, 100 + number)
