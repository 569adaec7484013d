"""Work that blocks, beside the event loop."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


async def in_thread(work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Do something in a thread of its own and return its result.

    Unlike those of `asyncio.to_thread` the thread does not hold up the end of the process: a receiver that never
    answers must not either.
    """
    loop = asyncio.get_running_loop()
    done: asyncio.Future[T] = loop.create_future()

    def settle(result: T | None, error: BaseException | None) -> None:
        if done.cancelled():
            return
        if error is not None:
            done.set_exception(error)
        else:
            done.set_result(result)  # type: ignore[arg-type]  # it is what `work` returned

    def run() -> None:
        result, error = None, None
        try:
            result = work(*args, **kwargs)
        except Exception as raised:  # noqa: BLE001  # it is raised where the result is waited for
            error = raised
        with contextlib.suppress(RuntimeError):
            # The loop may have been closed meanwhile; then nobody waits.
            loop.call_soon_threadsafe(settle, result, error)

    threading.Thread(target=run, name=f"tocsin-{getattr(work, '__name__', 'work')}", daemon=True).start()
    return await done
