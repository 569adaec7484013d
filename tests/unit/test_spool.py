"""The hand-off on disk: whole files or none, read in order, and nothing thrown away."""

from __future__ import annotations

import json
import stat
import threading
from datetime import UTC, datetime
from pathlib import Path

import pytest

from made import at, run
from tocsin.capture.spool import Spool
from tocsin.core.event import Event, EventType, Note
from tocsin.core.run import Outcome
from tocsin.errors import SpoolError


def event(name: str, *, minute: float = 0) -> Event:
    """Return the report of a run."""
    return Event(id=name, type=EventType.RUN_FINISHED, at=at(minute), run=run(name))


@pytest.fixture
def spool(tmp_path: Path) -> Spool:
    """Give a spool whose directory is not there yet."""
    return Spool(tmp_path / "new" / "home")


def test_events_come_back_in_the_order_in_which_they_happened(spool: Spool) -> None:
    """What is written is read as it was, whoever was written first."""
    written = [event("b", minute=2), event("c", minute=1), event("a", minute=3)]
    for one in written:
        spool.put(one, durable=one.id == "a")

    assert [each for _, each in spool.read()] == sorted(written, key=lambda each: each.at)
    assert spool.waiting() == 3


def test_an_event_is_there_until_it_is_done(spool: Spool) -> None:
    """Reading removes nothing; two engines may be done with the same event."""
    spool.put(event("a"))
    ((path, _),) = spool.read()
    spool.done(path)
    spool.done(path)

    assert list(spool.read()) == []


def test_nothing_is_made_before_the_first_event(spool: Spool) -> None:
    """Looking into a spool that does not exist finds nothing and makes nothing."""
    assert (list(spool.read()), list(spool.heartbeats()), spool.waiting(), spool.set_aside()) == ([], [], 0, ())
    assert not spool.events.exists()


def test_only_their_owner_can_read_events(spool: Spool) -> None:
    """An event tells what a pipeline does."""
    spool.put(event("a"))

    ((path, _),) = spool.read()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(spool.events.stat().st_mode) == 0o700


def test_a_sign_of_life_is_replaced_by_the_next(spool: Spool) -> None:
    """There is one file a run, which goes with the run; events and signs of life do not mix."""
    alive = run("a", outcome=Outcome.RUNNING, ended_at=None)
    spool.beat(alive, at(1))
    spool.beat(alive, at(2))
    spool.put(event("b"))

    assert [(each.at, each.type) for _, each in spool.heartbeats()] == [(at(2), EventType.PROGRESS)]
    spool.still("a")
    spool.still("a")
    assert list(spool.heartbeats()) == []
    assert spool.waiting() == 1


@pytest.mark.parametrize(
    ("content", "because"),
    [
        (b"", "Expecting value"),
        # Half a file, as a machine without power leaves it.
        (b'{"v": 1, "id": "x", "type": "run.fin', "Unterminated string"),
        (b"\xff\xfe\x00", "codec can't decode"),
        (b"[" * 100_000, "while decoding a JSON array"),
        (b"[]", "format None is not known"),
        (b"{}", "not a Event"),
        (b'{"v": 1, "id": "x", "type": "other", "at": "2026-01-01T00:00:00+00:00"}', "'other' is not a valid"),
        (b'{"v": 1, "id": "x", "type": "note", "at": "2026-01-01T00:00:00"}', "has no time zone"),
        (b'{"v": 1, "id": "x", "type": "note", "at": "yesterday"}', "Invalid isoformat"),
        # Written by a newer version: it may mean something else by the same words.
        (b'{"v": 2, "id": "x", "type": "note", "at": "2026-01-01T00:00:00+00:00"}', "upgrade dlt-tocsin"),
    ],
)
def test_what_is_no_event_is_set_aside_named_and_kept(
    spool: Spool, caplog: pytest.LogCaptureFixture, content: bytes, because: str
) -> None:
    """It holds up nobody, people are told, and it can still be looked at."""
    spool.put(event("good"))
    broken = spool.events / "20200101T000000000000-broken.json"
    broken.write_bytes(content)

    assert [each.id for _, each in spool.read()] == ["good"]
    (kept,) = spool.set_aside()
    assert kept.read_bytes() == content
    assert broken.name in caplog.text
    assert str(kept) in caplog.text
    assert because in caplog.text


def test_what_cannot_be_read_now_stays(spool: Spool, caplog: pytest.LogCaptureFixture) -> None:
    """An error of the disk says nothing about the event."""
    spool.put(event("good"))
    unreadable = spool.events / "20200101T000000000000-unreadable.json"
    unreadable.mkdir()

    assert [each.id for _, each in spool.read()] == ["good"]
    assert unreadable.exists()
    assert "it stays where it is" in caplog.text


def test_an_event_that_another_engine_took_is_passed_over(spool: Spool) -> None:
    """Between the listing and the reading somebody may have been faster."""
    for name in ("a", "b"):
        spool.put(event(name))
    seen = []
    for path, each in spool.read():
        seen.append(each.id)
        for other in spool.events.glob("*.json"):
            spool.done(other)
        spool.reject(path, "it is gone already")

    assert seen == ["a"]
    assert spool.set_aside() == ()


def test_a_spool_that_cannot_be_written_says_what_to_type(tmp_path: Path) -> None:
    """The error names the file, the reason and the way out, and leaves nothing behind."""
    (tmp_path / "file").touch()

    with pytest.raises(SpoolError, match=r"cannot write .*Not a directory; make room or set TOCSIN__HOME to another"):
        Spool(tmp_path / "file").put(event("a"))
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_readers_never_see_half_an_event(spool: Spool) -> None:
    """Threads that write the same sign of life over and over leave a whole one at every moment."""
    alive = run("a", outcome=Outcome.RUNNING, ended_at=None, note="n" * 100_000)
    spool.beat(alive, at(0))

    def write() -> None:
        for minute in range(50):
            spool.beat(alive, at(minute))

    writers = [threading.Thread(target=write) for _ in range(3)]
    for writer in writers:
        writer.start()
    while any(writer.is_alive() for writer in writers):
        assert len(list(spool.heartbeats())) == 1
    for writer in writers:
        writer.join()

    assert spool.set_aside() == ()
    assert [path.name for path in spool.alive.iterdir()] == ["a.json"]


def test_texts_survive_as_they_are(spool: Spool) -> None:
    """Emoji, NUL and lone surrogates come back; the file is plain ASCII."""
    text = "ä 🔔 \0 \ud800"
    spool.put(Event(id="n", type=EventType.NOTE, at=datetime.now(UTC), note=Note(text=text)))

    ((path, read),) = spool.read()
    assert read.note is not None
    assert read.note.text == text
    assert path.read_bytes().isascii()
    assert json.loads(path.read_text())["v"] == 1
