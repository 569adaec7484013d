"""The bodies of requests that bring events."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from hypothesis import HealthCheck, given, settings

from any_events import any_event
from tocsin.capture.spool import parse_event
from tocsin.core.codec import encode
from tocsin.core.event import Event, EventType, Note
from tocsin.web.api.event_text import MOST_EVENTS, read_events
from tocsin.web.problem import Problem

_RUN = {"id": "r", "pipeline": "orders", "environment": "prod", "started_at": "2026-11-23T12:00:00Z"}
_EVENT = {"id": "e", "type": "run.started", "at": "2026-11-23T12:00:00+00:00", "run": _RUN}


def _refused(body: object) -> Problem:
    with pytest.raises(Problem) as refused:
        read_events(body if isinstance(body, bytes) else json.dumps(body).encode())
    return refused.value


@given(any_event())
@settings(suppress_health_check=[HealthCheck.too_slow])
def test_whatever_a_pipeline_writes_is_accepted(event: Event) -> None:
    """What the codec has made of an event passes, and is read again as the same event."""
    (found,) = read_events(json.dumps(encode(event)).encode())
    assert parse_event(found.text.encode()) == event


def test_the_text_is_kept_as_it_came() -> None:
    """With keys that are not known here, and with its own spaces: a later version may know what they mean."""
    first, second = b'{"new": [1,  2], ' + json.dumps(_EVENT).encode()[1:], json.dumps({**_EVENT, "id": "f"}).encode()
    found = read_events(b" [" + first + b" ,\n" + second + b"] ")
    assert [one.id for one in found] == ["e", "f"]
    assert [one.text.encode() for one in found] == [first, second]
    assert read_events(first)[0].text.encode() == first


def test_characters_that_no_encoding_has_are_legal() -> None:
    """NUL and halves of surrogate pairs, which the names of files may hold, come through."""
    for text in ("a\0b", "undecodable \udcff byte", "\ud83d", "🔥"):
        event = Event(id="e", type=EventType.NOTE, at=datetime.now(UTC), note=Note(text=text))
        (found,) = read_events(json.dumps([encode(event)]).encode())
        assert parse_event(found.text.encode()) == event


def test_signs_of_life_are_told_apart() -> None:
    """They bear the same id all the time and tell different things; the same one twice is one."""
    beat = {**_EVENT, "type": "progress", "id": "beat-r"}
    later = {**beat, "at": "2026-11-23T12:00:05Z"}
    first, again, second = read_events(json.dumps([beat, beat, later]).encode())
    assert first.id == again.id != second.id


def test_the_environments_are_those_that_the_event_is_about() -> None:
    """Of its run, its note or its checks; the one that is not named is the default."""
    check = {"check": {"name": "c", "pipeline": "p"}, "environment": "test", "at": "2026-11-23T12:00:00Z"}
    checked = {**_EVENT, "type": "check.finished", "checks": [check]}
    note = {"id": "n", "type": "note", "at": "2026-11-23T12:00:00Z", "note": {"text": "hello"}}
    found = read_events(json.dumps([_EVENT, checked, note]).encode())
    assert [one.environments for one in found] == [{"prod"}, {"prod", "test"}, {"default"}]


def test_an_empty_list_is_no_mistake() -> None:
    """There is nothing in it, and nothing wrong with it."""
    assert read_events(b"[]") == []


WRONG: list[tuple[str, object, int, str]] = [
    ("nothing", b"", 400, "The body is no JSON: Input data was truncated."),
    ("no JSON", b'{"id": }', 400, "The body is no JSON: JSON is malformed: invalid character (byte 7)."),
    ("cut off", b'[{"id": "a', 400, "The body is no JSON: Input data was truncated."),
    (
        "a number that is none",
        b'{"id": NaN}',
        400,
        "The body is no JSON: JSON is malformed: invalid character (byte 7).",
    ),
    ("not UTF-8", b'{"id": "\xff"}', 400, "The body is not UTF-8 (invalid start byte). Send JSON in UTF-8."),
    ("not UTF-8 in a key that is not known", b'{"x": "\xff"}', 400, "The body is not UTF-8"),
    ("lists in lists", b"[" * 100_000, 400, "nests lists or objects too deeply"),
    ("surrogates, and cut off", b'{"x": "\\ud800"', 400, "The body is no JSON"),
    ("a number", b"5", 422, "Expected `object`, got `int` - at `$`"),
    ("a list of a number", [5], 422, "Expected `object`, got `int` - at `$[0]`"),
    ("no id", {**_EVENT, "id": None}, 422, "Expected `str`, got `null` - at `$.id`"),
    ("a wrong type", [_EVENT, {**_EVENT, "run": {**_RUN, "pipeline": 5}}], 422, "got `int` - at `$[1].run.pipeline`"),
    ("a missing key", {**_EVENT, "run": {"id": "r"}}, 422, "Object missing required field `pipeline` - at `$.run`"),
    ("a word that is not known", {**_EVENT, "type": "run.lost"}, 422, "Invalid enum value 'run.lost' - at `$.type`"),
    ("no zone", {**_EVENT, "at": "2026-11-23T12:00:00"}, 422, "with a timezone component - at `$.at`"),
    ("no zone, deeper", {**_EVENT, "run": {**_RUN, "ended_at": "2026-11-23T12:00:00"}}, 422, "at `$.run.ended_at`"),
    ("too large a number", {**_EVENT, "run": {**_RUN, "attempt": 10**30}}, 422, "at `$.run.attempt`"),
    ("too long a time", {**_EVENT, "run": {**_RUN, "context": {"retry_delay": 1e300}}}, 422, "context.retry_delay`"),
    ("no run", {**_EVENT, "run": None}, 422, "An event of the type run.started needs `run` - at `$`"),
    ("no note", [{**_EVENT, "type": "note"}], 422, "An event of the type note needs `note` - at `$[0]`"),
    ("no checks", {**_EVENT, "type": "check.finished"}, 422, "needs `checks`"),
    (
        "newer",
        [{**_EVENT, "v": 2}],
        422,
        "Format 2 is not known, only 1 - at `$[0].v`. Upgrade dlt-tocsin on the server.",
    ),
    ("newer, and not to be read", {**_EVENT, "v": 2, "type": "run.paused"}, 422, "Format 2 is not known"),
    ("surrogates, and wrong", {**_EVENT, "id": 5, "x": "\ud800"}, 422, "Expected `str`, got `int` - at `$.id`"),
    ("too many", [_EVENT] * (MOST_EVENTS + 1), 413, "The list has 1,001 events; the most is 1,000. Send it in parts."),
    ("too many, with surrogates", ["\ud800"] * (MOST_EVENTS + 1), 413, "the most is 1,000"),
    ("too large", {**_EVENT, "x": "y" * 9_000_000}, 413, "The event at `$` has 9,000,"),
]


@pytest.mark.parametrize(("body", "status", "detail"), [row[1:] for row in WRONG], ids=[row[0] for row in WRONG])
def test_what_is_no_event_is_refused_with_the_place_and_the_reason(body: object, status: int, detail: str) -> None:
    """One event that is wrong refuses the request, so that nothing of it is kept without its sender's knowing."""
    refused = _refused(body)
    assert refused.status == status
    assert detail in refused.detail
