"""How a SQLite store is opened, and what is said when it cannot be."""

from __future__ import annotations

import os
import resource
import sqlite3
import stat
import tempfile
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tocsin.core.run import Run
from tocsin.errors import StoreError, StoreLocked
from tocsin.store.open import open_store
from tocsin.store.sqlite import SqliteStore
from tocsin.store.sqlite_file import network_kind

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
RUN = Run(id="r1", pipeline="orders", environment="prod", started_at=NOON)
NOBODY = 65534


def write(store: SqliteStore, run: Run = RUN) -> None:
    """Save a run."""
    with store.writing() as tx:
        tx.save_run(run)


def ask(path: Path, statement: str) -> list[tuple[object, ...]]:
    """Execute a statement from outside and return the rows."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        return connection.execute(statement).fetchall()


@pytest.fixture
def folder_of_another() -> Iterator[Path]:
    """Give a folder of ours while we are somebody else: to root every file is writable."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        SqliteStore(folder / "t.db").close()
        (folder / "t.db").chmod(0o444)
        if os.geteuid():
            folder.chmod(0o555)
            yield folder
            folder.chmod(0o755)
        else:
            os.seteuid(NOBODY)
            yield folder
            os.seteuid(0)


def test_folders_and_file_are_for_their_owner_only(tmp_path: Path) -> None:
    """The last folder, the database and the files beside it can be read by nobody else, whatever the umask."""
    path = tmp_path / "new" / "deep" / "t.db"
    old = os.umask(0)
    try:
        store = SqliteStore(path)
        write(store)
        modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in [path.parent, *path.parent.iterdir()]}
    finally:
        os.umask(old)
    store.close()
    assert modes == {"deep": 0o700, "t.db": 0o600, "t.db-wal": 0o600, "t.db-shm": 0o600}


def test_a_commit_waits_for_the_disk(tmp_path: Path) -> None:
    """The store uses a write-ahead log, and every commit is synced: a power cut takes back nothing."""
    store = SqliteStore(tmp_path / "t.db")
    with store.writing() as tx:
        pragmas = [
            tx._connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in ("journal_mode", "synchronous")
        ]
    store.close()
    assert pragmas == ["wal", 2]


def test_what_was_written_is_there_after_reopening(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A relative path means the same file although the process changes its folder."""
    monkeypatch.chdir(tmp_path)
    store = open_store("sqlite:///t.db")
    monkeypatch.chdir("/")
    with store.writing() as tx:
        tx.save_run(RUN)
    store.close()
    again = open_store(f"sqlite:///{tmp_path}/t.db")
    assert again.url == store.url == f"sqlite:///{tmp_path}/t.db"
    with again.reading() as tx:
        assert tx.runs() == [RUN]
    again.close()


def test_a_path_may_hold_any_character(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Characters that mean something in a URL are part of the name, and ~ is the home."""
    monkeypatch.setenv("HOME", str(tmp_path))
    open_store("sqlite:///~/50%25 of a?b#c&mode=ro é.db").close()
    assert [file.name for file in tmp_path.iterdir()] == ["50%25 of a?b#c&mode=ro é.db"]


def test_a_writer_from_outside_is_waited_for_and_then_named(tmp_path: Path) -> None:
    """A program that keeps the file locked leads to StoreLocked, with the command that shows who it is."""
    path = tmp_path / "t.db"
    store = SqliteStore(path, patience=0.01)
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreLocked, match=rf"locked by another process for 0.01 s: .* fuser -v {path}"):
            write(store)
        other.execute("ROLLBACK")
    write(store)
    store.close()


def test_opening_a_file_that_somebody_holds(tmp_path: Path) -> None:
    """A new file that another program has locked for itself leads to StoreLocked."""
    path = tmp_path / "t.db"
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("CREATE TABLE meta (name, value)")
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(StoreLocked, match=f"the store sqlite:///{path} was locked"):
            SqliteStore(path, patience=0.01)


def test_a_full_disk_loses_the_transaction_and_nothing_else(tmp_path: Path) -> None:
    """When the file cannot grow the error says how to free space; later, smaller writes go on."""
    store = SqliteStore(tmp_path / "t.db")
    write(store)
    with store.writing() as tx:
        pages = tx._connection.exec_driver_sql("PRAGMA page_count").scalar()
        tx._connection.exec_driver_sql(f"PRAGMA max_page_count = {pages}")
    big = Run(id="r2", pipeline="p", environment="prod", started_at=NOON, note="x" * 100_000)
    with pytest.raises(StoreError, match=rf"disk is full. Nothing of this transaction was written.* df -h {tmp_path}"):
        write(store, big)
    write(store, Run(id="r3", pipeline="p", environment="prod", started_at=NOON))
    with store.reading() as tx:
        assert {run.id for run in tx.runs()} == {"r1", "r3"}
    store.close()


def test_a_disk_that_fails(tmp_path: Path) -> None:
    """An error of the disk loses the transaction and nothing else, and the error says where else the store may lie."""
    store = SqliteStore(tmp_path / "t.db")
    write(store)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, hard))
    try:
        with pytest.raises(
            StoreError, match=r"disk I/O error. Nothing of this transaction was written.*a disk that works"
        ):
            write(store, Run(id="r2", pipeline="p", environment="prod", started_at=NOON))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    write(store, Run(id="r3", pipeline="p", environment="prod", started_at=NOON))
    with store.reading() as tx:
        assert {run.id for run in tx.runs()} == {"r1", "r3"}
    store.close()


def test_a_file_that_may_only_be_read(folder_of_another: Path) -> None:
    """A store of another user is refused when it is opened, and the error says which file and what to do."""
    path = folder_of_another / "t.db"
    with pytest.raises(StoreError, match=rf"Permission denied for {path}. Let this user write there"):
        SqliteStore(path)


def test_a_folder_that_may_only_be_read(folder_of_another: Path) -> None:
    """Neither a file nor a folder is created where that is forbidden."""
    for path in (folder_of_another / "new.db", folder_of_another / "new" / "t.db"):
        with pytest.raises(StoreError, match=r"Permission denied for .*/new.*TOCSIN__STORE=sqlite:////absolute/path"):
            SqliteStore(path)


def test_a_file_that_turns_read_only(tmp_path: Path) -> None:
    """A database that SQLite may not write is an error that lists the files and their modes."""
    store = SqliteStore(tmp_path / "t.db")
    with store.writing() as tx:
        tx._connection.exec_driver_sql("PRAGMA query_only = ON")
    with pytest.raises(StoreError, match=rf"readonly database. Let this user write .* ls -ld {tmp_path}"):
        write(store)
    store.close()


def test_a_path_that_is_a_folder(tmp_path: Path) -> None:
    """A folder, or a file where a folder should be, is named in the error."""
    with pytest.raises(StoreError, match=rf"Is a directory \({tmp_path}\). Put the store elsewhere"):
        SqliteStore(tmp_path)
    (tmp_path / "file").touch()
    with pytest.raises(StoreError, match=r"cannot be opened: (Not a directory|File exists) \(.*file"):
        SqliteStore(tmp_path / "file" / "t.db")


def test_a_file_that_is_no_database(tmp_path: Path) -> None:
    """Anything else under the store's name is left as it is, and the error says how to begin anew."""
    path = tmp_path / "t.db"
    path.write_text("not a database, but long enough to be one " * 100)
    with pytest.raises(StoreError, match=rf"file is not a database. Move it away.* mv {path} {path}.broken"):
        SqliteStore(path)
    assert path.read_text().startswith("not a database")


def test_a_database_that_is_damaged(tmp_path: Path) -> None:
    """Garbage in the middle of the file is found when it is read, and the error says how to begin anew."""
    path = tmp_path / "t.db"
    store = SqliteStore(path)
    for number in range(500):
        write(store, Run(id=f"r{number}", pipeline="orders", environment="prod", started_at=NOON, note="n" * 500))
    store.close()
    with path.open("r+b") as file:
        half = path.stat().st_size // 8192 * 4096
        file.seek(half)
        file.write(b"\xa5" * half)
    damaged = SqliteStore(path)
    with (
        pytest.raises(StoreError, match=r"malformed. Move it away, and Tocsin starts a new one"),
        damaged.reading() as tx,
    ):
        tx.runs(limit=1000)
    damaged.close()


@pytest.mark.parametrize("table", ["customers", "meta"])
def test_a_database_of_another_program(table: str, tmp_path: Path) -> None:
    """A file with foreign tables gets none of ours, though one of them has a name that we use."""
    path = tmp_path / "t.db"
    ask(path, f"CREATE TABLE {table} (name, value)")
    with pytest.raises(StoreError, match=rf"database of another program: it has the tables {table}. Put the store"):
        SqliteStore(path)
    assert ask(path, "SELECT name FROM sqlite_master") == [(table,)]


def test_a_store_of_a_newer_version(tmp_path: Path) -> None:
    """Tables of a version that is not known yet are not touched, and the error says how to upgrade."""
    path = tmp_path / "t.db"
    SqliteStore(path).close()
    ask(path, "UPDATE meta SET value = '3'")
    with pytest.raises(StoreError, match=r"newer Tocsin: its tables have version 3, this one knows 2. .* --upgrade"):
        SqliteStore(path)


def test_a_fact_of_a_newer_version(tmp_path: Path) -> None:
    """An outcome that is not known yet is an error that says how to upgrade, and no guess."""
    path = tmp_path / "t.db"
    store = SqliteStore(path)
    write(store)
    ask(path, """UPDATE runs SET data = json_set(data, '$.outcome', 'evaporated')""")
    unread = r"a Run that this version of Tocsin cannot read: 'evaporated' is not a valid Outcome; .* --upgrade"
    with pytest.raises(StoreError, match=unread), store.reading() as tx:
        tx.run("r1")
    store.close()


MOUNTS = r"""
22 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw
30 22 0:40 / /home rw,nosuid shared:20 master:1 - nfs4 10.0.0.1:/home rw,vers=4.2
31 30 254:1 / /home/ada/local\040disk rw - xfs /dev/vdb rw
40 22 0:41 / /mnt/win rw - cifs //server/share rw
41 22 0:42 / /mnt/twice rw - nfs server:/x rw
42 41 0:43 / /mnt/twice rw - tmpfs tmpfs rw
"""


@pytest.mark.parametrize(
    ("folder", "kind"),
    [
        ("/var/lib/tocsin", None),
        ("/home/ada", "nfs4"),
        ("/homes/ada", None),
        ("/home/ada/local disk/x", None),
        ("/mnt/win", "cifs"),
        ("/mnt/twice", None),
    ],
)
def test_a_network_file_system_is_recognised(folder: str, kind: str | None) -> None:
    """The innermost and last mount decides where a folder lies."""
    assert network_kind(Path(folder), MOUNTS.strip()) == kind


def test_a_store_on_a_network_file_system_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is created on a network share, and the error says which kind it is."""
    mounts = tmp_path / "mountinfo"
    mounts.write_text(f"30 22 0:40 / {tmp_path} rw - nfs4 10.0.0.1:/home rw\n")
    monkeypatch.setattr("tocsin.store.sqlite_file._MOUNTS", mounts)
    with pytest.raises(StoreError, match=r"network file system \(nfs4\).*TOCSIN__STORE=.*, on a disk of this machine"):
        SqliteStore(tmp_path / "new" / "t.db")
    assert not (tmp_path / "new").exists()
