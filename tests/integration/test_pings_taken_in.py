"""Pings in the inbox become runs and alerts, by an engine with a clock that the test moves."""

from __future__ import annotations

import itertools
import json
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

import pytest

from made import at
from stores import NewStore
from tocsin.config.layer import Layer
from tocsin.config.load import load
from tocsin.core.codec import encode
from tocsin.core.event import Event
from tocsin.core.inbox import Received
from tocsin.core.ping import event_type, pinged_run
from tocsin.core.run import Outcome, Run
from tocsin.engine.opening import open_engine
from tocsin.engine.tick import tick
from tocsin.store.open import open_store
from tocsin.store.protocol import Store


class Crontab:
    """Jobs that ping, and an engine that looks after each ping or when it is told to."""

    def __init__(self, home: Path, store: Store, **pipelines: dict[str, object]) -> None:
        """Start at noon."""
        self.now = at(0)
        self._store = store
        self._numbers = itertools.count()
        self._told = home / "told.jsonl"
        channels = {"ops": {"type": "file", "path": str(self._told)}}
        layer = Layer(
            origin="tocsin.toml",
            values={"tocsin": {"channels": channels, "pipelines": pipelines}},
            secrets_allowed=True,
        )
        config = load([layer], home=home)
        assert config.problems == ()
        self._engine = open_engine(config, store=store, clock=lambda: self.now, watching=True)
        tick(self._engine)

    def ping(self, *words: str, minute: float, rid: str = "", output: str = "", look: bool = True) -> None:
        """Ping each word at a minute, and let the engine look."""
        self.now = max(self.now, at(minute))
        received = []
        for word in words:
            number = str(next(self._numbers))
            run = pinged_run(
                word, job="backup", environment="default", at=at(minute), new_id=number, rid=rid, output=output
            )
            event = Event(id=number, type=event_type(word), at=at(minute), run=run)
            received.append(Received(event_id=number, text=json.dumps(encode(event)), at=at(minute)))
        with self._store.appending() as tx:
            tx.receive(received)
        if look:
            self.look(minute)

    def look(self, minute: float) -> None:
        """Let time pass, and let the engine look."""
        self.now = at(minute)
        tick(self._engine)

    def told(self) -> list[str]:
        """Return the messages that were told."""
        return self._told.read_text().splitlines() if self._told.exists() else []

    def runs(self) -> Sequence[Run]:
        """Return the runs, oldest first."""
        with self._store.reading() as tx:
            return [*reversed(tx.runs())]

    def waiting(self) -> int:
        """Return how many pings wait in the inbox."""
        with self._store.reading() as tx:
            return tx.backlog()[0]


@pytest.fixture
def crontab(tmp_path: Path) -> Crontab:
    """Give a crontab without a schedule."""
    return Crontab(tmp_path, open_store("memory://"))


def test_start_and_end_are_one_run(tmp_path: Path, new_store: NewStore) -> None:
    """In one look or in two, with lines of a log between, which stay with the run."""
    crontab = Crontab(tmp_path, new_store())
    crontab.ping("start", minute=0)
    crontab.ping("log", minute=5, output="half way")
    crontab.ping("", minute=8, output="done")
    crontab.ping("start", minute=20, look=False)
    crontab.ping("", minute=23)
    first, second = crontab.runs()
    assert (first.outcome, first.duration, first.context.log_tail) == (
        Outcome.SUCCEEDED,
        timedelta(minutes=8),
        "half way\ndone",
    )
    assert (second.outcome, second.duration) == (Outcome.SUCCEEDED, timedelta(minutes=3))
    assert crontab.waiting() == 0
    assert crontab.told() == []


def test_a_failure_is_told_with_its_output_and_its_end(crontab: Crontab) -> None:
    """One alert, which the next success ends."""
    crontab.ping("2", minute=0, output="tar: /data: no such file\n")
    crontab.ping("", minute=60)
    failed, recovered = crontab.told()
    assert "backup" in failed
    assert "exit code 2: tar: /data: no such file" in failed
    assert "backup" in recovered


def test_a_run_that_never_says_how_it_ended_died(crontab: Crontab) -> None:
    """After a day of silence, which a line of a log ends and begins anew."""
    crontab.ping("start", minute=0)
    crontab.ping("log", minute=600)
    crontab.look(24 * 60 + 500)
    assert crontab.told() == []
    crontab.look(24 * 60 + 601)
    (told,) = crontab.told()
    assert "it pinged its start, and never how it ended" in told


def test_the_settings_say_how_long_it_may_be_silent(tmp_path: Path) -> None:
    """`died_after` of the pipeline goes before the day."""
    crontab = Crontab(tmp_path, open_store("memory://"), backup={"died_after": "30m"})
    crontab.ping("start", minute=0)
    crontab.look(29)
    assert crontab.told() == []
    crontab.look(31)
    assert len(crontab.told()) == 1


def test_the_next_start_gives_up_a_run_that_never_ended(crontab: Crontab) -> None:
    """It is told at once, and over with the next success."""
    crontab.ping("start", minute=0)
    crontab.ping("start", minute=60)
    assert [run.outcome for run in crontab.runs()] == [Outcome.DIED, Outcome.RUNNING]
    assert len(crontab.told()) == 1
    crontab.ping("", minute=65)
    assert [run.outcome for run in crontab.runs()] == [Outcome.DIED, Outcome.SUCCEEDED]
    assert len(crontab.told()) == 2


def test_runs_that_overlap_are_told_apart_by_their_ids(crontab: Crontab) -> None:
    """Each end is that of its own start."""
    crontab.ping("start", minute=0, rid="a")
    crontab.ping("start", minute=5, rid="b")
    crontab.ping("", minute=9, rid="a")
    crontab.ping("1", minute=11, rid="b", output="no")
    assert [(run.outcome, run.duration) for run in crontab.runs()] == [
        (Outcome.SUCCEEDED, timedelta(minutes=9)),
        (Outcome.FAILED, timedelta(minutes=6)),
    ]


def test_a_ping_that_is_sent_again_changes_nothing(crontab: Crontab) -> None:
    """As curl does whose answer got lost; more than one look takes in at once, and nothing stays behind."""
    crontab.ping("start", "start", "log", "", "", "", minute=0)
    crontab.ping(*["log"] * 25, minute=1)
    assert [run.outcome for run in crontab.runs()] == [Outcome.SUCCEEDED]
    assert crontab.waiting() == 0


def test_a_job_that_does_not_ping_has_not_started(tmp_path: Path) -> None:
    """By the schedule in the settings, before its first ping too; the ping that comes late ends it."""
    crontab = Crontab(tmp_path, open_store("memory://"), backup={"schedule": "30 * * * *", "start_within": "5m"})
    crontab.look(34)
    assert crontab.told() == []
    crontab.look(36)
    (told,) = crontab.told()
    assert "not started: expected at 12:30 UTC, start grace of 5 min passed" in told
    crontab.ping("", minute=40)
    assert len(crontab.told()) == 2


def test_a_run_that_takes_too_long_is_late(tmp_path: Path) -> None:
    """By `finish_within`, while it has only pinged its start."""
    crontab = Crontab(tmp_path, open_store("memory://"), backup={"schedule": "0 * * * *", "finish_within": "20m"})
    crontab.ping("start", minute=60)
    crontab.look(79)
    assert crontab.told() == []
    crontab.look(81)
    (told,) = crontab.told()
    assert "should have ended by 13:20 UTC and still runs" in told
    crontab.ping("", minute=83)
    assert len(crontab.told()) == 2
