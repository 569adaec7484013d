"""A program that upgrades a store and is killed before its n-th statement, for every n until it comes through.

Usage: upgrade_killed.py URL. Prints how many statements that took; fails if a kill has left anything behind.
"""

from __future__ import annotations

import itertools
import os
import signal
import sys
from contextlib import closing
from importlib import import_module

from sqlalchemy import Engine, event, inspect

from tocsin.store.database import contents
from tocsin.store.open import open_database


def die_before(last: int) -> None:
    """Kill this process before the statement, or the commit, with this number."""
    counter = itertools.count()

    def step(*_: object) -> None:
        if next(counter) == last:
            os.kill(os.getpid(), signal.SIGKILL)

    event.listen(Engine, "before_cursor_execute", step)
    event.listen(Engine, "commit", step)


def upgrade(url: str) -> None:
    """Bring the tables forward."""
    with closing(open_database(url)) as database:
        database.upgrade()


def state(url: str) -> tuple[object, ...]:
    """Return what tells an upgraded store from one that was not."""
    with closing(open_database(url)) as database, database.snapshot() as view:
        tables = inspect(view.connection)
        columns = [(name, len(tables.get_columns(name))) for name in sorted(tables.get_table_names())]
        return database.version(), contents(database).rows, columns


def main() -> None:
    """Let children die until one of them comes through."""
    url = sys.argv[1]
    before = state(url)
    # Here, and not in each child: it takes half a second.
    import_module("tocsin.store.migrations.steps")
    for number in itertools.count():
        child = os.fork()
        if not child:
            die_before(number)
            upgrade(url)
            os._exit(0)
        status = os.waitpid(child, 0)[1]
        if not os.WIFSIGNALED(status):
            sys.stdout.write(str(number))
            sys.exit(status)
        if state(url) != before:
            sys.exit(f"killed before statement {number}: {state(url)}, and it was {before}")


if __name__ == "__main__":
    main()
