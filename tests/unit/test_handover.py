"""Which way what is reported takes to an engine."""

from __future__ import annotations

import threading
from datetime import timedelta
from pathlib import Path

import pytest

from tocsin.capture import handover
from tocsin.capture.handover import Companion, Handover
from tocsin.config.model import Config


class Line(Companion):
    """A companion that can be asked what it was told, and is there or not."""

    def __init__(self, *, there: bool) -> None:
        """Start nothing."""
        super().__init__([], Path())
        self.there = there
        self.heard: list[str] = []

    def start(self) -> bool:
        """Note it."""
        self.heard.append("start")
        return self.there

    def call(self, *, wait: float) -> bool:
        """Note it."""
        self.heard.append(f"call {wait:g}")
        return self.there


@pytest.mark.parametrize(
    ("mode", "there", "urgent", "in_hand", "heard", "inline"),
    [
        # Good news wait for the companion's own look.
        ("spawn", True, False, False, ["start"], False),
        ("spawn", True, True, False, ["start", "call 5"], False),
        # Nobody is there to hear it.
        ("spawn", False, True, False, ["start", "call 5"], True),
        # Only this process has what could not be written down.
        ("spawn", True, True, True, ["start"], True),
        ("none", True, True, True, [], True),
        ("none", True, True, False, [], False),
        ("inline", True, False, False, [], True),
        ("inline", True, True, False, [], True),
    ],
)
def test_each_mode_takes_its_way(
    monkeypatch: pytest.MonkeyPatch,
    mode: str,
    *,
    there: bool,
    urgent: bool,
    in_hand: bool,
    heard: list[str],
    inline: bool,
) -> None:
    """The companion is called for what is urgent, and this process does it where nobody else can."""
    line = Line(there=there)
    way = Handover(Config(home=Path(), handover=mode), line, list)
    ran: list[timedelta] = []
    monkeypatch.setattr(way, "_run_engine", ran.append)
    way.begin()
    way.finish(urgent=urgent, in_hand=in_hand)

    assert line.heard == heard
    # What is urgent is tried again within the budget.
    assert ran == ([timedelta(seconds=5 if urgent else 0)] if inline else [])


def test_an_engine_that_hangs_is_left_to_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    """The caller goes on after the budget, whatever the engine does."""
    hanging = threading.Event()
    way = Handover(Config(home=Path(), handover="inline", budget=timedelta(milliseconds=10)), Line(there=False), list)
    monkeypatch.setattr(way, "_run_engine", lambda _patience: hanging.wait(60))
    way.finish(urgent=True)

    assert not hanging.is_set()
    hanging.set()


def test_where_no_thread_can_be_started_the_engine_runs_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    """An interpreter that shuts down refuses threads; its last message is sent without one."""
    way = Handover(Config(home=Path(), handover="inline"), Line(there=False), list)
    ran: list[timedelta] = []
    monkeypatch.setattr(way, "_run_engine", ran.append)

    def refuse(_thread: threading.Thread) -> None:
        raise RuntimeError("can't create new thread at interpreter shutdown")

    monkeypatch.setattr(threading.Thread, "start", refuse)
    way.finish(urgent=True)

    assert ran == [timedelta(seconds=5)]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        # An interpreter inside another program does not know where it is.
        ("sys.executable", ""),
        # A shell that is not there, as in an image with nothing but Python.
        ("subprocess.run", None),
    ],
)
def test_where_no_process_can_be_started_nobody_is_called(
    monkeypatch: pytest.MonkeyPatch, name: str, value: object
) -> None:
    """It is found out without a sound, and told to the caller."""

    def missing(*_args: object, **_options: object) -> None:
        raise FileNotFoundError("/bin/sh")

    module, _, attribute = name.partition(".")
    monkeypatch.setattr(getattr(handover, module), attribute, missing if value is None else value)
    companion = Companion([], Path())

    assert companion.start() is False
    assert companion.call(wait=60) is False
