"""Three servers and three workers on one PostgreSQL, while everything that can be killed, frozen or cut is.

TOCSIN_FLEET_SECONDS makes it longer, TOCSIN_FLEET_PIPELINES wider, and TOCSIN_FLEET_SEED another one.
"""

from __future__ import annotations

import contextlib
import json
import os
import random
import signal
import socket
import sys
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from http.client import HTTPConnection, HTTPException
from pathlib import Path

import psycopg
import pytest

from fleet import Fleet, keys_of
from made import good_run, run
from real_postgres import MISSING, POSTGRES, Postgres, running_postgres
from receiver import receiving
from tocsin.core.codec import encode
from tocsin.core.event import Event, EventType
from tocsin.core.outbox import Notification, Status
from tocsin.core.run import Outcome, Run
from typed_process import TypedProcess

SECONDS = float(os.environ.get("TOCSIN_FLEET_SECONDS", "15"))
PIPELINES = int(os.environ.get("TOCSIN_FLEET_PIPELINES", "100"))
SEED = int(os.environ.get("TOCSIN_FLEET_SEED", "1"))
CHANNELS = ("ops", "mail")
#: Threads that report, seconds between two runs of a pipeline, and seconds for which a server is waited for.
REPORTERS, APART, IMPATIENCE = 10, 3.0, 3.0
#: Seconds after the last report within which all has to be told, on however busy a machine.
PATIENCE = 300.0
#: Longer than a worker may be silent before others do its work.
LONGEST_FREEZE = 14.0


class Member:
    """A server or a worker, which is started again when it was killed."""

    def __init__(self, start: Callable[[], TypedProcess]) -> None:
        """Start it."""
        self._start = start
        self.process = start()
        self._thaws = 0.0

    def kill(self) -> None:
        """Kill it as by kill -9, and start another in its place."""
        self.process.process.kill()
        self.process.end()
        self.process = self._start()
        self._thaws = 0.0

    def freeze(self, seconds: float) -> None:
        """Let it stand still for a while."""
        self.process.signal(signal.SIGSTOP)
        self._thaws = time.monotonic() + seconds

    def thaw(self, *, at_once: bool = False) -> None:
        """Let it go on, if it has stood still for long enough."""
        if self._thaws and (at_once or time.monotonic() >= self._thaws):
            self.process.signal(signal.SIGCONT)
            self._thaws = 0.0

    def end(self) -> None:
        """End it for good."""
        self.process.process.kill()
        self.process.end()


class Reporter(threading.Thread):
    """Reports the runs of some pipelines, each until a server has acknowledged it."""

    def __init__(self, pipelines: list[str], ports: list[int], seed: int) -> None:
        """Take the pipelines, and where the servers listen."""
        super().__init__()
        self.acknowledged: list[Run] = []
        self.ending = threading.Event()
        self._pipelines, self._ports = pipelines, ports
        self._chance = random.Random(seed)  # noqa: S311  # the same seed, the same runs

    def run(self) -> None:
        """Report until it is told to end, and at last a run that went well for each."""
        number = 0
        while not self.ending.wait(APART / len(self._pipelines)):
            name = self._pipelines[number % len(self._pipelines)]
            self._report(name, number, well=number >= len(self._pipelines) and self._chance.random() < 0.5)
            number += 1
        for name in self._pipelines:
            number += 1
            self._report(name, number, well=True)

    def _report(self, name: str, number: int, *, well: bool) -> None:
        now = datetime.now(UTC)
        made = (good_run if well else run)(f"{name}-{number}", pipeline=name)
        made = replace(made, started_at=now - timedelta(seconds=1), ended_at=now)
        event = Event(id=f"end of {made.id}", type=EventType.RUN_FINISHED, at=now, run=made)
        body = json.dumps(encode(event))
        while not self._accepted(body):
            time.sleep(0.1)
        self.acknowledged.append(made)

    def _accepted(self, body: str) -> bool:
        connection = HTTPConnection("127.0.0.1", self._chance.choice(self._ports), timeout=IMPATIENCE)
        with contextlib.closing(connection), contextlib.suppress(OSError, HTTPException):
            connection.request("POST", "/api/v1/events", body, {"Content-Type": "application/json"})
            return connection.getresponse().status == 202
        return False


@pytest.mark.skipif(POSTGRES is None, reason=MISSING)
def test_nothing_is_lost_or_swapped_whatever_dies(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every acknowledged event becomes a run, every problem an alert, and all messages arrive in order."""
    monkeypatch.setenv("NO_PROXY", "localhost")
    with running_postgres() as server, receiving() as receiver, contextlib.ExitStack() as stack:
        fleet = Fleet(tmp_path, server)
        fleet.configure(receiver, *CHANNELS)
        ports = [_free_port() for _ in range(3)]
        members = [_server(fleet, port) for port in ports] + [_worker(fleet, number) for number in range(3)]
        for member in members:
            stack.callback(member.end)
        names = [f"p{number}" for number in range(PIPELINES)]
        reporters = [Reporter(names[each::REPORTERS], ports, SEED + each) for each in range(REPORTERS)]
        for member, said in zip(members, [" serving "] * 3 + [" works for "] * 3, strict=True):
            member.process.says(said)
        for reporter in reporters:
            reporter.start()
        disturbed = _disturb(server, fleet, members)
        for reporter in reporters:
            reporter.ending.set()
        for reporter in reporters:
            reporter.join()
        calm = time.monotonic()
        acknowledged = [one for reporter in reporters for one in reporter.acknowledged]
        while not _all_told(fleet):
            assert time.monotonic() < calm + PATIENCE, f"waits: {fleet.waiting()}"
            time.sleep(0.1)
        took = time.monotonic() - calm

        keys = keys_of(receiver.requests)
        with fleet.store.reading() as tx:
            decided = tx.notifications(limit=1_000_000)
            runs = {one.id: one.outcome for one in tx.runs(limit=1_000_000)}
            alerts = tx.alerts(limit=1_000_000)
        fleet.store.close()
    sys.stdout.write(
        f"{len(acknowledged)} events, {len(alerts)} alerts, {len(set(keys))} messages, of which "
        f"{len(keys) - len(set(keys))} came twice; {dict(disturbed)}; all was told {took:.1f} s after the last report\n"
    )
    assert {one.id: one.outcome for one in acknowledged} == {key: runs.get(key) for key in (o.id for o in acknowledged)}
    failed = {one.pipeline for one in acknowledged if one.outcome is Outcome.FAILED}
    assert {one.subject for one in alerts} == failed
    assert not [one.subject for one in alerts if one.open]
    assert _lost(decided, keys) == []
    assert _swapped(decided, keys) == []


def _disturb(server: Postgres, fleet: Fleet, members: list[Member]) -> Counter[str]:
    """Do something bad each second or so; at the end all members live, and nobody is frozen."""
    chance = random.Random(SEED)  # noqa: S311  # the same seed, the same troubles
    done = Counter[str]()

    def restart() -> None:
        server.stop()
        time.sleep(chance.uniform(0.1, 2))
        server.start()

    troubles: dict[str, tuple[int, Callable[[], None]]] = {
        "kills": (4, lambda: chance.choice(members).kill()),
        "freezes": (4, lambda: chance.choice(members).freeze(chance.uniform(0.5, LONGEST_FREEZE))),
        "cuts": (2, lambda: _cut(fleet)),
        "restarts of PostgreSQL": (1, restart),
    }
    until = time.monotonic() + SECONDS
    while time.monotonic() < until:
        (trouble,) = chance.choices(list(troubles), [weight for weight, _ in troubles.values()])
        troubles[trouble][1]()
        done[trouble] += 1
        time.sleep(chance.uniform(0.5, 2.5))
        for member in members:
            member.thaw()
    for member in members:
        member.thaw(at_once=True)
    return done


def _cut(fleet: Fleet) -> None:
    with contextlib.suppress(psycopg.OperationalError):
        fleet.cut_connections()


def _server(fleet: Fleet, port: int) -> Member:
    return Member(lambda: TypedProcess("serve", "--port", str(port), folder=fleet.folder))


def _worker(fleet: Fleet, number: int) -> Member:
    return Member(lambda: fleet.worker("--name", f"w{number}"))


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        return int(free.getsockname()[1])


def _all_told(fleet: Fleet) -> bool:
    with fleet.store.reading() as tx:
        return not tx.received(1) and not tx.notifications(status=Status.WAITING, limit=1)


def _lost(decided: Sequence[Notification], keys: list[str]) -> list[str]:
    """Return what was sent and did not arrive, was given up, or arrived although nobody decided to."""
    sent = {one.id for one in decided if one.status is Status.SENT}
    dead = [f"{one.id} was given up: {one.last_error}" for one in decided if one.status is Status.DEAD]
    return [*dead, *(f"{key} was lost" for key in sent - set(keys)), *(f"{key}?" for key in set(keys) - sent)]


def _swapped(decided: Sequence[Notification], keys: list[str]) -> list[str]:
    """Return the channels and alerts whose messages came in another order than it happened."""
    known = {one.id: one for one in decided}
    came = defaultdict[tuple[str, str | None], list[int]](list)
    for key in dict.fromkeys(keys):
        came[known[key].channel, known[key].alert_id].append(known[key].seq)
    return [f"{about}: {numbers}" for about, numbers in came.items() if numbers != sorted(numbers)]
