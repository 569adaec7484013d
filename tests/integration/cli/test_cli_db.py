"""`tocsin db`."""

from __future__ import annotations

import sqlite3
from contextlib import closing

from cli_project import TO_A_FILE, Project
from made import run
from old_stores import RECORDED, old_database, old_file
from real_postgres import Postgres


def _recorded(project: Project) -> Project:
    project.configure(TO_A_FILE)
    project.home.mkdir()
    old_file(RECORDED[0], project.home / "tocsin.db")
    return project


def _table(said: str) -> list[list[str]]:
    return [line.split() for line in said.splitlines()]


def test_an_older_file_is_told_and_upgraded(project: Project) -> None:
    """`--check` and `status` change nothing and tell what is to be done; `upgrade` does it, once."""
    _recorded(project)
    url = f"sqlite:///{project.home}/tocsin.db"
    needed = "version 1, and this Tocsin works with version 2. Type: tocsin db upgrade"
    checked = project.tocsin("db", "upgrade", "--check")
    assert (checked.exit_code, checked.stdout) == (2, f"tables of {url}: {needed}\n")
    assert f"Tables:  {needed}\n" in project.says("db", "status")
    assert project.json("db", "status")["upgrade_needed"] is True

    assert project.says("db", "upgrade") == f"{url} has version 2; it had version 1\n"
    assert project.says("db", "upgrade") == f"{url} has version 2: nothing was to be done\n"
    current = f"tables of {url}: version 2, which is that of this Tocsin\n"
    assert project.says("db", "upgrade", "--check") == current
    assert (project.home / "tocsin.db.before-2").exists()


def test_what_a_store_holds(project: Project) -> None:
    """Version, size, runs, what waits in the inbox and the rows of each table are shown, also as JSON."""
    _recorded(project).says("db", "upgrade")
    with closing(sqlite3.connect(project.home / "tocsin.db")) as connection, connection:
        for number, refused in enumerate((None, None, "no event")):
            row = (str(number), "{}", 0, 0, refused)
            connection.execute(
                "INSERT INTO inbox (event_id, text, at, clock_ahead, refused) VALUES (?, ?, ?, ?, ?)", row
            )
    said = project.says("db", "status")
    assert "Runs:    23, from 2026-11-23 12:00:00 to 2026-11-23 22:15:00 UTC\n" in said
    assert "Inbox:   2 events to look at\n" in said
    assert ["alerts", "11"] in _table(said)
    found = project.json("db", "status")
    assert (found["version"], found["upgrade_needed"], found["waiting_events"]) == (2, False, 2)
    assert (found["rows"]["runs"], found["rows"]["inbox"]) == (23, 3)
    assert found["bytes"] == (project.home / "tocsin.db").stat().st_size
    assert (found["oldest_run"], found["newest_run"]) == ("2026-11-23T12:00:00+00:00", "2026-11-23T22:15:00+00:00")


def test_a_store_that_is_not_there(project: Project) -> None:
    """Nothing is made by asking; `upgrade` makes the tables."""
    url = f"sqlite:///{project.home}/tocsin.db"
    asked = project.tocsin("db", "status")
    assert (asked.exit_code, asked.stderr) == (
        1,
        f"Error: there is no store {url}: the first run or command that needs it makes it\n",
    )
    checked = project.tocsin("db", "upgrade", "--check")
    needed = "none, and this Tocsin works with version 2. Type: tocsin db upgrade"
    assert (checked.exit_code, checked.stdout) == (2, f"tables of {url}: {needed}\n")
    assert not project.home.exists()
    assert project.says("db", "upgrade") == f"{url} has version 2; it had no tables\n"
    assert "Runs:    none\n" in project.says("db", "status")


def test_postgresql_is_upgraded_with_the_job_queue(project: Project, postgres: Postgres) -> None:
    """One command brings forward what the engine and what the workers keep; commands before it say to type it."""
    url = postgres.empty_database()
    old_database(RECORDED[0], project.folder / "scratch.db", url)
    shown = url.replace("tocsin:secret@", "")
    project.configure(f'[tocsin]\nstore = "{url}"\n')
    refused = project.tocsin("status")
    assert refused.exit_code == 1
    assert (
        "its tables have version 1, this one works with 2. Make a backup, and type: tocsin db upgrade" in refused.stderr
    )
    assert project.tocsin("db", "upgrade", "--check").exit_code == 2

    assert project.says("db", "upgrade") == f"{shown} has version 2; it had version 1\n"
    assert project.says("db", "upgrade") == f"{shown} has version 2: nothing was to be done\n"
    assert postgres.execute("SELECT count(*) FROM procrastinate_jobs", database=url.rpartition("/")[2]) == [(0,)]


def test_the_job_queue_alone_is_brought_up_to_date(project: Project, postgres: Postgres) -> None:
    """A database whose tables are right, and that no worker has used yet, gets those of the job queue."""
    url = postgres.database()
    project.configure(f'[tocsin]\nstore = "{url}"\n')
    shown = url.replace("tocsin:secret@", "")
    done = f"{shown} has version 2; the tables of the job queue were brought up to date\n"
    assert project.says("db", "upgrade") == done


def test_a_file_moves_to_postgresql(project: Project, postgres: Postgres) -> None:
    """The rows are counted by table, the password is not shown, and the commands go on with the copy."""
    project.configure(TO_A_FILE)
    project.report(run())
    project.says("tick")
    before, url = project.says("alerts"), postgres.empty_database()
    file = f"sqlite:///{project.home}/tocsin.db"
    said = project.says("db", "copy", file, url)
    assert ["runs", "1"] in _table(said)
    assert said.endswith(f" rows copied from {file} to {url.replace('tocsin:secret@', '')}\n")
    project.configure(f'{TO_A_FILE}[tocsin]\nstore = "{url}"\n')
    assert project.says("alerts") == before
    again = project.tocsin("db", "copy", file, url)
    assert (again.exit_code, "is not empty" in again.stderr, "secret" in again.output) == (1, True, False)
