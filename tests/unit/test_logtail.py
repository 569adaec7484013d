"""The last lines of a run that failed where nobody keeps its log."""

from __future__ import annotations

import gc
import logging
import os
import stat
import sys
import weakref
from collections.abc import Iterator
from pathlib import Path

import pytest

from tocsin.capture.logtail import LogTail, write_log


@pytest.fixture
def tail() -> Iterator[LogTail]:
    """Give a tail that listens to dlt's logger and to the root logger, which pytest has set up."""
    tail = LogTail()
    tail.attach()
    tail.attach()
    yield tail
    for logger in (logging.getLogger("dlt"), logging.getLogger()):
        logger.removeHandler(tail)


def test_lines_of_dlt_and_of_the_user_are_kept_once(tail: LogTail) -> None:
    """A record that reaches both loggers is one line; the oldest lines go first."""
    logging.getLogger("dlt").warning("from dlt")
    logging.getLogger("mine").error("from %s", "me")
    assert [line.split(" ", 2)[2] for line in tail.lines] == ["WARNING dlt: from dlt", "ERROR mine: from me"]

    for number in range(500):
        logging.getLogger("mine").error("line %d", number)
    assert len(tail.lines) == 400
    assert tail.lines[-1].endswith("line 499")


def test_a_root_logger_without_handlers_is_left_alone() -> None:
    """Our handler would turn the user's later `logging.basicConfig()` into a call without effect."""
    root, tail = logging.getLogger(), LogTail()
    handlers, root.handlers = root.handlers, []
    try:
        tail.attach()
        assert root.handlers == []
    finally:
        root.handlers = handlers
        logging.getLogger("dlt").removeHandler(tail)


def test_the_users_handlers_see_their_own_texts(tail: LogTail) -> None:
    """A formatter that writes exceptions in its own way is not given ours, although we come first."""

    class Short(logging.Formatter):
        def formatException(self, ei: object) -> str:  # noqa: ARG002, N802  # the name is the standard library's
            return "short"

    try:
        _ = 1 / 0
    except ZeroDivisionError:
        record = logging.LogRecord("dlt", logging.ERROR, "x.py", 1, "failed", (), sys.exc_info())
    tail.handle(record)

    assert Short().format(record) == "failed\nshort"
    assert "ZeroDivisionError" in tail.lines[0]


def test_a_record_that_cannot_be_formatted_is_named(tail: LogTail) -> None:
    """A mistake in the user's call is theirs to find and no trouble here."""
    record = logging.LogRecord("mine", logging.ERROR, "x.py", 1, "%d rows", ("many",), None)
    tail.handle(record)

    assert list(tail.lines) == ["ERROR mine: (a record that cannot be formatted)"]


def test_nothing_of_the_users_is_kept_alive(tail: LogTail) -> None:
    """What the frames of a logged exception hold can be freed."""
    record = logging.LogRecord("mine", logging.ERROR, "x.py", 1, "text", (), None)
    gone = weakref.ref(record)
    tail.handle(record)
    del record
    gc.collect()

    assert gone() is None
    assert len(tail.lines) == 1


def test_logs_are_written_for_their_owner_and_the_oldest_are_dropped(tmp_path: Path) -> None:
    """The newest two hundred stay; whatever a text holds can be written."""
    folder = tmp_path / "logs"
    for number in range(203):
        write_log(folder / f"{number}.log", f"\ud800 ä {number}")
        os.utime(folder / f"{number}.log", (number, number))
    write_log(folder / "last.log", "last")

    names = {path.name for path in folder.iterdir()}
    assert len(names) == 200
    assert {"last.log", "202.log"} <= names
    assert not {"0.log", "3.log"} & names
    assert (folder / "202.log").read_text() == "\\ud800 ä 202"
    assert stat.S_IMODE((folder / "last.log").stat().st_mode) == 0o600
