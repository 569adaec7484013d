"""The commands in the documentation of upgrades, backups and moving, typed as they stand there."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from old_stores import RECORDED, old_file
from real_postgres import POSTGRES, Postgres

DOCS = Path(__file__).parents[3] / "docs" / "server.md"

pytestmark = pytest.mark.docs


def _blocks() -> dict[str, str]:
    """Return the commands by their headings, of which some have several blocks."""
    section = DOCS.read_text(encoding="utf-8").partition("\n## Upgrades, backups and moving to PostgreSQL\n")[2]
    parts = re.split(r"^### (.*)\n", section.partition("\n## ")[0], flags=re.MULTILINE)
    texts = dict(zip(["", *parts[1::2]], parts[::2], strict=True))
    return {name: "".join(re.findall(r"```sh\n(.*?)```", text, re.DOTALL)) for name, text in texts.items()}


def test_the_commands_do_what_is_said(tmp_path: Path, postgres: Postgres) -> None:
    """A file moves to PostgreSQL, both are backed up and restored, and the same runs are found everywhere."""
    if shutil.which("sqlite3") is None:
        pytest.skip("the program sqlite3 is not installed")
    for folder in ("srv/etl", "srv/backup"):
        (tmp_path / folder).mkdir(parents=True)
    old_file(RECORDED[0], tmp_path / "srv/etl/tocsin.db")
    environment = {
        **os.environ,
        "PATH": os.pathsep.join(
            [str(Path(sys.executable).parent), str(Path(str(POSTGRES)).parent), os.environ["PATH"]]
        ),
        "PGPORT": str(postgres.port),
        "PGUSER": "tocsin",
        "PGPASSWORD": "secret",
        "TOCSIN__STORE": f"sqlite:///{tmp_path}/srv/etl/tocsin.db",
    }

    def type_in(commands: str) -> str:
        text = commands.replace("/srv/", f"{tmp_path}/srv/").replace("db.internal", "127.0.0.1")
        ended = subprocess.run(
            ["/bin/sh", "-euc", text], env=environment, cwd=tmp_path, capture_output=True, text=True, check=False
        )
        assert ended.returncode == 0, ended.stderr
        return ended.stdout

    blocks = _blocks()
    type_in("tocsin db upgrade")
    assert "Tables:  version 2, which is that of this Tocsin\n" in type_in(blocks[""])
    assert "Runs:    23, from" in type_in(blocks["Moving to PostgreSQL"])
    environment["TOCSIN__STORE"] = "postgresql://tocsin@127.0.0.1/tocsin"
    assert " has version 2; " in type_in(blocks["Upgrades"])
    type_in(blocks["Backups"])
    for place in (
        "sqlite:////srv/etl/tocsin.db",
        "sqlite:////srv/backup/tocsin-small.db",
        "postgresql://db.internal/tocsin_restored",
    ):
        assert "Runs:    23, from" in type_in(f"TOCSIN__STORE={place} tocsin db status")
