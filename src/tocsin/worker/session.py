"""A worker between two failures: connected to PostgreSQL, it does jobs until it is told to end."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable
from dataclasses import dataclass, field

from procrastinate import App

from tocsin.engine.engine import Engine
from tocsin.engine.presence import Presence, Role
from tocsin.engine.signals import Signals
from tocsin.engine.systemd import notify_systemd
from tocsin.engine.tick import Ticked
from tocsin.errors import StoreError
from tocsin.worker import jobs
from tocsin.worker.schema import check
from tocsin.worker.sweep import release, sweep
from tocsin.worker.tasks import Tasks
from tocsin.worker.threads import in_thread

#: Seconds between two ticks, and between two signs of life for systemd.
_PULSE = 1.0
#: Seconds between two signs of life for the other workers, and between two looks at theirs.
_BEAT = 2.0
#: Looks at a time that one process does: a tick does not wait for the inbox.
_LOOKS = 2
#: Seconds that are never over.
_NEVER = 1e9
#: Seconds that the end waits for what is being sent, as in `tocsin watch`.
_GRACE = 20.0
_log = logging.getLogger("tocsin")


class _ToldToEnd(Exception):
    """A signal has come."""


@dataclass(kw_only=True)
class Session:
    """One life of a worker."""

    engine: Engine
    app: App
    signals: Signals
    #: Is told what was done.
    report: Callable[[Ticked], None]
    #: Is told when all works.
    works: Callable[[], None]
    #: Channels that are served at a time.
    concurrency: int
    #: The numbers by which Procrastinate knew this process in its last life; nothing is being sent by them any more.
    former_ids: frozenset[int] = frozenset()
    #: The numbers by which it knows this one, as far as jobs have told.
    worker_ids: set[int] = field(default_factory=set, init=False)
    #: The channels that something is still being sent on at the end.
    serving: set[str] = field(default_factory=set, init=False)

    async def run(self) -> None:
        """Do jobs until a signal comes.

        Raises:
            StoreError: The connection was lost, or the tables of the job queue do not fit.
            Exception: Whatever else went wrong with the job queue.
        """
        # The fault of a job whose worker is gone is told by nobody else, and is no news.
        asyncio.get_running_loop().set_exception_handler(lambda _loop, what: _log.debug("details: %s", what))
        async with self.app.open_async():
            await check(self.app, self.engine.store.url)
            # What came of their last messages could not be written: the connection was lost meanwhile.
            await in_thread(release, self.engine.store, self.former_ids)
            beating = asyncio.create_task(self._beat())
            presence = Presence(self.engine, Role.WORKER)
            try:
                async with asyncio.TaskGroup() as group:
                    tasks = Tasks(
                        engine=self.engine,
                        app=self.app,
                        report=self.report,
                        group=group,
                        worker_ids=self.worker_ids,
                        serving=self.serving,
                    )
                    group.create_task(self._until_told())
                    group.create_task(self._pulse(tasks, presence))
                    group.create_task(self._work(jobs.LOOKING, _LOOKS))
                    group.create_task(self._work(jobs.TELLING, self.concurrency))
            except* _ToldToEnd:
                with contextlib.suppress(StoreError):
                    await in_thread(presence.leave)
            finally:
                beating.cancel()

    async def _until_told(self) -> None:
        try:
            while not self.signals.ending:
                await in_thread(self.signals.pause, _PULSE)
                notify_systemd("WATCHDOG=1")
            raise _ToldToEnd
        finally:
            # Whyever it ends: what is being sent is sent to its end, and nothing more is begun.
            self.engine.stopping.set()

    async def _pulse(self, tasks: Tasks, presence: Presence) -> None:
        while True:
            if await sweep(self.app, self.engine.store):
                await tasks.ask_to_tell()
            await jobs.ask(jobs.tick(self.app))
            await in_thread(presence.note)
            self.works()
            await asyncio.sleep(_PULSE)

    async def _work(self, queue: str, concurrency: int) -> None:
        await self.app.run_worker_async(
            queues=[queue],
            concurrency=concurrency,
            install_signal_handlers=False,
            # A job that failed is asked for again by the next tick, as all that is due.
            delete_jobs="always",
            fetch_job_polling_interval=_BEAT,
            update_heartbeat_interval=_BEAT,
            shutdown_graceful_timeout=_GRACE,
            # It is for `sweep` to bury workers: it does more.
            stalled_worker_timeout=_NEVER,
        )
        raise StoreError(f"the connection to {self.engine.store.url} was lost")

    async def _beat(self) -> None:
        """Give signs of life also while the end waits for what is being sent, when Procrastinate gives none."""
        while True:
            await asyncio.sleep(_BEAT)
            for worker_id in sorted(self.worker_ids):
                with contextlib.suppress(Exception):
                    await self.app.job_manager.update_heartbeat(worker_id)
