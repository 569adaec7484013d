"""A program that does a tick and is killed before its n-th step, for every n, and once more without being killed.

Steps are SQL statements, commits, and the moments before and after a message is handed over. Usage: engine_killed.py
FOLDER URL. Leaves FOLDER/N for each N, whose pipeline is called "pN", and prints how many children were killed.
"""

from __future__ import annotations

import itertools
import os
import signal
import sys
from pathlib import Path

from sqlalchemy import Engine as SqlEngine
from sqlalchemy import event as sql_event

from desk import Desk, channel, event
from made import at, good_run, run
from tocsin.channels.base import Outgoing
from tocsin.channels.webhook import Webhook
from tocsin.core.outbox import Receipt
from tocsin.store.sqlite import SqliteStore


def die_before(last: int) -> None:
    """Kill this process before the step with this number."""
    counter = itertools.count()

    def step(*_: object) -> None:
        if next(counter) == last:
            os.kill(os.getpid(), signal.SIGKILL)

    hand_over = Webhook.send

    def send(self: Webhook, outgoing: Outgoing) -> Receipt:
        step()
        receipt = hand_over(self, outgoing)
        step()
        return receipt

    sql_event.listen(SqlEngine, "before_cursor_execute", step)
    sql_event.listen(SqlEngine, "commit", step)
    Webhook.send = send  # type: ignore[method-assign]  # the hand-over is a step as well


def desk(folder: Path, url: str) -> Desk:
    """Return an engine whose one channel is a webhook."""
    return Desk(folder, SqliteStore(folder / "t.db", patience=60), channel("hook", "webhook", url=url))


def main() -> None:
    """Let children die until one of them comes through."""
    for number in itertools.count():
        folder = Path(sys.argv[1]) / str(number)
        child = os.fork()
        if not child:
            house = desk(folder, sys.argv[2])
            name = f"p{number}"
            house.spool.put(event(run(f"{name}-1", pipeline=name, ended=1)))
            house.spool.put(event(good_run(f"{name}-2", pipeline=name, ended=2)))
            house.now = at(3)
            die_before(number)
            house.tick()
            os._exit(0)
        status = os.waitpid(child, 0)[1]
        if not os.WIFSIGNALED(status):
            sys.stdout.write(str(number))
            sys.exit(status)


if __name__ == "__main__":
    main()
