"""A program in which many processes write to one SQLite store after the other; started by a test.

Usage: sqlite_writer.py PROCESSES TRANSACTIONS PATH…
"""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from tocsin.core.alert import Alert, State
from tocsin.core.finding import Kind, Topic
from tocsin.core.notify import Reason
from tocsin.core.outbox import Delivery, Notification, Status
from tocsin.core.run import Outcome, Run
from tocsin.core.severity import Severity
from tocsin.store.sqlite import SqliteStore

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def ingest(store: SqliteStore, number: int, transactions: int) -> None:
    """Write what the end of a failed run writes, each event twice."""
    for turn in range(transactions):
        name = f"{number}-{turn}"
        for _ in range(2):
            with store.writing() as tx:
                if not tx.remember_events([name], NOON):
                    continue
                tx.save_run(
                    Run(id=name, pipeline=f"p{number}", environment="e", started_at=NOON, outcome=Outcome.FAILED)
                )
                # All processes report about one subject, and meet in its one open alert.
                alert = tx.open_alert("shared") or Alert(
                    id=f"alert of {name}",
                    fingerprint="shared",
                    topic=Topic.DELIVERY,
                    subject="orders",
                    environment="e",
                    kind=Kind.FAILED,
                    severity=Severity.ERROR,
                    state=State.FIRING,
                    since=NOON,
                    last_at=NOON,
                    occurrences=0,
                    summary="failed",
                )
                alert = replace(alert, occurrences=alert.occurrences + 1, seq=alert.occurrences + 1)
                tx.save_alert(alert)
                tx.add_notification(
                    Notification(id=name, channel="ops", reason=Reason.NEW, message=None, created_at=NOON, due_at=NOON)
                )


def deliver(store: SqliteStore, number: int) -> None:
    """Claim until nothing is left, and log what was claimed."""
    owner = str(number)
    while True:
        with store.writing() as tx:
            claimed = tx.claim(owner=owner, now=NOON, lease=timedelta(hours=1), limit=3)
        if not claimed:
            return
        for one in claimed:
            with store.writing() as tx:
                tx.add_delivery(Delivery(notification_id=one.id, channel=owner, at=NOON, took_ms=1, ok=True))
                sent = replace(one, status=Status.SENT, lease_until=None, lease_owner=None)
                if not tx.save_notification(sent, owner=owner):
                    raise AssertionError(one.id)


def work(path: Path, number: int, transactions: int) -> None:
    """Open the store, which may not exist yet, and write."""
    store = SqliteStore(path, patience=60)
    ingest(store, number, transactions)
    deliver(store, number)
    store.close()


def start_together(path: Path, processes: int, transactions: int) -> bool:
    """Let all processes begin at the same moment, and return whether all of them ended well."""
    start, started = os.pipe()
    children = []
    for number in range(processes):
        child = os.fork()
        if not child:
            os.close(started)
            # The end of the pipe is the starting gun for all.
            os.read(start, 1)
            work(path, number, transactions)
            os._exit(0)
        children.append(child)
    os.close(start)
    os.close(started)
    return sum(os.waitpid(child, 0)[1] for child in children) == 0


def main() -> int:
    """Return 1 if a process failed."""
    processes, transactions = int(sys.argv[1]), int(sys.argv[2])
    return not all(start_together(Path(path), processes, transactions) for path in sys.argv[3:])


if __name__ == "__main__":
    sys.exit(main())
