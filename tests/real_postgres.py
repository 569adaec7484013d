"""The real PostgreSQL on the loopback, as Debian packages it, with a fresh database for each that asks."""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

#: Debian keeps the programs of the server out of PATH.
_FOLDERS = [str(path) for path in sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)]
POSTGRES = shutil.which("postgres", path=os.pathsep.join([*_FOLDERS, os.environ.get("PATH", "")]))
#: A test that needs it skips with these words.
MISSING = "PostgreSQL is not installed: type make receivers, or install Debian's package postgresql"
_PATIENCE = 60.0


@contextlib.contextmanager
def running_postgres(folder: Path) -> Iterator[str]:
    """Run PostgreSQL for the length of a `with` block.

    Args:
        folder: Where it keeps its data and its log.

    Yields:
        The address of a database that is empty: "postgresql://tocsin:secret@127.0.0.1:5433/tocsin".
    """
    assert POSTGRES is not None, MISSING
    data, password = folder / "data", folder / "password"
    password.write_text("secret\n", encoding="utf-8")
    as_whom = _not_as_root(folder)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    initdb = str(Path(POSTGRES).with_name("initdb"))
    with (folder / "log").open("wb") as log:
        subprocess.run(
            [*as_whom, initdb, "-D", data, "-U", "tocsin", "-A", "scram-sha-256", f"--pwfile={password}", "--no-sync"],
            stdout=log,
            stderr=log,
            check=True,
        )
        options = ["-p", str(port), "-h", "127.0.0.1", "-k", "", "-F"]
        process = subprocess.Popen([*as_whom, POSTGRES, "-D", str(data), *options], stdout=log, stderr=log)
    try:
        _wait_until_ready(process, port, folder / "log")
        yield f"postgresql://tocsin:secret@127.0.0.1:{port}/postgres"
    finally:
        # It ends sessions at once, those that still ask something too.
        process.send_signal(signal.SIGINT)
        process.wait()


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
    return [setpriv, f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups"]


def _wait_until_ready(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    ready = str(Path(str(POSTGRES)).with_name("pg_isready"))
    end = time.monotonic() + _PATIENCE
    while process.poll() is None and time.monotonic() < end:
        if subprocess.run([ready, "-q", "-h", "127.0.0.1", "-p", str(port)], check=False).returncode == 0:
            return
        time.sleep(0.05)
    raise AssertionError(f"PostgreSQL does not answer:\n{log.read_text(encoding='utf-8')}")
