"""A program that writes to a store again and again, and does again what did not come through; started by a test.

Usage: postgres_writer.py STORE NAME TURNS [STOPPED]. Each turn counts a total up by one. In the turn STOPPED the
program stops itself inside the transaction, as by SIGSTOP. Prints "open" when it has opened the store, and at the end
how many transactions failed.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from datetime import UTC, datetime

from tocsin.errors import StoreError
from tocsin.store.open import open_store
from tocsin.store.protocol import Store

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def count_up(store: Store, event: str, *, stop: bool) -> None:
    """Count one event in the total, unless that was done."""
    with store.writing() as tx:
        if tx.remember_events([event], NOON):
            total = int(tx.recall("total") or 0)
            if stop:
                os.kill(os.getpid(), signal.SIGSTOP)
            tx.remember("total", str(total + 1))


def main() -> None:
    """Write until everything is there."""
    url, name, turns, *stopped = sys.argv[1:]
    store = open_store(url)
    print("open", flush=True)  # noqa: T201  # to whom has started this
    failed = turn = 0
    while turn < int(turns):
        try:
            count_up(store, f"{name}-{turn}", stop=[str(turn)] == stopped and not failed)
            turn += 1
        except StoreError:
            failed += 1
            time.sleep(0.05)
    store.close()
    print(failed)  # noqa: T201


if __name__ == "__main__":
    main()
