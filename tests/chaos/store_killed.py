"""A program that ingests an event into a new store and is killed before its n-th statement, for every n.

Usage: store_killed.py STORE… The N-th store is for the child that is killed before its n-th statement; they have to be
more than there are statements. Prints how many children were killed.
"""

from __future__ import annotations

import itertools
import os
import signal
import sys
from datetime import UTC, datetime

from sqlalchemy import Engine, event

from tocsin.core.alert import Alert, State
from tocsin.core.finding import Kind, Topic
from tocsin.core.notify import Reason
from tocsin.core.outbox import ChannelState, Delivery, Notification, Receipt
from tocsin.core.run import Outcome, Run
from tocsin.core.severity import Severity
from tocsin.core.silence import Silence
from tocsin.store.open import open_store
from tocsin.store.protocol import Store

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
STARTED = Run(id="r1", pipeline="orders", environment="prod", started_at=NOON)
FAILED = Run(
    id="r1", pipeline="orders", environment="prod", started_at=NOON, outcome=Outcome.FAILED, note="n" * 100_000
)
ALERT = Alert(
    id="a1",
    fingerprint="f",
    topic=Topic.DELIVERY,
    subject="orders",
    environment="prod",
    kind=Kind.FAILED,
    severity=Severity.ERROR,
    state=State.FIRING,
    since=NOON,
    last_at=NOON,
    occurrences=1,
    summary="failed",
)
NOTIFICATIONS = [
    Notification(id=channel, channel=channel, reason=Reason.NEW, message=None, created_at=NOON, due_at=NOON)
    for channel in ("pager", "ops")
]
SILENCE = Silence(
    id="s1", matchers=(), starts_at=NOON, ends_at=NOON, reason="moving", author="ada", created_at=NOON, closed_at=NOON
)
DELIVERY = Delivery(notification_id="ops", channel="ops", at=NOON, took_ms=1, ok=True)


def start(store: Store) -> None:
    """Take in the start of a run."""
    with store.writing() as tx:
        if tx.remember_events(["started"], NOON):
            tx.save_run(STARTED)


def end(store: Store) -> None:
    """Take in the end of the run, and write to every table."""
    with store.writing() as tx:
        if tx.remember_events(["ended"], NOON):
            tx.save_run(FAILED)
            tx.save_alert(ALERT)
            tx.save_silence(SILENCE)
            for notification in NOTIFICATIONS:
                tx.add_notification(notification)
            tx.add_delivery(DELIVERY)
            tx.save_receipt("a1", "ops", Receipt(status=200))
            tx.save_channel_state(ChannelState(channel="ops", last_ok_at=NOON))


def die_before(last: int) -> None:
    """Kill this process before the statement, or the commit, with this number."""
    counter = itertools.count()

    def step(*_: object) -> None:
        if next(counter) == last:
            os.kill(os.getpid(), signal.SIGKILL)

    event.listen(Engine, "before_cursor_execute", step)
    event.listen(Engine, "commit", step)


def main() -> None:
    """Let children die until one of them comes through."""
    for number, url in enumerate(sys.argv[1:]):
        child = os.fork()
        if not child:
            die_before(number)
            store = open_store(url)
            start(store)
            end(store)
            os._exit(0)
        status = os.waitpid(child, 0)[1]
        if not os.WIFSIGNALED(status):
            sys.stdout.write(str(number))
            sys.exit(status)


if __name__ == "__main__":
    main()
