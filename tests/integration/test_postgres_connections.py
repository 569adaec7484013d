"""How PostgreSQL is connected to, and what restarts and forks do to that."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing

import pytest

from made import NOON, run
from real_postgres import MISSING, POSTGRES, Postgres, running_postgres
from tocsin.store.postgres import PostgresStore
from tocsin.store.postgres_engine import parse, shown


@pytest.fixture
def url(postgres: Postgres) -> str:
    """The address of an empty store."""
    return postgres.database()


@pytest.fixture
def store(url: str) -> Iterator[PostgresStore]:
    """A store in it."""
    with closing(PostgresStore(url)) as opened:
        yield opened


def settings(store: PostgresStore, *names: str) -> dict[str, str]:
    """Return settings of a session."""
    with store.reading() as tx:
        return {name: tx._connection.exec_driver_sql(f"SHOW {name}").scalar_one() for name in names}


def test_a_session_waits_and_stands_still_for_a_limited_time(url: str) -> None:
    """Patience is how long a lock is waited for, and who stands still inside a transaction is thrown out."""
    with closing(PostgresStore(url, patience=2.5)) as store:
        assert settings(store, "lock_timeout", "idle_in_transaction_session_timeout", "application_name") == {
            "lock_timeout": "2500ms",
            "idle_in_transaction_session_timeout": "15s",
            "application_name": "tocsin",
        }


def test_what_the_address_says_comes_first(url: str) -> None:
    """Parameters of libpq behind the address replace those of Tocsin, and `options` are added to them."""
    more = "?application_name=mine&options=-c%20lock_timeout%3D7s%20-c%20work_mem%3D8MB"
    with closing(PostgresStore(url + more)) as store:
        assert settings(
            store, "application_name", "lock_timeout", "work_mem", "idle_in_transaction_session_timeout"
        ) == {
            "application_name": "mine",
            "lock_timeout": "7s",
            "work_mem": "8MB",
            "idle_in_transaction_session_timeout": "15s",
        }


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("postgresql://u:p@db.example.com/t", "postgresql://db.example.com/t"),
        ("postgres://u:p@db:5433/t?sslmode=require&sslpassword=x", "postgresql://db:5433/t"),
        ("postgresql+psycopg://u:p%40q@[::1]:5433/t", "postgresql://[::1]:5433/t"),
        # Through a socket.
        ("postgresql://u:p@/t", "postgresql:///t"),
        # A primary and its standby.
        ("postgresql://u:p@/t?host=a:1&host=b:2", "postgresql://a:1,b:2/t"),
    ],
)
def test_an_address_is_shown_without_credentials(url: str, expected: str) -> None:
    """People see where a store is, and not who may enter it."""
    assert shown(parse(url)) == expected


def test_a_view_cannot_change_anything(store: PostgresStore) -> None:
    """The server refuses changes in a view, even if Tocsin did not."""
    with store.reading() as tx:
        assert tx._connection.exec_driver_sql("SHOW transaction_read_only").scalar_one() == "on"


def test_appending_waits_for_no_writer(store: PostgresStore) -> None:
    """While one writes and does not end, another can append, and the writer sees it at once."""
    with store.writing() as writer:
        with store.appending() as tx:
            tx.save_run(run())
        assert writer.run("run1") == run()


def test_a_restart_costs_no_transaction() -> None:
    """Connections that a restart has cut are replaced before a transaction begins."""
    if POSTGRES is None:
        pytest.skip(MISSING)
    with running_postgres() as server, closing(PostgresStore(server.database())) as store:
        for number in range(3):
            with store.writing() as tx:
                assert tx.remember_events([str(number)], NOON)
            server.stop()
            server.start()
        with store.writing() as tx:
            assert not tx.remember_events([str(number) for number in range(3)], NOON)


FORK = """
import os, sys
from datetime import UTC, datetime
from tocsin.store.open import open_store

store = open_store(sys.argv[1], patience=60)

def write(name):
    with store.writing() as tx:
        return tx.remember_events([name], datetime.now(UTC))

assert write("before")
children = []
for number in range(3):
    child = os.fork()
    if not child:
        assert not write("before") and write(f"child {number}")
        store.close()
        os._exit(0)
    children.append(child)
    assert write(f"parent {number}")
assert [os.waitpid(child, 0)[1] for child in children] == [0, 0, 0]
assert not any(map(write, ["before", "child 0", "child 1", "child 2", "parent 2"]))
store.close()
"""


def test_a_store_can_be_used_on_both_sides_of_a_fork(url: str) -> None:
    """No two processes share a connection, whose answers would come to whoever reads first."""
    command = [sys.executable, "-W", "error", "-c", FORK, url]
    ended = subprocess.run(command, check=False, capture_output=True, text=True)
    assert (ended.returncode, ended.stderr) == (0, "")
