"""Where a pipeline stands while nothing moves: file, line and function, no source and no values."""

from __future__ import annotations

import asyncio
import gc
import sys
import threading
import traceback
from collections.abc import Iterator
from types import FrameType

from tocsin.core.explain.frames import is_user_code, place

#: Frames that are told.
_MOST = 5
#: What `await` on an asynchronous generator or on `__await__` waits for: objects that hide what they belong to.
_OPAQUE = {"async_generator_asend", "async_generator_athrow", "coroutine_wrapper"}


def stack(thread: int) -> tuple[str, ...]:
    """Return where the work of a run stands, innermost first: "orders.py:39 in fetch".

    Looked at are the thread of the run and the threads that dlt has started for it, which carry its identifier in
    their names. The first one that stands in the user's code tells. Where none does, as while a destination's driver
    loads, it is the first that is at work at all.

    Args:
        thread: Identifier of the thread that runs the pipeline. Not the calling one, of which nothing is told.
    """
    stacks = [frames for frames in _stacks(thread) if frames]
    for frames in stacks:
        if users := [frame for frame in frames if is_user_code(frame)]:
            return tuple(map(place, users[:_MOST]))
    # The run's own thread comes first, and waits where others work for it.
    busy = stacks[1:] + stacks[:1]
    return tuple(map(place, busy[0][:_MOST])) if busy else ()


def _stacks(thread: int) -> Iterator[list[FrameType]]:
    frames = sys._current_frames()  # noqa: SLF001  # the documented way to look at other threads
    # Our own frame would refer to itself here, and with it keep what all of them hold until garbage is collected.
    frames.pop(threading.get_ident(), None)
    if thread in frames:
        yield _with_task(_inside_dlt(_outward(frames[thread])))
    pool = f"dlt-pool-{thread}-"
    for helper in threading.enumerate():
        if helper.ident in frames and helper.name.startswith(pool):
            walked = _with_task(_outward(frames[helper.ident]))
            # A thread of a pool waits for work, an event loop without a task for an event.
            yield [] if _module(walked[0]) in {"concurrent", "selectors"} else walked


def _with_task(frames: list[FrameType]) -> list[FrameType]:
    """Put before the frames of an event loop that waits those of a task that it waits for."""
    if not frames or _module(frames[0]) != "selectors":
        return frames
    loop = next((each.f_locals.get("self") for each in frames if each.f_code.co_name == "run_forever"), None)
    if isinstance(loop, asyncio.AbstractEventLoop):
        for task in asyncio.all_tasks(loop):
            suspended = list(_awaited(task.get_coro()))[::-1]
            if any(map(is_user_code, suspended)):
                return suspended + frames
    return frames


def _awaited(awaitable: object) -> Iterator[FrameType]:
    """Yield the frames in which a task is suspended, outermost first."""
    while awaitable is not None:
        if type(awaitable).__name__ in _OPAQUE:
            awaitable = next((each for each in gc.get_referents(awaitable) if _part(each, "frame")), None)
        if not isinstance(frame := _part(awaitable, "frame"), FrameType):
            return
        yield frame
        awaitable = _part(awaitable, "await")


def _part(awaitable: object, part: str) -> object:
    """Return the frame of a coroutine or generator, or what it waits for; inspect(3) names them by kind."""
    names = {"frame": ("cr_frame", "ag_frame", "gi_frame"), "await": ("cr_await", "ag_await", "gi_yieldfrom")}
    return next((getattr(awaitable, name) for name in names[part] if hasattr(awaitable, name)), None)


def _inside_dlt(frames: list[FrameType]) -> list[FrameType]:
    """Leave out what called dlt: that the script waits for `pipeline.run()` says nothing."""
    ours = [index for index, frame in enumerate(frames) if _module(frame) == "dlt"]
    return frames[: ours[-1] + 1] if ours else frames


def _module(frame: FrameType) -> str:
    return str(frame.f_globals.get("__name__", "")).partition(".")[0]


def _outward(innermost: FrameType) -> list[FrameType]:
    return [frame for frame, _ in traceback.walk_stack(innermost)]
