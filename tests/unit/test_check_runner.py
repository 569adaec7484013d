"""Checks run side by side, each with its time."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import pytest

from check_samples import check, result
from tocsin.capture.checks.runner import Job, run_jobs
from tocsin.core.check import CheckResult

#: Nothing here waits for as long, unless it is broken.
_LONG = 60.0
_BLANK = result(failing=None, checked=None)


@dataclass
class _Clients:
    """Counts connections, as a destination would."""

    opened: int = 0
    closed: int = 0
    cancelled: threading.Event = field(default_factory=threading.Event)
    refuse: Exception | None = None
    #: How many requests to cancel come too early to be heard.
    lost: int = 0

    def __call__(self) -> _Client:
        return _Client(self)


class _Client:
    def __init__(self, clients: _Clients) -> None:
        self._clients = clients

    @property
    def native_connection(self) -> _Client:
        return self

    def interrupt(self) -> None:
        self._clients.lost -= 1
        if self._clients.lost < 0:
            self._clients.cancelled.set()

    def __enter__(self) -> None:
        if self._clients.refuse is not None:
            raise self._clients.refuse
        self._clients.opened += 1

    def __exit__(self, *_: object) -> None:
        self._clients.closed += 1


@pytest.fixture
def clients() -> _Clients:
    """A destination without data."""
    return _Clients()


@pytest.fixture
def hanging() -> Iterator[Callable[[Any], CheckResult]]:
    """A question that is not answered before the test is over."""
    over = threading.Event()

    def ask(_client: object) -> CheckResult:
        over.wait(_LONG)
        return _BLANK

    yield ask
    over.set()


def job(name: str, ask: Callable[[Any], CheckResult] | None = None, *, timeout: float = _LONG) -> Job:
    """Return a check that passes, or is asked as given."""
    blank = replace(_BLANK, check=check(name=name))
    return Job(blank=blank, ask=ask or (lambda _: replace(blank, failing=0)), timeout=timedelta(seconds=timeout))


def errors(results: Iterator[CheckResult]) -> dict[str, str]:
    """Return the error of each check by its name; empty for one that was run."""
    return {one.check.name: one.error for one in results}


def test_checks_share_connections(clients: _Clients) -> None:
    """No more connections are opened than checks run at once, and all are closed."""
    found = errors(run_jobs([job(f"c{i}") for i in range(20)], clients, parallel=3))

    assert found == {f"c{i}": "" for i in range(20)}
    assert 1 <= clients.opened == clients.closed <= 3


def test_no_more_run_at_once_than_allowed(clients: _Clients) -> None:
    """As many as are allowed run side by side, and never one more."""
    together, lock = threading.Barrier(2), threading.Lock()
    running: list[int] = []
    now = 0

    def ask(_client: object) -> CheckResult:
        nonlocal now
        with lock:
            now += 1
            running.append(now)
        together.wait(_LONG)
        with lock:
            now -= 1
        return replace(_BLANK, failing=0)

    assert len(list(run_jobs([job(f"c{i}", ask) for i in range(6)], clients, parallel=2))) == 6
    assert max(running) == 2


def test_a_check_that_hangs_is_left_behind(clients: _Clients, hanging: Callable[[Any], CheckResult]) -> None:
    """It is told after its time and cancelled, and those behind it get another connection."""
    jobs = [job("hangs", hanging, timeout=0.05), job("next"), job("last")]

    assert errors(run_jobs(jobs, clients, parallel=1)) == {
        "hangs": "no answer within 0.1 s",
        "next": "",
        "last": "",
    }
    assert clients.opened == 2
    assert clients.cancelled.wait(_LONG)


def test_what_the_time_for_all_leaves_out_is_told(clients: _Clients, hanging: Callable[[Any], CheckResult]) -> None:
    """Where the end of a run waits, it waits for no longer than the budget, and no check is forgotten."""
    jobs = [job("hangs", hanging), job("waits")]

    assert errors(run_jobs(jobs, clients, parallel=1, budget=timedelta(seconds=0.2))) == {
        "hangs": "no answer within 0.2 s",
        "waits": "no time was left for it within 0.2 s",
    }


def test_a_destination_that_refuses_is_an_error_of_each_check(clients: _Clients) -> None:
    """A connection that cannot be opened is tried for each check, and told of each."""
    clients.refuse = ConnectionError("no route\n  to host")

    found = errors(run_jobs([job("one"), job("two")], clients, parallel=4))

    assert found == dict.fromkeys(("one", "two"), "ConnectionError: no route to host")


def test_a_client_that_cannot_be_made_is_an_error_of_each_check() -> None:
    """A destination without SQL, for example a function, is told as such."""

    def refuse() -> None:
        raise NotImplementedError

    found = errors(run_jobs([job("one"), job("two")], refuse, parallel=1))

    assert found == dict.fromkeys(("one", "two"), "NotImplementedError: NotImplementedError")


def test_what_ends_a_program_ends_only_a_check(clients: _Clients) -> None:
    """A function of the user's may call exit()."""

    def leave(_client: object) -> CheckResult:
        raise SystemExit(3)

    assert errors(run_jobs([job("leaves", leave), job("next")], clients, parallel=1)) == {
        "leaves": "SystemExit: 3",
        "next": "",
    }


def test_whoever_stops_waiting_leaves_nothing_open(clients: _Clients, hanging: Callable[[Any], CheckResult]) -> None:
    """Ctrl-C while checks run gives the queries up."""
    results = run_jobs([job("quick"), job("hangs", hanging)], clients, parallel=2)
    assert next(results).check.name == "quick"

    results.close()  # type: ignore[attr-defined]  # a generator, whose reader is interrupted

    assert clients.cancelled.wait(_LONG)


@pytest.mark.parametrize("lost", [0, 3])
def test_a_query_that_was_cancelled_is_waited_for(clients: _Clients, lost: int) -> None:
    """No thread comes back from a driver while the program ends: some drivers would abort it.

    A driver does not hear of it before its query has begun, so it is told more than once.
    """
    clients.lost = lost

    def ask(_client: object) -> CheckResult:
        clients.cancelled.wait(_LONG)
        raise InterruptedError

    assert errors(run_jobs([job("hangs", ask, timeout=0.05)], clients, parallel=1)) == {
        "hangs": "no answer within 0.1 s"
    }
    assert clients.closed == clients.opened == 1
