"""Workers on one PostgreSQL, as real processes that a test can talk to, and what they are to send."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg

from made import run
from real_postgres import Postgres
from receiver import Receiver, Request
from tocsin.core.codec import encode
from tocsin.core.event import Event, EventType
from tocsin.core.inbox import Received
from tocsin.core.message import Message, Tone
from tocsin.core.notify import Reason
from tocsin.core.outbox import Notification, Status
from tocsin.core.run import Run
from tocsin.core.severity import Severity
from tocsin.store.open import open_store
from tocsin.worker import schema
from typed_process import MAIN, TypedProcess


class Fleet:
    """A database, and a folder with settings that workers are started in."""

    def __init__(self, folder: Path, server: Postgres) -> None:
        """Make a database with all tables."""
        self.url = server.database()
        schema.apply(self.url)
        self.store = open_store(self.url, patience=60)
        self.folder = folder
        (folder / ".dlt").mkdir()

    def configure(self, receiver: Receiver, *channels: str) -> None:
        """Write settings with these webhooks; each asks for a path of its name."""
        hooks = (f'[tocsin.channels.{name}]\ntype = "webhook"\nurl = "{receiver.url}/{name}"\n' for name in channels)
        text = f'[tocsin]\nstore = "{self.url}"\nhome = "{self.folder}/home"\ngroup_above = 1000\n{"".join(hooks)}'
        (self.folder / ".dlt" / "config.toml").write_text(text)

    def worker(self, *words: str, main: str = MAIN) -> TypedProcess:
        """Start a worker."""
        return TypedProcess("worker", *words, folder=self.folder, main=main)

    @contextmanager
    def workers(self, number: int, *words: str, main: str = MAIN) -> Iterator[Sequence[TypedProcess]]:
        """Start workers, and wait until all of them work."""
        started = [self.worker("--name", f"w{index}", *words, main=main) for index in range(number)]
        try:
            for one in started:
                one.says(" works for ")
            yield started
        finally:
            for one in started:
                one.process.kill()
                one.end()

    def report(self, *runs: Run) -> None:
        """Report runs as a server would."""
        now = datetime.now(UTC)
        events = [Event(id=f"end of {one.id}", type=EventType.RUN_FINISHED, at=now, run=one) for one in runs]
        with self.store.appending() as tx:
            tx.receive([Received(event_id=one.id, text=json.dumps(encode(one)), at=now) for one in events])

    def tell(self, *keys: str) -> None:
        """Put messages into the outbox: "ops a 1" is the first about the alert a for the channel ops."""
        now = datetime.now(UTC)
        with self.store.writing() as tx:
            tx.add_notifications([_notification(key, now) for key in keys])

    def waiting(self) -> Sequence[Notification]:
        """Return what waits to be sent."""
        with self.store.reading() as tx:
            return tx.notifications(status=Status.WAITING, limit=10_000)

    def cut_connections(self) -> None:
        """Let PostgreSQL end all connections to the database."""
        self._execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() "
            "AND pid <> pg_backend_pid()"
        )

    def drop_queue(self) -> None:
        """Remove the tables of the job queue, as if it had never been there."""
        self._execute("DROP TABLE procrastinate_jobs CASCADE")

    def note_version(self, version: str) -> None:
        """Say that the tables of the job queue have another version."""
        self._execute(f"COMMENT ON TABLE procrastinate_jobs IS '{version}'")

    def _execute(self, statement: str) -> None:
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute(statement.encode())


def failed(pipeline: str) -> Run:
    """Return a run that has failed right now."""
    now = datetime.now(UTC)
    return replace(run(f"run of {pipeline}", pipeline=pipeline), started_at=now - timedelta(seconds=5), ended_at=now)


def keys_of(requests: Iterable[Request]) -> list[str]:
    """Return the idempotency keys of what has arrived, in their order."""
    return [one.headers["webhook-id"] for one in requests]


def _notification(key: str, now: datetime) -> Notification:
    channel, alert, seq = key.split()
    return Notification(
        id=key,
        channel=channel,
        reason=Reason.NEW,
        message=Message(title=key, tone=Tone.ERROR, at=now, severity=Severity.ERROR),
        created_at=now,
        due_at=now,
        severity=Severity.ERROR,
        alert_id=alert,
        seq=int(seq),
    )
