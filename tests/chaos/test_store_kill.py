"""What is left in a store after kill -9 at every statement."""

from __future__ import annotations

import runpy
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from tocsin.store.open import open_store
from tocsin.store.protocol import Store

PROGRAM = Path(__file__).with_name("store_killed.py")


def everything(store: Store) -> tuple[object, ...]:
    """Return all that a store holds, events left out."""
    with store.reading() as tx:
        return (
            tx.runs(),
            tx.alerts(),
            tx.all_silences(limit=9),
            tx.notifications(),
            tx.deliveries("ops"),
            tx.receipt("a1", "ops"),
            tx.channel_state("ops"),
        )


def test_a_killed_transaction_leaves_all_or_nothing(kind: str, new_store_url: Callable[[], str]) -> None:
    """Whenever the process dies, each transaction is there as a whole or not at all, and can be done again."""
    # A file gets its tables on the way, with a statement each.
    urls = [new_store_url() for _ in range(200 if kind == "sqlite" else 40)]
    command = [sys.executable, "-W", "error", str(PROGRAM), *urls]
    ended = subprocess.run(command, check=False, capture_output=True, text=True)
    assert (ended.returncode, ended.stderr) == (0, "")

    program = runpy.run_path(str(PROGRAM))
    store = open_store(new_store_url())
    expected = [everything(store)]
    for transaction in ("start", "end"):
        program[transaction](store)
        expected.append(everything(store))
    store.close()

    seen = Counter[int]()
    for url in urls[: int(ended.stdout)]:
        survived = open_store(url, patience=60)
        # Until the server has ended what was begun.
        with survived.writing():
            pass
        seen[expected.index(everything(survived))] += 1
        # The same events come again from the spool of the killed process.
        program["start"](survived)
        program["end"](survived)
        assert everything(survived) == expected[2]
        survived.close()
    # Killed while the store is opened or in the first transaction; in the second one, with its ten statements and its
    # commit; never after it, because nothing follows its commit.
    assert seen[0] > (20 if kind == "sqlite" else 5)
    assert seen[1] >= 10
    assert seen[2] == 0
