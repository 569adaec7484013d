"""`tocsin db`."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from typing import TYPE_CHECKING

import click

from tocsin.cli.screen import Column, json_option, open_screen, print_json
from tocsin.cli.workplace import find_workplace, open_engine
from tocsin.core.phrases import stamp
from tocsin.core.words import count, room

if TYPE_CHECKING:
    from tocsin.store.database import Contents, Database

_COLUMNS = (Column(name="Table"), Column(name="Rows", right=True))


@click.group("db")
def command() -> None:
    """Upgrade the database, see what it holds, or copy it into another one."""


@command.command("upgrade")
@click.option("--check", is_flag=True, help="Change nothing; exit with 2 if an upgrade is needed.")
def upgrade(*, check: bool) -> None:
    """Bring the tables to the version that this Tocsin works with, and make them where there are none.

    All or nothing, and any number of times. A SQLite file needs none of this: it is brought forward when it is opened,
    and a copy of it is kept beside it. With PostgreSQL, stop servers and workers, make a backup, upgrade, and start the
    new version.
    """
    from tocsin.store.tables import SCHEMA_VERSION

    with _opened(url := find_workplace().config.store) as database:
        found = database.version()
        if check:
            click.echo(f"tables of {database.url}: {_state(found)}")
            sys.exit(0 if found == SCHEMA_VERSION else 2)
        database.upgrade()
        queue = _upgrade_job_queue(url)
    if found == SCHEMA_VERSION and not queue:
        click.echo(f"{database.url} has version {found}: nothing was to be done")
    elif found == SCHEMA_VERSION:
        click.echo(f"{database.url} has version {found}; the tables of the job queue were brought up to date")
    else:
        before = "it had no tables" if found is None else f"it had version {found}"
        click.echo(f"{database.url} has version {SCHEMA_VERSION}; {before}")


@command.command("status")
@json_option
def status(*, as_json: bool) -> None:
    """Show the version of the tables, their rows, and how large all is.

    \b
    As JSON:
      store, version (of the tables; null where there are none), upgrade_needed, bytes, oldest_run, newest_run,
      waiting_events (given to a server, and not looked at yet), rows (by table)
    """  # noqa: D301  # click reads \b as a character
    from tocsin.store.database import contents
    from tocsin.store.tables import SCHEMA_VERSION

    with _opened(find_workplace().config.store) as database:
        version, found = database.version(), contents(database)
    if as_json:
        said = {"store": database.url, "version": version, "upgrade_needed": version != SCHEMA_VERSION}
        runs = {"oldest_run": found.oldest_run, "newest_run": found.newest_run}
        print_json({**said, "bytes": found.size, **runs, "waiting_events": found.waiting_events, "rows": found.rows})
        return
    screen = open_screen()
    screen.facts(
        [
            ("Store", database.url),
            ("Tables", _state(version)),
            ("Size", room(found.size)),
            ("Runs", _span(found)),
            ("Inbox", f"{count(found.waiting_events, 'event')} to look at"),
        ]
    )
    screen.table(_COLUMNS, [(table, f"{rows:,}") for table, rows in found.rows.items()])


@command.command("copy")
@click.argument("source", metavar="FROM")
@click.argument("target", metavar="TO")
def copy_all(*, source: str, target: str) -> None:
    """Copy all that the store FROM holds into the store TO, which has to be empty.

    Both are written as in the setting `store`: sqlite:////absolute/path/tocsin.db, or postgresql://user@host/database.
    All rows are copied as of one moment and counted on both sides; if anything fails, nothing is copied. Stop what
    writes to FROM first: should something be written in the meantime, nothing is copied either.
    """
    from tocsin.store.copy import copy

    with _opened(source) as there, _opened(target) as here:
        rows = copy(there, here)
    open_screen().table(_COLUMNS, [(table, f"{number:,}") for table, number in rows.items()])
    click.echo(f"{count(sum(rows.values()), 'row')} copied from {there.url} to {here.url}")


@command.command("prune")
@click.option("--dry-run", is_flag=True, help="Count what would go, and delete nothing.")
def prune(*, dry_run: bool) -> None:
    """Delete what is older than [tocsin.retention] says and not needed any more.

    tocsin watch, serve and worker do it once a day. What is open or waits stays, and so do the newest run of each
    pipeline and one line for each pipeline and day. It goes in small steps, between which runs are taken in as ever.
    """
    from tocsin.engine.prune import count_old, describe
    from tocsin.engine.prune import prune as delete

    with open_engine(find_workplace()) as engine:
        found = count_old(engine) if dry_run else delete(engine)
    if not found:
        click.echo("nothing is old enough to be deleted")
    else:
        click.echo(f"{describe(found)} {'would be deleted' if dry_run else 'deleted'}")


@contextmanager
def _opened(url: str) -> Iterator[Database]:
    from tocsin.store.open import open_database

    database = open_database(url)
    try:
        yield database
    finally:
        database.close()


def _upgrade_job_queue(url: str) -> bool:
    """Bring forward what workers keep in the same database, where they are installed; False if that was up to date."""
    from tocsin.store.open import is_postgres

    if not is_postgres(url) or find_spec("procrastinate") is None:
        return False
    from tocsin.worker import schema

    return schema.apply(url)


def _state(version: int | None) -> str:
    from tocsin.store.tables import SCHEMA_VERSION

    if version == SCHEMA_VERSION:
        return f"version {version}, which is that of this Tocsin"
    found = "none" if version is None else f"version {version}"
    return f"{found}, and this Tocsin works with version {SCHEMA_VERSION}. Type: tocsin db upgrade"


def _span(found: Contents) -> str:
    if found.oldest_run is None or found.newest_run is None:
        return "none"
    return f"{found.rows['runs']:,}, from {stamp(found.oldest_run)} to {stamp(found.newest_run)} UTC"
