"""What kill -9 leaves of an upgrade."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from old_stores import RECORDED, old_database, old_file
from real_postgres import Postgres
from tocsin.store.open import open_store

PROGRAM = Path(__file__).with_name("upgrade_killed.py")


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_a_killed_upgrade_leaves_the_store_as_it_was(kind: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    """Whenever the process dies, the older tables are there with all their rows, and the next upgrade succeeds."""
    if kind == "sqlite":
        url = f"sqlite:///{tmp_path}/t.db"
        old_file(RECORDED[-1], tmp_path / "t.db")
    else:
        server: Postgres = request.getfixturevalue("postgres")
        url = server.empty_database()
        old_database(RECORDED[-1], tmp_path / "scratch.db", url)
    ended = subprocess.run(
        [sys.executable, "-W", "error", str(PROGRAM), url], check=False, capture_output=True, text=True
    )

    assert (ended.returncode, ended.stderr) == (0, "")
    assert int(ended.stdout) > 40
    store = open_store(url)
    with store.reading() as tx:
        assert len(tx.alerts()) == 11
    store.close()
