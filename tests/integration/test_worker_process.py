"""`tocsin worker` as real processes on a real PostgreSQL: what they send, in which order, and what they survive."""

from __future__ import annotations

import itertools
import signal
import sys
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from fleet import Fleet, failed, keys_of
from real_postgres import MISSING, POSTGRES, Postgres, running_postgres
from receiver import Connection, Receiver, answer, receiving
from tocsin.worker.sweep import GONE_AFTER
from typed_process import MAIN, TypedProcess, wait_until

#: A webhook whose receiver takes a message each half second.
INTERVAL = 0.5
RARE = f"from tocsin.channels.webhook import Webhook; Webhook.min_interval = {INTERVAL}; {MAIN}"


@pytest.fixture
def fleet(tmp_path: Path, postgres: Postgres, monkeypatch: pytest.MonkeyPatch) -> Iterator[Fleet]:
    """Give a database and a folder with settings."""
    monkeypatch.setenv("NO_PROXY", "localhost")
    made = Fleet(tmp_path, postgres)
    yield made
    made.store.close()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """Give a webhook's receiver."""
    with receiving() as made:
        yield made


class Held:
    """A receiver's answer that is held back until the test lets it go."""

    def __init__(self) -> None:
        """Hold back."""
        self.go_on = threading.Event()

    def __call__(self, connection: Connection) -> None:
        """Answer at last."""
        while not self.go_on.wait(0.05) and not connection.closing.is_set():
            pass
        answer(200)(connection)


def orders(keys: list[str]) -> dict[str, list[int]]:
    """Return the numbers of the messages about each alert on each channel, as they came first."""
    came = defaultdict[str, list[int]](list)
    for key in dict.fromkeys(keys):
        about, _, seq = key.rpartition(" ")
        came[about].append(int(seq))
    return came


def test_three_workers_send_all_once_and_in_order(fleet: Fleet, receiver: Receiver) -> None:
    """Whoever sends, the messages about one alert reach a channel in their order, and none comes twice."""
    channels = [f"c{index}" for index in range(4)]
    fleet.configure(receiver, *channels)
    keys = [f"{channel} a{alert} {seq}" for seq in range(5) for alert in range(6) for channel in channels]
    with fleet.workers(3):
        fleet.tell(*keys)
        wait_until(lambda: len(receiver.requests) >= len(keys), "all messages")

        wait_until(lambda: not fleet.waiting(), "nothing that waits")
    assert Counter(keys_of(receiver.requests)) == Counter(keys)
    assert all(numbers == sorted(numbers) for numbers in orders(keys_of(receiver.requests)).values())


def test_what_a_run_reported_is_told_and_so_is_its_end(fleet: Fleet, receiver: Receiver) -> None:
    """An event that a server has committed becomes a message without anybody waking the workers."""
    fleet.configure(receiver, "ops")
    with fleet.workers(2):
        fleet.report(failed("orders"))
        wait_until(lambda: receiver.requests, "the message")

    assert receiver.last.json["title"].startswith("orders failed")


def test_the_rate_of_a_receiver_is_kept_across_workers(fleet: Fleet, receiver: Receiver) -> None:
    """Three workers together ask a receiver no more often than one may."""
    came: list[float] = []

    def take(connection: Connection) -> None:
        came.append(time.monotonic())
        answer(200)(connection)

    receiver.answers(take)
    fleet.configure(receiver, "ops")
    with fleet.workers(3, main=RARE):
        fleet.tell(*(f"ops a{alert} 1" for alert in range(8)))
        wait_until(lambda: len(came) == 8, "all messages")

    gaps = [after - before for before, after in itertools.pairwise(came)]
    assert min(gaps) >= INTERVAL


def test_a_slow_receiver_holds_up_no_other_channel(fleet: Fleet, receiver: Receiver) -> None:
    """With one channel at a time each, two workers serve two channels."""
    held = Held()
    slow = answer(200)

    def reply(connection: Connection) -> None:
        assert connection.request is not None
        (held if connection.request.target.endswith("/slow") else slow)(connection)

    receiver.answers(reply)
    fleet.configure(receiver, "slow", "fast")
    with fleet.workers(2, "--concurrency", "1"):
        fleet.tell("slow a 1", "slow a 2")
        wait_until(lambda: receiver.requests, "the message that is not answered")
        fleet.tell("fast a 1", "fast a 2", "fast a 3")
        wait_until(lambda: keys_of(receiver.requests)[1:] == ["fast a 1", "fast a 2", "fast a 3"], "the fast ones")
        held.go_on.set()

        wait_until(lambda: len(receiver.requests) == 5, "the last message")


def test_what_a_killed_worker_was_sending_is_sent_by_another(fleet: Fleet, receiver: Receiver) -> None:
    """The channel is free again after some seconds, and the message comes with the same key, before later ones."""
    held = Held()
    receiver.answers(held, answer(200))
    fleet.configure(receiver, "ops")
    with fleet.workers(1) as (first,):
        fleet.tell("ops a 1", "ops a 2")
        wait_until(lambda: receiver.requests, "the message that is not answered")
        with fleet.workers(1):
            first.signal(signal.SIGKILL)
            killed = time.monotonic()
            wait_until(lambda: len(receiver.requests) == 3, "both messages")
            sys.stdout.write(f"sent by another worker {time.monotonic() - killed:.1f} s after the kill\n")
    held.go_on.set()
    assert keys_of(receiver.requests) == ["ops a 1", "ops a 1", "ops a 2"]


def test_a_worker_that_froze_is_replaced_and_comes_back(fleet: Fleet, receiver: Receiver) -> None:
    """What it was sending is sent by another with the same key, and its late answer changes nothing."""
    held = Held()
    receiver.answers(held, answer(200))
    fleet.configure(receiver, "ops")
    with fleet.workers(1) as (first,):
        fleet.tell("ops a 1", "ops a 2")
        wait_until(lambda: receiver.requests, "the message that is not answered")
        with fleet.workers(1) as (second,):
            first.signal(signal.SIGSTOP)
            wait_until(lambda: len(receiver.requests) == 3, "both messages")
            held.go_on.set()
            first.signal(signal.SIGCONT)
            wait_until(lambda: not fleet.waiting(), "nothing that waits")
            second.signal(signal.SIGTERM)
            assert second.end() == 0
            fleet.tell("ops a 3")
            wait_until(lambda: len(receiver.requests) == 4, "what the first sends")
    assert keys_of(receiver.requests) == ["ops a 1", "ops a 1", "ops a 2", "ops a 3"]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_after_what_is_being_sent(fleet: Fleet, receiver: Receiver, number: int) -> None:
    """The message in flight is finished and the next one is left to others: none is lost, and none comes twice."""
    held = Held()
    receiver.answers(held, answer(200))
    fleet.configure(receiver, "ops")
    with fleet.workers(1) as (first,):
        fleet.tell("ops a 1", "ops a 2")
        wait_until(lambda: receiver.requests, "the message that is not answered yet")
        first.signal(number)
        time.sleep(0.5)
        assert first.process.poll() is None
        held.go_on.set()

        assert first.end() == 0
        assert first.out.decode().endswith(" ended\n")
        assert (first.out.count(b"1 message sent"), len(receiver.requests), first.err) == (1, 1, b"")
    with fleet.workers(1):
        wait_until(lambda: not fleet.waiting(), "nothing that waits")
    assert keys_of(receiver.requests) == ["ops a 1", "ops a 2"]


def test_an_end_that_takes_long_is_not_taken_for_a_death(fleet: Fleet, receiver: Receiver) -> None:
    """While a worker waits for its last answer longer than a dead one is waited for, nobody sends that again."""
    answered = threading.Event()

    def slowly(connection: Connection) -> None:
        # A byte now and then, or the sender would give up before.
        connection.sock.sendall(b"HTTP/1.1 200 OK\r\nX-Slow: ")
        while not answered.wait(0.5):
            connection.sock.sendall(b"o")
        connection.sock.sendall(b"\r\nContent-Length: 0\r\n\r\n")

    receiver.answers(slowly, answer(200))
    fleet.configure(receiver, "ops")
    with fleet.workers(1) as (first,):
        fleet.tell("ops a 1")
        wait_until(lambda: receiver.requests, "the message that is not answered yet")
        first.signal(signal.SIGTERM)
        threading.Timer(GONE_AFTER + 2, answered.set).start()
        with fleet.workers(1):
            assert first.end() == 0
            assert answered.is_set()
            wait_until(lambda: not fleet.waiting(), "nothing that waits")
    assert keys_of(receiver.requests) == ["ops a 1"]


def test_sighup_reads_the_configuration_again(fleet: Fleet, receiver: Receiver) -> None:
    """A channel that is new in the settings is served by the same process."""
    fleet.configure(receiver, "ops")
    with fleet.workers(1) as (worker,):
        fleet.configure(receiver, "ops", "new")
        worker.signal(signal.SIGHUP)
        worker.says("the configuration is read again")
        fleet.tell("new a 1")
        wait_until(lambda: receiver.requests, "the message on the new channel")
        assert worker.process.poll() is None


def test_workers_go_on_when_their_connections_were_cut(fleet: Fleet, receiver: Receiver) -> None:
    """They connect anew by themselves."""
    fleet.configure(receiver, "ops")
    with fleet.workers(2):
        fleet.cut_connections()
        fleet.report(failed("orders"))
        wait_until(lambda: receiver.requests, "the message")


@pytest.mark.skipif(POSTGRES is None, reason=MISSING)
def test_workers_go_on_when_postgresql_was_away(
    tmp_path: Path, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They say once that they cannot work, and once that it is over; they were never restarted."""
    monkeypatch.setenv("NO_PROXY", "localhost")
    with running_postgres() as server:
        fleet = Fleet(tmp_path, server)
        fleet.configure(receiver, "ops")
        with fleet.workers(2) as workers:
            server.stop()
            for worker in workers:
                worker.complains("cannot work: ")
            # The first rests are over by then, and nothing more was said.
            time.sleep(4)
            server.start()
            for worker in workers:
                worker.complains("works again")
            fleet.report(failed("orders"))
            wait_until(lambda: receiver.requests, "the message")
            assert [worker.err.count(b"cannot work") for worker in workers] == [1, 1]
        fleet.store.close()


@pytest.mark.parametrize(
    ("prepare", "said"),
    [
        (lambda fleet: fleet.drop_queue(), b"are missing. Type: tocsin db upgrade"),
        (
            lambda fleet: fleet.note_version("00.00.00_01"),
            b"are older than this Procrastinate. Type: tocsin db upgrade",
        ),
        (
            lambda fleet: fleet.note_version("99.00.00_01"),
            b"they have seen 99.00.00_01, and it knows ",
        ),
    ],
    ids=["missing", "older", "newer"],
)
def test_tables_that_do_not_fit_are_said(
    fleet: Fleet, receiver: Receiver, prepare: Callable[[Fleet], None], said: bytes
) -> None:
    """A worker says what to type, and begins to work when that was done."""
    prepare(fleet)
    fleet.configure(receiver, "ops")
    with fleet.worker() as worker:
        worker.complains(said.decode())


def test_a_store_in_a_file_needs_no_workers(fleet: Fleet, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is said what to type instead."""
    monkeypatch.setenv("TOCSIN__STORE", "sqlite:////tmp/t.db")
    with TypedProcess("worker", folder=fleet.folder) as worker:
        assert worker.end() == 1
        assert b"workers share a store in PostgreSQL, and this one is sqlite://" in worker.err
        assert b"Type tocsin watch or tocsin serve" in worker.err
