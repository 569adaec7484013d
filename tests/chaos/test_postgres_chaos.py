"""What writers keep of what they wrote while PostgreSQL is restarted, connections are cut and a process is frozen."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from real_postgres import MISSING, POSTGRES, Postgres, running_postgres
from tocsin.store.open import open_store
from tocsin.store.protocol import Store

PROGRAM = Path(__file__).with_name("postgres_writer.py")
WRITERS, TURNS = 3, 100


@pytest.fixture
def server() -> Iterator[Postgres]:
    """A server of the test's own, which may be ill-treated."""
    if POSTGRES is None:
        pytest.skip(MISSING)
    with running_postgres() as running:
        yield running


def write(url: str, name: str, *more: str) -> subprocess.Popen[str]:
    """Start a writer."""
    command = [sys.executable, "-W", "error", str(PROGRAM), url, name, str(TURNS), *more]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def failures(writer: subprocess.Popen[str]) -> int:
    """Wait for the end of a writer, and return how often it had to begin anew."""
    assert writer.stdout is not None
    assert writer.stderr is not None
    # `communicate` does not know what `readline` has read ahead.
    with writer:
        out, err = writer.stdout.read(), writer.stderr.read()
    assert (writer.returncode, err) == (0, "")
    return int(out.split()[-1])


def total(store: Store) -> int:
    """Return what all writers have counted up to."""
    with store.reading() as tx:
        return int(tx.recall("total") or 0)


def restart(server: Postgres, _database: str) -> None:
    """End the server as a crash does, and start it again."""
    server.stop(signal.SIGQUIT)
    server.start()


def cut(server: Postgres, database: str) -> None:
    """End all sessions, in the middle of whatever they do."""
    server.cut_sessions(database)


@pytest.mark.parametrize("trouble", [restart, cut])
def test_nothing_is_lost_and_nothing_counts_twice(server: Postgres, trouble: Callable[[Postgres, str], None]) -> None:
    """Whatever a transaction was broken off in, doing it again leaves each event counted once."""
    url = server.database()
    writers = [write(url, str(number)) for number in range(WRITERS)]
    with closing(open_store(url)) as store:
        for writer in writers:
            assert writer.stdout is not None
            assert writer.stdout.readline() == "open\n"
        while any(writer.poll() is None for writer in writers):
            trouble(server, url.rpartition("/")[2])
            before = total(store)
            # So that something is written between two troubles.
            while any(writer.poll() is None for writer in writers) and total(store) < before + WRITERS * TURNS / 10:
                time.sleep(0.02)
        assert sum(map(failures, writers)) > 0
        assert total(store) == WRITERS * TURNS


def test_a_process_that_is_frozen_in_a_transaction_holds_up_nobody(server: Postgres) -> None:
    """It is thrown out after some time, the others go on, and when it wakes up it does its work again."""
    url = f"{server.database()}?options=-c%20idle_in_transaction_session_timeout%3D1s"
    frozen = write(url, "frozen", "10")
    os.waitid(os.P_PID, frozen.pid, os.WSTOPPED)
    with closing(open_store(url)) as store:
        assert failures(write(url, "other")) == 0
        assert total(store) == 10 + TURNS
        frozen.send_signal(signal.SIGCONT)
        assert failures(frozen) == 1
        assert total(store) == 2 * TURNS
