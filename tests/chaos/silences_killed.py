"""A program that begins a silence and is killed once that is done, and is killed at each step in which one ends.

Usage: silences_killed.py FOLDER STORE… Leaves FOLDER/begun and the first store, prints the id of the silence in it,
leaves FOLDER/N and the next store for the N-th statement or commit of the end, and prints how many children were killed
there.
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
from tocsin.store.open import open_store

CONDITION = Matcher(label="pipeline", operator="=", value="orders")


def die_before(last: int) -> None:
    """Kill this process before the statement, or the commit, with this number."""
    counter = itertools.count()

    def step(*_: object) -> None:
        if next(counter) == last:
            os.kill(os.getpid(), signal.SIGKILL)

    event.listen(Engine, "before_cursor_execute", step)
    event.listen(Engine, "commit", step)


def desk(folder: Path, store: str) -> Desk:
    """Return an engine with one file channel."""
    return Desk(folder, open_store(store, patience=60), "ops")


def begin(house: Desk) -> str:
    """Begin a silence of ten minutes, and return its id."""
    made = add_silence(
        house.engine, [CONDITION], starts_at=at(0), ends_at=at(10), reason="the warehouse is moved", author="ann"
    )
    return made.id


def main() -> None:
    """Let children die, the last ones until one of them comes through."""
    folder, first, *others = Path(sys.argv[1]), *sys.argv[2:]
    child = os.fork()
    if not child:
        os.write(1, f"{begin(desk(folder / 'begun', first))}\n".encode())
        os.kill(os.getpid(), signal.SIGKILL)
    os.waitpid(child, 0)
    for number, store in enumerate(others):
        child = os.fork()
        if not child:
            house = desk(folder / str(number), store)
            begin(house)
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
