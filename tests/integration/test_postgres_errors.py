"""What is said when PostgreSQL cannot be used: what happened, what was found, what to type, and no password."""

from __future__ import annotations

import socket
import struct
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing

import pytest

from made import NOON, alert
from real_postgres import Postgres
from tocsin.errors import StoreError, StoreLocked
from tocsin.store.open import open_store
from tocsin.store.postgres import PostgresStore
from tocsin.store.sql import SqlTransaction
from tocsin.store.tables import SCHEMA_VERSION


def said(url: str) -> str:
    """Return what is said when a store cannot be opened and written; that is never the password."""
    with pytest.raises(StoreError) as caught, closing(open_store(url)) as store, store.writing() as tx:
        tx.remember_events(["e"], NOON)
    assert "secret" not in str(caught.value)
    return str(caught.value)


@pytest.fixture
def url(postgres: Postgres) -> str:
    """The address of an empty store."""
    return postgres.database()


@pytest.fixture
def name(url: str) -> str:
    """Its name."""
    return url.rpartition("/")[2]


@pytest.fixture
def store(url: str) -> Iterator[PostgresStore]:
    """A store in it."""
    with closing(PostgresStore(url)) as opened:
        yield opened


@pytest.mark.parametrize(
    ("url", "message"),
    [
        # Nobody listens.
        ("postgresql://u:secret@127.0.0.1:1/t", r"Connection refused\. .* pg_isready -d postgresql://127.0.0.1:1/t"),
        ("postgres://u:secret@127.0.0.1:1/t", "the store postgresql://127.0.0.1:1/t cannot be used"),
        # No such machine.
        ("postgresql://u:secret@none.invalid/t", "none.invalid.* pg_isready"),
        # An @ in a password, which would make the rest of it a name of a machine.
        ("postgresql://u:p@secret@127.0.0.1/t", "is not the address of a database. Type postgresql://user:"),
        ("postgresql://u:secret@127.0.0.1:x/t", "is not the address of a database. Type postgresql://user:"),
        ("postgresql://u:secret@127.0.0.1", "is not the address of a database. Type postgresql://user:"),
        ("postgresql://u:secret@127.0.0.1:1/t?sslmod=x", 'invalid connection option "sslmod"'),
    ],
)
def test_no_way_to_the_server(url: str, message: str) -> None:
    """An address that leads nowhere is shown without user and password."""
    with pytest.raises(StoreError, match=message) as caught:
        open_store(url)
    assert "secret" not in str(caught.value)
    assert "u:" not in str(caught.value).replace("Type postgresql://user:", "")


def test_a_wrong_password(url: str) -> None:
    """Who is not let in is told where user and password stand."""
    assert "password authentication failed" in said(url.replace("secret", "secret2"))
    assert "TOCSIN__STORE=postgresql://user:password@host/database" in said(url.replace("secret", "secret2"))


def test_no_such_database(url: str) -> None:
    """A database that is missing is to be created, with an encoding that holds every text."""
    assert "createdb --encoding=UTF8" in said(f"{url}_of_nobody")


def test_no_encryption(url: str) -> None:
    """Parameters of libpq behind the address count."""
    assert "server does not support SSL, but SSL was required" in said(f"{url}?sslmode=require")


def test_an_empty_database(postgres: Postgres) -> None:
    """Tables are never made by the way."""
    assert said(postgres.empty_database()).endswith("has no tables. Type: tocsin db upgrade")


def test_tables_of_a_newer_version(postgres: Postgres, url: str, name: str) -> None:
    """What a newer version wrote is left alone."""
    postgres.execute("UPDATE meta SET value = %s", str(SCHEMA_VERSION + 1), database=name)
    message = f"its tables have version {SCHEMA_VERSION + 1}, this one knows {SCHEMA_VERSION}. Type: pip install"
    assert message in said(url)


def test_another_encoding(postgres: Postgres) -> None:
    """A database that cannot hold every text is refused at once, and not at the first name with an accent."""
    name = "in_latin1"
    postgres.execute(f"CREATE DATABASE {name} ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0")
    assert "keeps texts as LATIN1" in said(postgres.url_of(name))
    assert "createdb --encoding=UTF8" in said(postgres.url_of(name))


def test_somebody_elses_tables(postgres: Postgres, name: str) -> None:
    """A user without rights is told how one user gets them all."""
    postgres.execute("CREATE ROLE guest LOGIN PASSWORD 'secret'")
    assert "permission denied for table meta. Let one user be the owner" in said(postgres.url_of(name, user="guest"))


def test_too_many_connections(postgres: Postgres, name: str) -> None:
    """A server that takes nobody else is to get room."""
    postgres.execute("CREATE ROLE late LOGIN PASSWORD 'secret' CONNECTION LIMIT 0")
    assert "too many connections for role" in said(postgres.url_of(name, user="late"))
    assert "raise max_connections in postgresql.conf" in said(postgres.url_of(name, user="late"))


def test_a_standby(postgres: Postgres, url: str, name: str) -> None:
    """A server that may only be read, as a standby, is readable, and a change says which parameter finds the other."""
    postgres.execute(f"ALTER DATABASE {name} SET default_transaction_read_only = on")
    assert "cannot execute INSERT in a read-only transaction. It is a standby" in said(url)
    assert "?target_session_attrs=read-write" in said(url)


def test_a_full_disk(postgres: Postgres, url: str, name: str) -> None:
    """A disk without room takes the transaction back. The real error code comes from a trigger."""
    raises = "BEGIN RAISE EXCEPTION 'No space left on device' USING ERRCODE = 'disk_full'; END"
    postgres.execute(f"CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS $${raises}$$", database=name)
    postgres.execute("CREATE TRIGGER t BEFORE INSERT ON events EXECUTE FUNCTION full_disk()", database=name)
    assert "No space left on device" in said(url)
    assert "Nothing of this transaction was written. Free space" in said(url)


def test_a_pooler_that_mixes_sessions(postgres: Postgres, url: str, name: str) -> None:
    """Who meets the prepared statements of somebody else learns why. The real error code comes from a trigger."""
    raises = "BEGIN RAISE EXCEPTION 'it exists already' USING ERRCODE = 'duplicate_prepared_statement'; END"
    postgres.execute(f"CREATE FUNCTION mixed() RETURNS trigger LANGUAGE plpgsql AS $${raises}$$", database=name)
    postgres.execute("CREATE TRIGGER t BEFORE INSERT ON events EXECUTE FUNCTION mixed()", database=name)
    assert "it exists already. A pooler stands between" in said(url)


def test_a_pooler_that_takes_no_settings() -> None:
    """A pooler that refuses settings, in PgBouncer's words, is told from a server that is not there."""
    words = b"SFATAL\0C08P01\0Munsupported startup parameter: options\0\0"
    with socket.create_server(("127.0.0.1", 0)) as pooler:

        def refuse() -> None:
            line, _ = pooler.accept()
            with line:
                line.recv(1000)
                line.sendall(b"E" + struct.pack("!I", 4 + len(words)) + words)

        refusing = threading.Thread(target=refuse)
        refusing.start()
        port = pooler.getsockname()[1]
        message = said(f"postgresql://u:secret@127.0.0.1:{port}/t?sslmode=disable&gssencmode=disable")
        refusing.join()
    assert "unsupported startup parameter: options. A pooler stands between" in message


def test_any_other_trouble(postgres: Postgres, url: str, name: str) -> None:
    """What nobody has thought of is shown as PostgreSQL says it."""
    postgres.execute("ALTER TABLE events ADD CHECK (id <> 'e')", database=name)
    assert "violates check constraint" in said(url)
    assert "The log of the server says more" in said(url)


def test_tables_that_were_taken_away(postgres: Postgres, url: str, name: str) -> None:
    """A table that is not there any more, or not yet, leads to the upgrade."""
    postgres.execute("DROP TABLE events", database=name)
    assert 'relation "events" does not exist' in said(url)
    assert "Type: tocsin db upgrade" in said(url)


def test_another_process_writes_for_too_long(url: str, store: PostgresStore) -> None:
    """Who waits in vain for another process is told how to see it."""
    message = "locked by another process for 0.01 s: .* psql postgresql://.* -c 'TABLE pg_stat_activity'"
    impatient = PostgresStore(url, patience=0.01)
    with store.writing(), pytest.raises(StoreLocked, match=message), impatient.writing():
        pass
    impatient.close()


def test_a_session_that_stood_still(postgres: Postgres, store: PostgresStore, name: str) -> None:
    """Who does nothing inside a transaction for too long is thrown out, told so, and can go on with the next."""

    def stand_still(tx: SqlTransaction) -> None:
        # Shorter, and the reason comes together with the answer to this, where libpq expects none and drops it.
        tx._connection.exec_driver_sql("SET LOCAL idle_in_transaction_session_timeout = '500ms'")
        while postgres.sessions(name):
            time.sleep(0.01)

    assert "thrown out, so that others can write" in interrupted(store, stand_still)


def test_a_connection_that_is_cut(postgres: Postgres, store: PostgresStore, name: str) -> None:
    """A session that is ended in a transaction takes it back, and the next transaction has a new one."""
    assert "The connection was cut; the next" in interrupted(store, lambda _: postgres.cut_sessions(name))


def interrupted(store: PostgresStore, interrupt: Callable[[SqlTransaction], object]) -> str:
    """Return what is said when a transaction goes on after an interruption that took it back."""

    def work(tx: SqlTransaction) -> None:
        tx.remember_events(["e"], NOON)
        interrupt(tx)
        tx.remember_events(["f"], NOON)

    with pytest.raises(StoreError) as caught, store.writing() as tx:
        work(tx)
    with store.writing() as tx:
        assert tx.remember_events(["e"], NOON)
    return str(caught.value)


def test_an_error_that_is_passed_over(store: PostgresStore) -> None:
    """A transaction in which something failed is not taken for committed; PostgreSQL itself would not say so."""

    def pass_over(tx: SqlTransaction) -> None:
        tx.save_alert(alert(id="a1"))
        with pytest.raises(StoreError, match="another alert about"):
            tx.save_alert(alert(id="a2"))

    with pytest.raises(StoreError, match="Leave the transaction where a StoreError is raised"), store.writing() as tx:
        pass_over(tx)
    with store.reading() as tx:
        assert tx.alerts() == []


def test_no_psycopg(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who has not installed what PostgreSQL needs is told what to type."""
    monkeypatch.setitem(sys.modules, "psycopg", None)
    assert "Type: pip install 'dlt-tocsin[postgres]'" in said("postgresql://u:secret@127.0.0.1/t")
