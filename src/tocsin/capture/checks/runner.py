"""Runs checks side by side, each with its time: one that hangs is told as an error and left behind."""

from __future__ import annotations

import contextlib
import queue
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from tocsin.core.check import CheckResult
from tocsin.core.words import duration

#: Seconds in which connections are closed, and queries that were cancelled come back.
_FAREWELL = 2.0
#: Seconds after each of which a query is cancelled once more: it may not have begun when that was done first.
_CANCEL_AGAIN = (0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0)
#: Asks one check through an open client of dlt, and returns what came of it.
Ask = Callable[[Any], CheckResult]


@dataclass(frozen=True, kw_only=True)
class Job:
    """One check that waits to be run."""

    #: The result as far as it is known beforehand: the check, when and for which run.
    blank: CheckResult
    ask: Ask
    #: How long it may take.
    timeout: timedelta


@dataclass(frozen=True, kw_only=True)
class _Under:
    """A check that is being asked."""

    job: Job
    #: When it began, and when it is given up, by the monotonic clock.
    since: float
    until: float


class _Worker:
    """A thread with a connection of its own.

    It is a daemon: a query that never returns must not hold the end of the program.
    """

    def __init__(self, client: Any, done: queue.SimpleQueue[tuple[_Worker, CheckResult]]) -> None:  # noqa: ANN401
        self._client = client
        self._done = done
        self._inbox: queue.SimpleQueue[Job | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._work, name="tocsin-check", daemon=True)
        self._thread.start()

    def begin(self, job: Job) -> None:
        self._inbox.put(job)

    def end(self) -> None:
        self._inbox.put(None)

    def join(self, until: float) -> None:
        self._thread.join(max(until - time.monotonic(), 0))

    def leave(self) -> None:
        """Leave the query behind, and ask the destination to give it up, which may take as long."""
        self.end()
        threading.Thread(target=self._cancel, name="tocsin-check-cancel", daemon=True).start()

    def _work(self) -> None:
        # The connection is opened within the time of the first check that needs it.
        with contextlib.ExitStack() as stack:
            opened = False
            while (job := self._inbox.get()) is not None:
                began = time.monotonic()
                try:
                    if not opened:
                        stack.enter_context(self._client)
                        opened = True
                    result = job.ask(self._client)
                except BaseException as error:  # noqa: BLE001  # whatever a destination or a function raises is told
                    result = failed(job.blank, error)
                took = timedelta(seconds=time.monotonic() - began)
                self._done.put((self, replace(result, took=took)))

    def _cancel(self) -> None:
        for pause in _CANCEL_AGAIN:
            with contextlib.suppress(Exception):
                connection = self._client.native_connection
                # SQLAlchemy keeps that of the driver inside.
                connection = getattr(getattr(connection, "connection", None), "driver_connection", connection)
                (getattr(connection, "interrupt", None) or connection.cancel)()
            self._thread.join(pause)
            if not self._thread.is_alive():
                return


def run_jobs(
    jobs: Sequence[Job], open_client: Callable[[], Any], *, parallel: int, budget: timedelta | None = None
) -> Iterator[CheckResult]:
    """Run checks, and yield their results as they come.

    Args:
        jobs: What to run.
        open_client: Returns a client of dlt that is not open yet, one a connection.
        parallel: How many run at once.
        budget: The time for all of them; None for no limit but that of each.
    """
    said = duration(budget or timedelta(0))
    end = time.monotonic() + budget.total_seconds() if budget is not None else float("inf")
    waiting, done = deque(jobs), queue.SimpleQueue[tuple[_Worker, CheckResult]]()
    idle: list[_Worker] = []
    everyone: list[_Worker] = []
    busy: dict[_Worker, _Under] = {}
    try:
        while waiting or busy:
            now = time.monotonic()
            while waiting and (now >= end or len(busy) < parallel):
                job = waiting.popleft()
                if now >= end:
                    yield replace(job.blank, error=f"no time was left for it within {said}")
                    continue
                try:
                    if not idle:
                        everyone.append(_Worker(open_client(), done))
                        idle.append(everyone[-1])
                except Exception as error:  # noqa: BLE001  # as above
                    yield failed(job.blank, error)
                    continue
                worker = idle.pop()
                worker.begin(job)
                busy[worker] = _Under(job=job, since=now, until=min(now + job.timeout.total_seconds(), end))
            yield from _finished(busy, idle, done)
    finally:
        for worker in busy:
            worker.leave()
        for worker in idle:
            worker.end()
        # A thread that comes back from a driver written in C++ while the interpreter ends aborts the process. So each
        # connection is given the time to close; what does not come back at all does no harm.
        until = time.monotonic() + _FAREWELL
        for worker in everyone:
            worker.join(until)


def _finished(
    busy: dict[_Worker, _Under], idle: list[_Worker], done: queue.SimpleQueue[tuple[_Worker, CheckResult]]
) -> Iterator[CheckResult]:
    """Wait for the next result, or for the next check whose time is over."""
    if not busy:
        return
    wait = max(min(under.until for under in busy.values()) - time.monotonic(), 0)
    try:
        worker, result = done.get(timeout=wait)
    except queue.Empty:
        for late in [worker for worker, under in busy.items() if under.until <= time.monotonic()]:
            yield _left(late, busy.pop(late))
        return
    # What was left behind may come to an end after all, and has been told.
    if worker in busy:
        del busy[worker]
        idle.append(worker)
        yield result


def _left(worker: _Worker, under: _Under) -> CheckResult:
    worker.leave()
    took = timedelta(seconds=time.monotonic() - under.since)
    return replace(under.job.blank, took=took, error=f"no answer within {duration(took)}")


def failed(blank: CheckResult, error: BaseException) -> CheckResult:
    """Return the result of a check that could not be run."""
    said = " ".join(str(error).split()) or type(error).__name__
    return replace(blank, error=f"{type(error).__name__}: {said}")
