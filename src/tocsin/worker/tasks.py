"""What a job makes a worker do."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from procrastinate import App, JobContext

from tocsin.engine.deliver import channels_to_serve, give_channels_another_chance, send_on
from tocsin.engine.engine import Engine
from tocsin.engine.expected import looked_last
from tocsin.engine.groups import tell_groups
from tocsin.engine.inbox import take_in
from tocsin.engine.steps import Steps
from tocsin.engine.tick import Ticked, look
from tocsin.engine.watchdog import Watchdog
from tocsin.worker import jobs
from tocsin.worker.threads import in_thread

#: However many workers ask for ticks, one comes no sooner than so after another.
_APART = timedelta(seconds=0.5)
#: Seconds; what becomes due later than so is found by a tick.
_SOON = 2.0
_log = logging.getLogger("tocsin")


def lease_owner(worker_id: int) -> str:
    """Return the name in the leases of a worker that Procrastinate knows by this number."""
    return f"worker {worker_id}"


@dataclass(kw_only=True)
class Tasks:
    """What the jobs of one process do, with one engine."""

    engine: Engine
    app: App
    #: Is told what was done.
    report: Callable[[Ticked], None]
    #: Holds what has to be done at a certain moment, and fails with it.
    group: asyncio.TaskGroup
    #: The numbers by which Procrastinate knows this process, as far as its jobs have told.
    worker_ids: set[int] = field(default_factory=set)
    #: The channels that something is being sent on.
    serving: set[str] = field(default_factory=set)
    _steps: Steps = field(init=False)
    _watchdog: Watchdog = field(init=False)
    _sender: Engine | None = None
    _alarm: asyncio.TimerHandle | None = None
    _failing: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        """Tell Procrastinate what to do for each kind of job."""
        self._steps = Steps(self.engine)
        self._watchdog = Watchdog(self.engine.config.watchdog_url)
        self.app.task(name=jobs.TAKE_IN, pass_context=True)(self._guarded(self._take_in))
        self.app.task(name=jobs.SERVE, pass_context=True)(self._guarded(self._serve))
        ticking = self.app.task(name=jobs.TICK, pass_context=True, queue=jobs.LOOKING)(self._guarded(self._tick))
        # With nothing periodic, Procrastinate 3.10 does not see that it listens no more when PostgreSQL was away: it
        # watches what goes on beside the jobs until the first of it ends, which is what waits for periodic ones.
        self.app.periodic(cron="0 0 * * *")(ticking)

    async def ask_to_tell(self) -> None:
        """Ask for the channels on which something is due to be served, now and when the next message will be due."""
        due, channels = await in_thread(self._due)
        for channel in channels:
            await jobs.ask(jobs.serve(self.app, channel))
        left = (due - self.engine.clock()).total_seconds() if due is not None else _SOON
        if 0 < left < _SOON:
            self._set_alarm(left)

    async def _take_in(self, _context: JobContext) -> None:
        # What the first transaction has led to is told while other events wait to be taken in.
        while events := await in_thread(take_in, self.engine, most=1):
            self.report(Ticked(events=events))
            await self.ask_to_tell()

    async def _tick(self, _context: JobContext, timestamp: int = 0) -> None:  # noqa: ARG002  # of periodic jobs
        done = await in_thread(self._look)
        if done is not None:
            self.report(done)
            self._watchdog.ticked()
            await self.ask_to_tell()

    async def _serve(self, context: JobContext, channel: str) -> None:
        if context.job.worker_id is not None:
            self._sender = self._sender or replace(self.engine, worker=lease_owner(context.job.worker_id))
        self.serving.add(channel)
        self.report(Ticked(sent=await in_thread(self._send, channel)))
        # What the receiver's rate has put off is not left to the next tick.
        await self.ask_to_tell()

    def _look(self) -> Ticked | None:
        """Do all of a tick except to send; None if another worker has done that right now."""
        engine = self.engine
        with engine.store.reading() as tx:
            looked = looked_last(tx)
        if looked is not None and timedelta(0) <= engine.clock() - looked < _APART:
            return None
        done = look(engine, steady=self._steps.steady())
        give_channels_another_chance(engine)
        tell_groups(engine)
        return done

    def _send(self, channel: str) -> int:
        engine = self._sender or self.engine
        try:
            # While settings are being rolled out, it may have been asked for by somebody who knows the channel.
            if channel not in engine.outlets and channel not in channels_to_serve(engine):
                return 0
            return sum(send_on(engine, channel))
        finally:
            self.serving.discard(channel)

    def _due(self) -> tuple[datetime | None, Sequence[str]]:
        """Return when something is due next, and if that is now on which channels it may be."""
        with self.engine.store.reading() as tx:
            due = tx.next_due()
        now = due is not None and due <= self.engine.clock()
        return due, channels_to_serve(self.engine) if now else ()

    def _set_alarm(self, seconds: float) -> None:
        def ring() -> None:
            self.group.create_task(self.ask_to_tell())

        if self._alarm is not None:
            self._alarm.cancel()
        self._alarm = asyncio.get_running_loop().call_later(seconds, ring)

    def _guarded(self, do: Callable[..., Awaitable[None]]) -> Callable[..., Awaitable[None]]:
        """Return what does a job and keeps its failure from ending the worker: a tick asks for it again."""

        async def job(context: JobContext, **said: Any) -> None:  # noqa: ANN401  # what a job carries
            name = context.job.task_name
            if context.job.worker_id is not None:
                self.worker_ids.add(context.job.worker_id)
            try:
                await do(context, **said)
            except Exception as error:  # noqa: BLE001  # one bad moment, or row, must not end all work
                if name not in self._failing:
                    _log.warning("%s: %s; it is tried again", name, error)
                _log.debug("details", exc_info=error)
                self._failing.add(name)
            else:
                if name in self._failing:
                    self._failing.discard(name)
                    _log.warning("%s works again", name)

        return job
