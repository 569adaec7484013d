"""Watch any callable or block, dlt or not: `@tocsin.watch("export")`, `with tocsin.watch("export"):`."""

from __future__ import annotations

import functools
import inspect
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator
from contextvars import ContextVar
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import TracebackType
from typing import Any, ParamSpec, TypeVar, cast

from tocsin.capture.guards import mark_told, was_told
from tocsin.capture.quiet import quiet
from tocsin.capture.recorder import recorder
from tocsin.core.explain import RunFacts, explain
from tocsin.core.run import IN_CODE, DeclaredSchedule, Outcome, Run

_log = logging.getLogger("tocsin")

P = ParamSpec("P")
T = TypeVar("T")


class Watch:
    """A named job. Each call of the decorated callable, and each pass through the block, is one run.

    Works on functions, coroutine functions, generators and asynchronous generators. Arguments, results and exceptions
    pass through unchanged.
    """

    def __init__(self, name: str, *, schedule: DeclaredSchedule | None = None) -> None:
        """Name the job, and say when it should run; alerts and history belong to the name."""
        self.name = name
        # A job without a schedule says so: it may have had one.
        self._schedule = schedule or DeclaredSchedule(source=IN_CODE)
        # Blocks of several threads and tasks may be open at once, and each ends its own.
        self._entered: ContextVar[tuple[_Pass, ...]] = ContextVar("entered", default=())

    def __call__(self, function: Callable[P, T]) -> Callable[P, T]:
        """Return `function`, watched."""
        if inspect.isasyncgenfunction(function):
            return cast("Callable[P, T]", self._async_generator(function))
        if inspect.isgeneratorfunction(function):
            return cast("Callable[P, T]", self._generator(function))
        if inspect.iscoroutinefunction(function):
            return cast("Callable[P, T]", self._coroutine(function))

        @functools.wraps(function)
        def watched(*args: P.args, **kwargs: P.kwargs) -> T:
            with _Pass(self.name, self._schedule):
                return function(*args, **kwargs)

        return watched

    def __enter__(self) -> None:
        """Begin a run."""
        one = _Pass(self.name, self._schedule)
        self._entered.set((*self._entered.get(), one))
        one.__enter__()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """End the run; an exception goes on its way."""
        *outer, one = self._entered.get()
        self._entered.set(tuple(outer))
        one.__exit__(kind, error, traceback)

    async def __aenter__(self) -> None:
        """Begin a run."""
        self.__enter__()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """End the run; an exception goes on its way."""
        self.__exit__(kind, error, traceback)

    def _coroutine(self, function: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
        @functools.wraps(function)
        async def watched(*args: object, **kwargs: object) -> object:
            with _Pass(self.name, self._schedule):
                return await function(*args, **kwargs)

        return watched

    def _generator(self, function: Callable[..., Generator[Any, Any, Any]]) -> Callable[..., Generator[Any, Any, Any]]:
        @functools.wraps(function)
        def watched(*args: object, **kwargs: object) -> Generator[Any, Any, Any]:
            with _Pass(self.name, self._schedule):
                return (yield from function(*args, **kwargs))

        return watched

    def _async_generator(
        self, function: Callable[..., AsyncGenerator[Any, Any]]
    ) -> Callable[..., AsyncGenerator[Any, Any]]:
        @functools.wraps(function)
        async def watched(*args: object, **kwargs: object) -> AsyncGenerator[Any, Any]:
            with _Pass(self.name, self._schedule):
                inner = function(*args, **kwargs)
                # There is no `yield from` for asynchronous generators: what comes in is handed on piece by piece.
                try:
                    item = await inner.asend(None)
                    while True:
                        try:
                            sent = yield item
                        except GeneratorExit:
                            raise
                        except BaseException as error:  # noqa: BLE001  # athrow() hands in whatever the caller throws
                            item = await inner.athrow(error)
                        else:
                            item = await inner.asend(sent)
                except StopAsyncIteration:
                    return
                finally:
                    await inner.aclose()

        return watched


class _Pass:
    """One run of a watched job."""

    def __init__(self, name: str, schedule: DeclaredSchedule) -> None:
        self._name = name
        self._schedule = schedule
        self._run: Run | None = None

    def __enter__(self) -> None:
        self._begin()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        # A generator that is not read to its end has not failed.
        self._finish(None if isinstance(error, GeneratorExit) else error)

    @quiet
    def _begin(self) -> None:
        self._run = replace(recorder().job(self._name, datetime.now(UTC)), schedule=self._schedule)
        recorder().begin(self._run)

    @quiet
    def _finish(self, error: BaseException | None) -> None:
        if self._run is None:
            return
        run = replace(self._run, ended_at=datetime.now(UTC), outcome=outcome_of(error))
        if error is not None:
            run = replace(
                run,
                cause=explain(error, redact=recorder().redact, step=None, facts=RunFacts(pipeline=run.pipeline)),
                # The alert of the pipeline inside tells it; a second one would tell the same once more.
                told_elsewhere=was_told(error),
            )
            mark_told(error)
        recorder().finish(run)


def outcome_of(error: BaseException | None) -> Outcome:
    """Return how a job ended that let this exception through."""
    match error:
        case None:
            return Outcome.SUCCEEDED
        case SystemExit(code=None | 0):
            return Outcome.SUCCEEDED
        case SystemExit():
            return Outcome.EXITED
        case KeyboardInterrupt():
            return Outcome.INTERRUPTED
    return Outcome.FAILED


def watch(
    name: str,
    *,
    schedule: str | None = None,
    timezone: str | None = None,
    start_within: timedelta | str | None = None,
    finish_within: timedelta | str | None = None,
) -> Watch:
    """Watch a callable or a block as a job called `name`.

    With a schedule the job is expected from its first run on: `tocsin watch` or `tocsin tick` tell when it does not
    start, or does not end in time. What `[tocsin.pipelines.NAME]` says goes before what the code says. A schedule that
    cannot be read raises nothing: the logger `tocsin` warns, and the job is watched without it.

    Args:
        name: Alerts and history belong to this name.
        schedule: When it should start: a cron line ("0 6 * * *"), "every 1h", or a calendar event ("Mon..Fri 06:00").
        timezone: IANA name of the zone of the schedule, for example "Europe/Berlin". Default: the configured one.
        start_within: How long after that it may start, for example "20m". Default: the configured one, 15 minutes.
        finish_within: How long after that it may end, for example "2h". Default: nobody asks.

    Returns:
        A decorator that is a context manager too, both for synchronous and asynchronous code.
    """
    if schedule is None:
        return Watch(name)
    return Watch(name, schedule=_declared(name, schedule, timezone, start_within, finish_within))


@quiet
def _declared(
    name: str,
    schedule: str,
    timezone: str | None,
    start_within: timedelta | str | None,
    finish_within: timedelta | str | None,
) -> DeclaredSchedule | None:
    # Not paid for by jobs without a schedule.
    from tocsin.core.schedule import parse_schedule

    try:
        parse_schedule(schedule, timezone=timezone or "UTC")
        return DeclaredSchedule(
            text=schedule,
            timezone=timezone,
            source=IN_CODE,
            start_within=_length(start_within),
            finish_within=_length(finish_within),
        )
    except ValueError as error:
        _log.warning("tocsin.watch(%r) goes on without its schedule: %s", name, error)
        return None


def _length(value: timedelta | str | None) -> timedelta | None:
    from tocsin.core.duration import parse_duration  # as above

    return value if value is None or isinstance(value, timedelta) else parse_duration(value)
