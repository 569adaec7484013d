"""The jobs of the fleet: what can be asked for, and how Procrastinate is reached.

A job carries a name and nothing else: what there is to do stands in our own tables, and whoever does a job does all
that is due by then. So a job may be lost, and may be done twice. A job is asked for after the commit of what it is
about, and while one waits no other like it is added: the one that waits will read what was committed.
"""

from __future__ import annotations

import contextlib
import logging
from typing import Any

from procrastinate import App, PsycopgConnector, SyncPsycopgConnector
from procrastinate.exceptions import AlreadyEnqueued, ConnectorException
from procrastinate.jobs import JobDeferrer

from tocsin.store.postgres_engine import libpq

#: What looks at the inbox and at the clock has a queue of its own: it never waits for a receiver.
LOOKING, TELLING = "tocsin-look", "tocsin-tell"
TAKE_IN, TICK, SERVE = "take_in", "tick", "serve"
#: Seconds to wait for a connection: long enough for a busy server, short enough to say soon that there is none.
PATIENCE = 5.0
#: Connections for the jobs of a worker, beside one that listens for each queue.
_CONNECTIONS = 3

# What they have to say of lost connections is said once, by us.
for _library in ("procrastinate", "psycopg"):
    logging.getLogger(_library).addHandler(logging.NullHandler())


def working(url: str, *, name: str) -> App:
    """Return Procrastinate for a worker; nothing is connected yet.

    Args:
        url: The address of the store, with its credentials.
        name: How PostgreSQL calls the connections in `pg_stat_activity`.

    Raises:
        StoreError: It is no address of a database.
    """
    return App(connector=PsycopgConnector(**_pool(url, name), min_size=1, max_size=_CONNECTIONS, timeout=PATIENCE))


def asking(url: str, *, name: str) -> App:
    """Return Procrastinate for one thread that asks for jobs; it connects when there is something to ask for.

    The parameters are those of `working`.

    Raises:
        StoreError: It is no address of a database.
    """
    return App(connector=SyncPsycopgConnector(**_pool(url, name), min_size=0, max_size=1, timeout=PATIENCE))


def _pool(url: str, name: str) -> dict[str, Any]:
    parameters = libpq(url, name=name)
    return {"conninfo": parameters.pop("conninfo"), "kwargs": parameters}


def take_in(app: App) -> JobDeferrer:
    """Take in what waits in the inbox. One worker at a time does; a tick does it too."""
    return app.configure_task(TAKE_IN, queue=LOOKING, lock="tocsin inbox", queueing_lock="tocsin inbox")


def tick(app: App) -> JobDeferrer:
    """Do what time makes due. Any number may at the same time: one that froze there must not hold up all."""
    return app.configure_task(TICK, queue=LOOKING, queueing_lock="tocsin tick")


def serve(app: App, channel: str) -> JobDeferrer:
    """Send what is due on a channel. One worker at a time does, so its order and its rate are exact."""
    name = f"tocsin channel {channel}"
    return app.configure_task(SERVE, queue=TELLING, lock=name, queueing_lock=name, task_kwargs={"channel": channel})


async def ask(wanted: JobDeferrer) -> None:
    """Add a job, unless one like it waits.

    Raises:
        procrastinate.exceptions.ConnectorException: The database cannot be read or written.
    """
    # PostgreSQL would refuse a second one by itself, and write an error into its log each time.
    if not await wanted.job_manager.list_jobs_async(queueing_lock=wanted.job.queueing_lock, status="todo"):
        with contextlib.suppress(AlreadyEnqueued):
            await wanted.defer_async()


def ask_now(wanted: JobDeferrer) -> None:
    """Do as `ask`, from a thread."""
    if not wanted.job_manager.list_jobs(queueing_lock=wanted.job.queueing_lock, status="todo"):
        with contextlib.suppress(AlreadyEnqueued):
            wanted.defer()


def reason(error: Exception) -> Exception:
    """Return what is behind an error of Procrastinate, which says only that something is wrong with the database."""
    cause = error.__cause__
    return cause if isinstance(error, ConnectorException) and isinstance(cause, Exception) else error
