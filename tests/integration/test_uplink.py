"""What waits in the spool goes to a server, whatever the server does."""

from __future__ import annotations

import json
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import trustme

from companions import until
from made import run
from receiver import Reply, answer, drip, raw, raw_then_reset, receiving, silence
from scripted_server import ScriptedServer, events_of, problem, taken
from tocsin.capture.spool import Spool
from tocsin.config.model import Config
from tocsin.core.event import Event, EventType, Note
from tocsin.core.run import Outcome
from tocsin.core.wire import CLOCK_AHEAD, CLOCK_PATH
from tocsin.engine.uplink import Uplink

#: Longer than anything here takes, unless something hangs.
_GENEROUS = 30.0


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[ScriptedServer]:
    """Run a server that takes everything."""
    monkeypatch.setenv("NO_PROXY", "localhost")
    with receiving() as receiver:
        yield ScriptedServer(receiver)


def config(server: ScriptedServer | str, home: Path, **changes: Any) -> Config:
    """Return the settings of a pipeline that reports to a server."""
    address = server if isinstance(server, str) else server.address
    return Config(home=home, server=address, api_key="k3y", **changes)


def put(home: Path, *names: str, environment: str = "default") -> None:
    """Report the ends of runs, one a second."""
    for number, name in enumerate(names):
        event = Event(
            id=name,
            type=EventType.RUN_FINISHED,
            at=datetime.now(UTC) + timedelta(seconds=number),
            run=run(name, environment=environment),
        )
        Spool(home).put(event)


def test_what_waits_is_sent_oldest_first_and_removed(server: ScriptedServer, tmp_path: Path) -> None:
    """The server gets every event with the key, and the spool is empty after its answer."""
    put(tmp_path, "a", "b", "c")
    sent = Uplink(config(server, tmp_path)).send()

    assert (sent.events, sent.trouble, str(sent)) == (3, "", "3 events sent")
    assert server.ids == ["a", "b", "c"]
    assert server.posts[0].headers["authorization"] == "Bearer k3y"
    assert server.posts[0].headers["content-encoding"] == "gzip"
    assert Spool(tmp_path).waiting() == 0


def test_a_request_holds_at_most_500_events_and_a_megabyte(server: ScriptedServer, tmp_path: Path) -> None:
    """What is more goes in further requests, and a single larger event by itself."""
    put(tmp_path, *(f"e{number:04}" for number in range(1001)))
    assert Uplink(config(server, tmp_path)).send().events == 1001
    assert [len(events_of(request)) for request in server.posts] == [500, 500, 1]

    note = Note(text="x" * 600_000)
    for number in range(3):
        at = datetime.now(UTC) + timedelta(minutes=number)
        Spool(tmp_path).put(Event(id=f"big{number}", type=EventType.NOTE, at=at, note=note))
    Uplink(config(server, tmp_path)).send()
    assert [len(events_of(request)) for request in server.posts[3:]] == [1, 1, 1]


@pytest.mark.parametrize(
    ("reply", "passes", "says"),
    [
        (answer(503, retry_after="7"), True, "answered 503"),
        (answer(429, retry_after="7"), True, "answered 429"),
        (problem(500, "a fault"), True, "answered 500: a fault"),
        (answer(502, "<html>a proxy"), True, "answered 502"),
        (problem(401, "no such key"), False, "401: no such key; put a key that the server knows into api_key"),
        (problem(403, "only staging"), False, "may report runs of this environment"),
        (answer(404, "<html>"), False, "is tocsin.server the address of a Tocsin server"),
        (answer(400, "<html>nginx"), False, "is tocsin.server the address of a Tocsin server"),
        (answer(302, location="https://login.example.com/?next=x"), False, "points to https://login.example.com/…"),
        # Captive portals, and proxies that answer by themselves.
        (answer(200, "<html>please log in</html>"), False, "that is no answer of a Tocsin server"),
        (answer(202, "<html>please log in</html>"), False, "that is no answer of a Tocsin server"),
        # An answer that breaks off says nothing about the events.
        (raw_then_reset(b'HTTP/1.1 202 Accepted\r\nContent-Length: 90\r\n\r\n{"received":'), False, "no answer of a"),
        (raw_then_reset(b"HTTP/1.1 20"), True, "gave no answer"),
        (raw_then_reset(), True, "gave no answer"),
        (raw(b"SSH-2.0-OpenSSH_9.6\r\n"), True, "gave no answer"),
    ],
)
def test_no_answer_but_a_202_of_a_server_removes_an_event(
    server: ScriptedServer, tmp_path: Path, reply: Reply, says: str, *, passes: bool
) -> None:
    """Whatever else comes back, the events wait, and the trouble says why and what to do."""
    put(tmp_path, "a", "b")
    server.answers(reply)
    uplink = Uplink(config(server, tmp_path))
    sent = uplink.send()

    assert (sent.events, sent.refused, Spool(tmp_path).waiting()) == (0, 0, 2)
    assert says in sent.trouble
    assert (sent.again_in is not None) == passes

    server.answers(taken())
    assert uplink.send(force=True).events == 2
    assert server.ids == ["a", "b"]


@pytest.mark.parametrize(
    "reply",
    [
        silence,
        # One byte now and then keeps a simple timeout from ever coming.
        drip(b"HTTP/1.1 202 Accepted\r\nContent-Length: 9000\r\n\r\n{", b" "),
        drip(b"HTTP/1.1 202 Accepted\r\n", b"X: y\r\n"),
    ],
)
def test_a_server_that_does_not_come_to_an_end_costs_the_budget_only(
    server: ScriptedServer, tmp_path: Path, reply: Reply
) -> None:
    """A server that accepts and never answers is left when the time is over, and the events wait."""
    put(tmp_path, "a")
    server.answers(reply)
    began = time.monotonic()
    sent = Uplink(config(server, tmp_path)).send(budget=timedelta(seconds=0.5))

    assert time.monotonic() - began < 10
    assert sent.trouble
    assert Spool(tmp_path).waiting() == 1


def test_a_server_that_is_down_is_left_alone_by_all_processes(server: ScriptedServer, tmp_path: Path) -> None:
    """One process finds out, and the others of the home neither ask nor wait before the time is over."""
    put(tmp_path, "a")
    server.answers(answer(503, retry_after="30"))
    assert Uplink(config(server, tmp_path)).send().events == 0
    for _ in range(20):
        sent = Uplink(config(server, tmp_path)).send()
        assert "answered 503" in sent.trouble
        assert sent.again_in is not None
        assert timedelta(seconds=20) < sent.again_in <= timedelta(seconds=30)
    assert len(server.posts) == 1

    # Another key is another chance.
    server.answers(taken())
    assert Uplink(replace(config(server, tmp_path), api_key="new")).send().events == 1


def test_rests_grow_and_a_clock_that_was_moved_does_not_make_them_endless(
    server: ScriptedServer, tmp_path: Path
) -> None:
    """Each failure doubles the rest up to a minute, and a rest of more than an hour is none."""
    put(tmp_path, "a")
    server.answers(answer(503))
    uplink = Uplink(config(server, tmp_path))
    rests = [uplink.send(force=True).again_in or timedelta(0) for _ in range(9)]
    assert rests[0] <= timedelta(seconds=1)
    assert timedelta(seconds=29) < rests[-1] <= timedelta(seconds=60)

    past = Uplink(config(server, tmp_path), clock=lambda: datetime.now(UTC) - timedelta(days=2))
    server.answers(taken())
    assert past.send().events == 1


def test_one_bad_event_does_not_hold_up_the_others(server: ScriptedServer, tmp_path: Path) -> None:
    """It is found by halving the batch, and set aside with what the server said."""
    put(tmp_path, *(f"e{number:03}" for number in range(100)))
    server.judge = lambda events: (
        problem(422, "Expected `str` - at `$[0].run`") if any(event["id"] == "e042" for event in events) else None
    )
    sent = Uplink(config(server, tmp_path)).send()

    assert (sent.events, sent.refused, sent.trouble) == (99, 1, "")
    assert server.ids == [f"e{number:03}" for number in range(100) if number != 42]
    [kept] = Spool(tmp_path).set_aside()
    assert json.loads(kept.read_text())["id"] == "e042"
    assert "Expected `str` - at `$[0].run`" in kept.with_suffix(".why").read_text()
    # The way to it is short: not one request an event.
    assert len(server.posts) < 20


def test_a_batch_that_is_too_large_for_a_proxy_is_sent_in_parts(server: ScriptedServer, tmp_path: Path) -> None:
    """A 413, from whomever, halves the batch until its parts fit."""
    put(tmp_path, *(f"e{number}" for number in range(10)))
    server.judge = lambda events: answer(413, "<html>nginx") if len(events) > 3 else None
    assert Uplink(config(server, tmp_path)).send().events == 10
    assert sorted(server.ids) == sorted(f"e{number}" for number in range(10))


def test_what_was_cut_is_sent_again_with_the_same_ids(server: ScriptedServer, tmp_path: Path) -> None:
    """The server may have taken a batch whose answer was lost: it gets the same events once more."""
    put(tmp_path, "a", "b")
    server.answers(raw_then_reset(), taken())
    uplink = Uplink(config(server, tmp_path))
    assert uplink.send().events == 0
    assert uplink.send(force=True).events == 2
    assert [[event["id"] for event in events_of(request)] for request in server.posts] == [["a", "b"], ["a", "b"]]


def test_events_of_an_environment_that_the_key_is_no_good_for_hold_up_nobody(
    server: ScriptedServer, tmp_path: Path
) -> None:
    """They wait for a program with a key of their own, and are not tried at each look."""
    put(tmp_path, "p1", environment="prod")
    put(tmp_path, "s1", environment="staging")
    server.judge = lambda events: (
        problem(403, "only prod") if any(event["run"]["environment"] != "prod" for event in events) else None
    )
    uplink = Uplink(config(server, tmp_path, environment="prod"))
    assert uplink.send().events == 1
    put(tmp_path, "p2", environment="prod")
    sent = uplink.send()

    assert (sent.events, sent.trouble) == (1, "")
    assert server.ids == ["p1", "p2"]
    assert Spool(tmp_path).waiting() == 1
    # Two batches of ours, and one try with those of the other.
    assert len(server.posts) == 3


def test_a_certificate_that_nobody_vouches_for_keeps_events_at_home(tmp_path: Path) -> None:
    """The key is not shown to whoever listens there."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("localhost").configure_cert(context)
    with receiving(context) as receiver, pytest.MonkeyPatch.context() as patch:
        patch.setenv("NO_PROXY", "localhost")
        server = ScriptedServer(receiver)
        put(tmp_path, "a")
        sent = Uplink(config(server, tmp_path)).send()
        assert "a certificate that cannot be trusted" in sent.trouble
        assert "SSL_CERT_FILE" in sent.trouble
        assert receiver.requests == []
    assert Spool(tmp_path).waiting() == 1


@pytest.mark.parametrize(
    ("address", "says"),
    [
        ("http://localhost:1", "cannot be reached"),
        ("https://no-such-host.invalid", "cannot be reached"),
        ("nonsense", "is no address"),
    ],
)
def test_an_address_that_leads_nowhere_is_named(tmp_path: Path, address: str, says: str) -> None:
    """The events wait until somebody has mended it."""
    put(tmp_path, "a")
    assert says in Uplink(config(address, tmp_path)).send(budget=timedelta(seconds=_GENEROUS)).trouble
    assert Spool(tmp_path).waiting() == 1


def test_the_difference_of_the_clocks_goes_with_the_first_event(server: ScriptedServer, tmp_path: Path) -> None:
    """It is asked for before anything is sent, told in seconds, and kept for the processes to come."""
    put(tmp_path, "a")
    server.clock = taken(ahead=timedelta(minutes=5))
    server.answers(taken(ahead=timedelta(minutes=5)))
    Uplink(config(server, tmp_path)).send()
    assert float(server.posts[0].headers[CLOCK_AHEAD.lower()]) == pytest.approx(-300, abs=20)

    put(tmp_path, "b")
    Uplink(config(server, tmp_path)).send()
    assert float(server.posts[1].headers[CLOCK_AHEAD.lower()]) == pytest.approx(-300, abs=20)
    assert [request.target for request in server.receiver.requests].count(CLOCK_PATH) == 1


def test_a_slow_server_makes_no_difference_of_clocks(server: ScriptedServer, tmp_path: Path) -> None:
    """An answer that was written long before it came tells less than what is wrong with it."""
    put(tmp_path, "a")

    def slow(connection: Any) -> None:
        time_told = datetime.now(UTC)
        connection.closing.wait(0.4)
        answer(200, {"time": time_told.isoformat()})(connection)

    server.clock = slow
    Uplink(config(server, tmp_path)).send()
    assert CLOCK_AHEAD.lower() not in server.posts[0].headers


def test_a_server_without_a_clock_takes_events_all_the_same(server: ScriptedServer, tmp_path: Path) -> None:
    """An older server, or a key that may not ask, is no reason to wait."""
    put(tmp_path, "a")
    server.clock = problem(404, "no such page")
    assert Uplink(config(server, tmp_path)).send().events == 1


def test_events_in_hand_are_sent_where_the_disk_takes_nothing(server: ScriptedServer, tmp_path: Path) -> None:
    """A home that cannot be made is no reason to stay silent."""
    (tmp_path / "file").touch()
    event = Event(id="a", type=EventType.RUN_FINISHED, at=datetime.now(UTC), run=run("a"))
    assert Uplink(config(server, tmp_path / "file" / "home")).send([event]).events == 1
    assert server.ids == ["a"]


def test_one_process_of_a_home_tells_that_its_runs_live(server: ScriptedServer, tmp_path: Path) -> None:
    """A hundred companions of a hundred runs do not send ten thousand signs of life; another takes over."""
    now = datetime.now(UTC)
    begun = now - timedelta(minutes=1)
    living = run("a", started_at=begun, ended_at=None, outcome=Outcome.RUNNING, cause=None, heartbeat_at=now)
    Spool(tmp_path).beat(living, now)
    first, second = Uplink(config(server, tmp_path)), Uplink(config(server, tmp_path))
    for uplink in (first, second, first):
        uplink.send()
    assert [event["run"]["id"] for event in server.events] == ["a"]

    first.close()
    second.send()
    # The same again, which changes nothing.
    assert len({event["id"] for event in server.events}) == 1
    assert len(server.events) == 2


def test_signs_of_life_that_are_too_old_are_told_once_and_dropped(server: ScriptedServer, tmp_path: Path) -> None:
    """They come from a machine that was switched off; the server has judged the run by its silence."""
    now = datetime.now(UTC)
    then = now - timedelta(days=3)
    left = run("a", started_at=then, ended_at=None, outcome=Outcome.RUNNING, cause=None)
    Spool(tmp_path).beat(replace(left, heartbeat_at=then + timedelta(hours=1)), then)
    uplink = Uplink(config(server, tmp_path))
    for _ in range(3):
        uplink.send()
    assert len(server.events) == 1
    assert list(Spool(tmp_path).heartbeats()) == []


def test_a_sender_that_is_killed_loses_nothing(server: ScriptedServer, tmp_path: Path) -> None:
    """Whoever comes after it sends what was not acknowledged, under the same ids."""
    names = [f"e{number:04}" for number in range(1200)]
    put(tmp_path, *names)
    server.answers(taken(), silence)
    script = (
        "import sys; from pathlib import Path; from tocsin.config.model import Config\n"
        "from tocsin.engine.uplink import Uplink\n"
        "Uplink(Config(home=Path(sys.argv[1]), server=sys.argv[2])).send()\n"
    )
    process = subprocess.Popen([sys.executable, "-c", script, str(tmp_path), server.address])
    until(lambda: len(server.posts) == 2)
    process.kill()
    process.wait()
    assert Spool(tmp_path).waiting() == 700

    server.answers(taken())
    assert Uplink(config(server, tmp_path)).send().events == 700
    assert server.ids == names


def test_several_senders_at_once_send_each_event_once(server: ScriptedServer, tmp_path: Path) -> None:
    """They take turns, and each finds done what the one before it did."""
    names = [f"e{number:03}" for number in range(200)]
    put(tmp_path, *names)
    with ThreadPoolExecutor(4) as pool:
        sent = list(pool.map(lambda _: Uplink(config(server, tmp_path)).send().events, range(4)))
    assert sum(sent) == 200
    assert server.ids == names
