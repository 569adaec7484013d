"""Kills of this process, as by kill -9, at a step or at a line of the engine; for programs that fork."""

from __future__ import annotations

import importlib
import itertools
import json
import mmap
import os
import signal
import sqlite3
import sys
import threading
import traceback
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any, TypeAlias

from sqlalchemy import Connection, Engine, QueuePool, event
from sqlalchemy.engine.interfaces import DBAPIConnection

from tocsin.channels.base import Outgoing
from tocsin.channels.webhook import Webhook
from tocsin.core.outbox import Receipt

#: Where decisions are taken, told and recorded.
MODULES = tuple(
    importlib.import_module(f"tocsin.engine.{name}")
    for name in (
        *("notify", "groups", "settle", "deliver", "attempt", "together"),
        *("evaluate", "fallback", "follow", "silences"),
    )
)
_FILES = {str(module.__file__): module.__name__.rpartition(".")[2] for module in MODULES}

#: A line of the engine: the name of its module, and its number.
Line: TypeAlias = tuple[str, int]
_Trace: TypeAlias = Callable[[FrameType, str, Any], Any]


def die() -> None:
    """End this process at once: nothing is cleaned up, nothing is flushed."""
    os.kill(os.getpid(), signal.SIGKILL)


def in_child(work: Callable[[], object]) -> bool:
    """Do something in a child, and return whether it was killed; end this program where the child failed."""
    child = os.fork()
    if not child:
        try:
            work()
            os._exit(0)
        except BaseException:  # noqa: BLE001  # nothing may go on in the child with what is the parent's
            traceback.print_exc()
            os._exit(1)
    status = os.waitpid(child, 0)[1]
    if not os.WIFSIGNALED(status) and status:
        sys.exit("a child failed")
    return os.WIFSIGNALED(status)


def count_hand_overs() -> mmap.mmap:
    """Count the messages that a receiver has taken from this process and its children; the first byte is the count."""
    taken = mmap.mmap(-1, 1)
    post = Webhook.send

    def send(self: Webhook, outgoing: Outgoing) -> Receipt:
        receipt = post(self, outgoing)
        taken[0] += 1
        return receipt

    Webhook.send = send  # type: ignore[method-assign]  # whoever sends is counted
    return taken


@contextmanager
def no_wait_for_the_disk() -> Iterator[None]:
    """Let commits return before the disk has them: what a killed process wrote is safe with the kernel."""

    def checked_out(connection: DBAPIConnection, *_: object) -> None:
        # PostgreSQL is started without fsync for tests.
        if isinstance(connection, sqlite3.Connection):
            connection.execute("PRAGMA synchronous = OFF")

    event.listen(QueuePool, "checkout", checked_out)
    try:
        yield
    finally:
        event.remove(QueuePool, "checkout", checked_out)


def at_every_step(step: Callable[[], object]) -> None:
    """Call `step` before each statement and commit of what writes, and before and after each message is handed over.

    What only reads leaves nothing behind: to die in it is to die before what comes next.
    """
    post = Webhook.send

    def send(self: Webhook, outgoing: Outgoing) -> Receipt:
        step()
        receipt = post(self, outgoing)
        step()
        return receipt

    def statement(connection: Connection, *_: object) -> None:
        if not connection.get_execution_options().get("begin", "").endswith(("DEFERRED", "READ ONLY")):
            step()

    event.listen(Engine, "before_cursor_execute", statement)
    event.listen(Engine, "commit", statement)
    Webhook.send = send  # type: ignore[method-assign]  # the hand-over is a step as well


def at_every_line(line: Callable[[Line], object]) -> None:
    """Call `line` before each line of `MODULES`, in every thread that begins from now on and in this one."""

    def inside(frame: FrameType, what: str, _: object) -> _Trace:
        if what == "line":
            line((_FILES[frame.f_code.co_filename], frame.f_lineno))
        return inside

    def begins(frame: FrameType, *_: object) -> _Trace | None:
        return inside if frame.f_code.co_filename in _FILES else None

    threading.settrace(begins)
    sys.settrace(begins)


def die_at_step(number: int) -> None:
    """Die before the step with this number, counted from 0."""
    at_every_step(_countdown(number))


def die_at_line(spared: Collection[Line], last_words: int) -> None:
    """Die at the first line that is not among these, and write to a file descriptor which one that was."""

    def line(reached: Line) -> None:
        if reached not in spared:
            os.write(last_words, f"{json.dumps(reached)}\n".encode())
            die()

    at_every_line(line)


def die_after_lines(number: int) -> None:
    """Die after so many lines, of whatever module."""
    step = _countdown(number)
    at_every_line(lambda _: step())


def _countdown(number: int) -> Callable[[], None]:
    counter = itertools.count()

    def step() -> None:
        if next(counter) == number:
            die()

    return step
