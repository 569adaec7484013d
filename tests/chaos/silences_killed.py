"""A program that begins a silence and is killed once that is done, and is killed at each step in which one ends.

Usage: silences_killed.py FOLDER. Leaves FOLDER/begun, prints the id of the silence in it, leaves FOLDER/N for the N-th
statement or commit of the end, and prints how many children were killed there.
"""

from __future__ import annotations

import itertools
import os
import signal
import sys
from pathlib import Path

from sqlalchemy import Engine, event

from desk import Desk
from made import at, run
from tocsin.core.matchers import Matcher
from tocsin.engine.silences import add_silence, close_silences
from tocsin.store.sqlite import SqliteStore

CONDITION = Matcher(label="pipeline", operator="=", value="orders")


def die_before(last: int) -> None:
    """Kill this process before the statement, or the commit, with this number."""
    counter = itertools.count()

    def step(*_: object) -> None:
        if next(counter) == last:
            os.kill(os.getpid(), signal.SIGKILL)

    event.listen(Engine, "before_cursor_execute", step)
    event.listen(Engine, "commit", step)


def desk(folder: Path) -> Desk:
    """Return an engine with one file channel."""
    return Desk(folder, SqliteStore(folder / "t.db", patience=60), "ops")


def begin(folder: Path) -> str:
    """Begin a silence of ten minutes, and return its id."""
    house = desk(folder)
    made = add_silence(
        house.engine, [CONDITION], starts_at=at(0), ends_at=at(10), reason="the warehouse is moved", author="ann"
    )
    return made.id


def main() -> None:
    """Let children die, the last ones until one of them comes through."""
    folder = Path(sys.argv[1])
    child = os.fork()
    if not child:
        os.write(1, f"{begin(folder / 'begun')}\n".encode())
        os.kill(os.getpid(), signal.SIGKILL)
    os.waitpid(child, 0)
    for number in itertools.count():
        child = os.fork()
        if not child:
            begin(folder / str(number))
            house = desk(folder / str(number))
            house.report(run())
            house.now = at(20)
            die_before(number)
            close_silences(house.engine)
            os._exit(0)
        status = os.waitpid(child, 0)[1]
        if not os.WIFSIGNALED(status):
            sys.stdout.write(str(number))
            sys.exit(status)


if __name__ == "__main__":
    main()
