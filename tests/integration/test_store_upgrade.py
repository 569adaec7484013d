"""Stores that older versions have left are brought forward, and the engine goes on with them."""

from __future__ import annotations

import json
import shutil
import sqlite3
import stat
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from desk import Desk, channel
from made import good_run
from old_stores import RECORDED, old_database, old_file
from real_postgres import Postgres
from record_store import HOSTILE, HOURLY, STORM
from tocsin.core.outbox import Status
from tocsin.errors import StoreError, StoreLocked
from tocsin.store.open import open_database, open_store
from tocsin.store.postgres import PostgresStore
from tocsin.store.postgres_database import PostgresDatabase
from tocsin.store.sqlite import SqliteStore
from tocsin.store.tables import SCHEMA_VERSION

VERSION_1 = RECORDED[0]


@pytest.fixture(params=RECORDED, ids=[recorded.stem for recorded in RECORDED])
def recorded(request: pytest.FixtureRequest) -> Path:
    """Give what a released version has left."""
    return Path(request.param)


@pytest.fixture(params=["sqlite", "postgres"])
def upgraded(request: pytest.FixtureRequest, recorded: Path, tmp_path: Path) -> str:
    """Give the address of a store that was brought forward."""
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path}/t.db"
        old_file(recorded, tmp_path / "t.db")
    else:
        server: Postgres = request.getfixturevalue("postgres")
        url = server.empty_database()
        old_database(recorded, tmp_path / "scratch.db", url)
    upgrade(url)
    return url


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Give a file of version 1."""
    old_file(VERSION_1, tmp_path / "t.db")
    return tmp_path / "t.db"


@pytest.fixture
def address(postgres: Postgres, tmp_path: Path) -> str:
    """Give the address of a database of version 1."""
    url = postgres.empty_database()
    old_database(VERSION_1, tmp_path / "scratch.db", url)
    return url


def upgrade(url: str) -> None:
    """Type `tocsin db upgrade`."""
    with closing(open_database(url)) as database:
        database.upgrade()


def ask(path: Path, statement: str) -> list[tuple[Any, ...]]:
    """Execute a statement from outside, and return its rows."""
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(statement).fetchall()


def dump(path: Path) -> list[str]:
    """Return all that a file holds."""
    with closing(sqlite3.connect(path)) as connection:
        return list(connection.iterdump())


def test_the_engine_goes_on_where_the_older_one_stopped(upgraded: str, tmp_path: Path) -> None:
    """What waited is sent, in its order; the group is told; what is mended is told as over; the silence still holds."""
    store = open_store(upgraded)
    house = Desk(tmp_path / "home", store, pipelines={"orders": HOURLY})
    house.home.mkdir(exist_ok=True)
    house.open("ops", channel("pager", path=str(house.home / "pager")), pipelines={"orders": HOURLY})
    house.now = max(alert.last_at for alert in _alerts(store))
    house.tick(minutes=60)

    assert house.heard("pager")[:2] == ["customers failed", "customers recovered after 5 min"]
    assert {"orders failed", *(f"storm{number} failed" for number in range(5))} <= {*house.heard("pager")}
    # The storm's group waited when the older program stopped; since then a run has given no sign of life.
    together = "4 pipelines in trouble: 3 failed, 1 died"
    assert [house.heard("ops"), house.heard("pager")[-1]] == [[together], together]
    house.report(*(good_run(f"mended-{name}", pipeline=name, ended=700) for name in ("orders", "stock", *STORM)))
    assert [title for title in house.heard("ops") if title.startswith("orders recovered")]
    house.tick(minutes=60)
    assert [alert.subject for alert in _alerts(store) if alert.open] == ["events"]
    assert not [title for title in house.heard("pager") if "events" in title]
    assert not [one for one in house.decided() if one.status is Status.WAITING]
    store.close()


def _alerts(store: Any) -> Any:
    with store.reading() as tx:
        return tx.alerts(limit=100)


def test_facts_are_those_that_were_written(upgraded: str) -> None:
    """What the older version knew of runs, slots and silences is read as it was, whatever is in its texts."""
    store = open_store(upgraded)
    with store.reading() as tx:
        (run,) = tx.find_runs("bad3")
        assert run.cause is not None
        assert (run.cause.message, run.note) == (HOSTILE, HOSTILE)
        assert len(tx.slots("orders", "default", limit=100)) == 10
        assert [silence.reason for silence in tx.all_silences(limit=9)] == ["the source is moved"]
        assert {run.pipeline for run in tx.latest_runs()} == {"customers", "events", "orders", "stock", *STORM}
    store.close()


def test_new_columns_say_what_the_facts_say(file: Path) -> None:
    """The newest run of each pipeline stands in `pipelines`, and each alert tells its kind beside its text."""
    SqliteStore(file).close()

    newest = ask(
        file, "SELECT pipeline, environment, run_id, outcome FROM pipelines WHERE pipeline IN ('orders', 'stock')"
    )
    assert newest == [("orders", "default", "bad3", "failed"), ("stock", "default", "going", "running")]
    rows = ask(file, "SELECT environment, kind, severity, run_id, data FROM alerts")
    names = ("environment", "kind", "severity", "run_id")
    assert len(rows) == 11
    assert all(row[:4] == tuple(json.loads(row[4])[name] for name in names) for row in rows)


def test_a_copy_of_the_file_is_kept_beside_it(file: Path) -> None:
    """The copy is what an older program left, byte for byte in its texts, and only its owner reads it."""
    before = dump(file)
    SqliteStore(file).close()
    copy = file.with_name("t.db.before-2")

    assert dump(copy) == before
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    assert sorted(path.name for path in file.parent.glob("t.db*")) == ["t.db", "t.db.before-2"]
    assert dump(file) != before


def test_an_unfinished_copy_of_a_killed_process_is_made_anew(file: Path) -> None:
    """What a process that was killed has left of a copy is in nobody's way."""
    left = file.with_name("t.db.before-2.unfinished")
    left.write_text("half of it")
    SqliteStore(file).close()

    assert not left.exists()
    assert ask(file.with_name("t.db.before-2"), "SELECT value FROM meta WHERE name = 'schema_version'") == [("1",)]


def test_without_room_there_is_no_copy(
    file: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A disk that is nearly full does not keep the program from working; that there is no copy is said."""
    usage = shutil.disk_usage(file.parent)._replace(free=file.stat().st_size)
    monkeypatch.setattr("tocsin.store.sqlite_schema.shutil.disk_usage", lambda _: usage)
    SqliteStore(file).close()

    assert [path.name for path in file.parent.iterdir() if "before" in path.name] == []
    assert f"{file} is brought to version 2 without a copy: the disk has no room for one" in caplog.text
    assert ask(file, "SELECT value FROM meta WHERE name = 'schema_version'") == [("2",)]


def test_processes_that_open_an_old_file_at_once(file: Path) -> None:
    """One of five brings the file forward, the others wait for it, and all of them work with it."""
    program = (
        "import sys; from pathlib import Path; from tocsin.store.sqlite import SqliteStore\n"
        "store = SqliteStore(Path(sys.argv[1]))\n"
        "with store.writing() as tx: assert tx.remember_events([sys.argv[2]], tx.runs()[0].started_at)\n"
    )
    started = [
        subprocess.Popen([sys.executable, "-W", "error", "-c", program, str(file), f"new{number}"])
        for number in range(5)
    ]
    assert [process.wait() for process in started] == [0] * 5
    assert ask(file, "SELECT count(*) FROM events WHERE id LIKE 'new%'") == [(5,)]


def test_who_writes_for_too_long_is_named(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A program that does not let go of an old file keeps others from bringing it forward, and the error says so."""
    monkeypatch.setattr("tocsin.store.sqlite_schema._PATIENCE", 0.05)
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreLocked, match=rf"locked by another process .* fuser -v {file}"):
            SqliteStore(file, patience=0.01)
    SqliteStore(file).close()


def test_who_writes_for_a_while_is_waited_for(file: Path) -> None:
    """An old file is waited for longer than any other: another process may be bringing millions of runs forward."""
    with closing(sqlite3.connect(file, isolation_level=None, check_same_thread=False)) as other:
        other.execute("BEGIN IMMEDIATE")
        timer = threading.Timer(0.5, other.execute, ["COMMIT"])
        timer.start()
        SqliteStore(file, patience=0.01).close()
        timer.join()


def test_alembic_is_imported_for_upgrades_only(file: Path, tmp_path: Path) -> None:
    """A new file and one of this version are opened without it: it takes half a second to import."""
    program = (
        "import sys; from pathlib import Path; from tocsin.store.sqlite import SqliteStore\n"
        "SqliteStore(Path(sys.argv[1])).close(); print('alembic' in sys.modules)\n"
    )

    def imported(path: Path) -> str:
        command = [sys.executable, "-c", program, str(path)]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()

    assert [imported(tmp_path / "new.db"), imported(tmp_path / "new.db")] == ["False", "False"]
    assert [imported(file), imported(file)] == ["True", "False"]


def test_postgresql_is_brought_forward_when_somebody_says_so(address: str) -> None:
    """An older schema is refused with what was found and what to type, and is not touched."""
    shown = address.replace("tocsin:secret@", "")
    with pytest.raises(StoreError, match=rf"{shown} was written by an older Tocsin: its tables have version 1, this one"
                       r" works with 2. Make a backup, and type: tocsin db upgrade"):  # fmt: skip
        PostgresStore(address)
    with closing(PostgresDatabase(address)) as database:
        assert database.version() == 1
        database.upgrade()
        assert database.version() == 2
    PostgresStore(address).close()


def test_an_empty_database_is_told_apart(postgres: Postgres) -> None:
    """A database without tables gets them by the same command; opening it says which."""
    url = postgres.empty_database()
    with pytest.raises(StoreError, match=r"has no tables. Type: tocsin db upgrade"):
        PostgresStore(url)
    upgrade(url)
    upgrade(url)
    PostgresStore(url).close()


@pytest.mark.parametrize("work", [PostgresStore, upgrade])
def test_tables_that_are_not_ours_are_not_touched(postgres: Postgres, work: Callable[[str], object]) -> None:
    """Neither newer tables nor those of another program are opened or upgraded; other names are in nobody's way."""
    url = postgres.database()
    name = url.rpartition("/")[2]
    postgres.execute("UPDATE meta SET value = '3' WHERE name = 'schema_version'", database=name)
    with pytest.raises(
        StoreError, match=r"newer Tocsin: its tables have version 3, this one knows 2. .* --upgrade dlt"
    ):
        work(url)
    url = postgres.empty_database()
    postgres.execute("CREATE TABLE users (name text)", database=url.rpartition("/")[2])
    postgres.execute("CREATE TABLE customers (name text)", database=url.rpartition("/")[2])
    foreign = (
        r"is the database of another program: it has the tables users. Give Tocsin a database of its own: createdb"
    )
    with pytest.raises(StoreError, match=foreign):
        work(url)


def test_upgrades_of_one_database_at_once(address: str) -> None:
    """Of five that upgrade together one does it, the others wait, and none fails."""
    failures: list[BaseException] = []

    def try_it() -> None:
        try:
            upgrade(address)
        except BaseException as error:  # noqa: BLE001  # told by the assertion
            failures.append(error)

    threads = [threading.Thread(target=try_it) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    PostgresStore(address).close()


def test_every_version_is_recorded() -> None:
    """Whoever raises the version records what the last one has left."""
    assert [recorded.name for recorded in RECORDED] == [
        f"store_version_{version}.sql" for version in range(1, SCHEMA_VERSION)
    ]
