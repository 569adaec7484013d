"""From the body of a request to events, each with the text that came."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NoReturn

import msgspec

from tocsin.core.event import EventType
from tocsin.web.api.event_shape import EVENT
from tocsin.web.problem import Problem

#: Events of one request.
MOST_EVENTS = 1_000
#: Bytes of one event. The schemas of a pipeline with thousands of tables make the largest.
_MOST_BYTES = 8 * 1024 * 1024
_FORMAT = 1
#: What an event of these types is about; all others are about a run.
_NEEDS = {EventType.NOTE: "note", EventType.CHECK_FINISHED: "checks"}


class _Format(msgspec.Struct, gc=False):
    v: int = _FORMAT


_event: msgspec.json.Decoder[Any] = msgspec.json.Decoder(EVENT)
_list = msgspec.json.Decoder(list[msgspec.Raw])
_format = msgspec.json.Decoder(_Format)


@dataclass(frozen=True, slots=True)
class EventText:
    """An event that can be taken in."""

    #: Two events with one id are the same.
    id: str
    #: In JSON, without characters that a database refuses.
    text: str
    #: Those that it tells of.
    environments: frozenset[str]


def read_events(body: bytes) -> list[EventText]:
    """Return the events of a body: one object, or a list of objects.

    Raises:
        Problem: 400 for what is no JSON, 413 for too many events or too large ones, 422 for what is no event; it says
            where that stands.
    """
    try:
        return _read_json(body)
    except UnicodeDecodeError as error:
        raise Problem(400, f"The body is not UTF-8 ({error.reason}). Send JSON in UTF-8.") from error
    except msgspec.DecodeError as error:
        # Its reader refuses halves of surrogate pairs, which the names of files may hold.
        return _read_surrogates(body, wrong=str(error))
    except RecursionError as error:
        raise _too_deep() from error


def _read_json(body: bytes) -> list[EventText]:
    if not body.lstrip().startswith(b"["):
        return [_read(body, "$")]
    raws = _list.decode(body)
    _check_number(raws)
    return [_read(bytes(raw), f"$[{place}]") for place, raw in enumerate(raws)]


def _read(raw: bytes, place: str) -> EventText:
    text = raw.decode()
    try:
        event = _event.decode(raw)
    except msgspec.ValidationError as error:
        _refuse(lambda: _format.decode(raw).v, place, error)
    return _checked(event, text, place)


def _read_surrogates(body: bytes, *, wrong: str) -> list[EventText]:
    """Read what the standard library reads, and keep each event in ASCII."""
    try:
        found = json.loads(body, parse_constant=_no_number)
        if not isinstance(found, list):
            return [_convert(found, "$")]
        _check_number(found)
        return [_convert(value, f"$[{place}]") for place, value in enumerate(found)]
    except ValueError as error:
        raise Problem(400, f"The body is no JSON: {wrong}.") from error
    except RecursionError as error:
        raise _too_deep() from error


def _convert(value: object, place: str) -> EventText:
    try:
        event = msgspec.convert(value, EVENT)
    except msgspec.ValidationError as error:
        _refuse(lambda: msgspec.convert(value, _Format).v, place, error)
    return _checked(event, json.dumps(value), place)


def _checked(event: Any, text: str, place: str) -> EventText:  # noqa: ANN401  # a type made at run time
    """Check what types cannot say."""
    if event.v not in {_FORMAT, msgspec.UNSET}:
        raise _newer(event.v, place)
    if len(text) > _MOST_BYTES:
        raise Problem(413, f"The event at `{place}` has {len(text):,} bytes; the most is {_MOST_BYTES:,}.")
    if not getattr(event, (need := _NEEDS.get(event.type, "run"))):
        raise Problem(422, f"An event of the type {event.type.value} needs `{need}` - at `{place}`")
    about = [one for one in (event.run, event.note, *(event.checks or ())) if one]
    return EventText(
        # All signs of life of a run bear one id, and tell different things.
        id=f"{event.id} {event.at.isoformat()}" if event.type is EventType.PROGRESS else event.id,
        text=text,
        environments=frozenset(one.environment or "default" for one in about),
    )


def _check_number(events: Sequence[object]) -> None:
    if len(events) > MOST_EVENTS:
        raise Problem(413, f"The list has {len(events):,} events; the most is {MOST_EVENTS:,}. Send it in parts.")


def _refuse(read_format: Callable[[], int], place: str, error: msgspec.ValidationError) -> NoReturn:
    """Raise what is wrong with an event: a newer format is a better reason than what came of it."""
    try:
        found = read_format()
    except msgspec.ValidationError:
        found = _FORMAT
    if found != _FORMAT:
        raise _newer(found, place) from error
    said, at, path = str(error).rpartition(" - at `$")
    detail = f"{said} - at `{place}{path}" if at else f"{error} - at `{place}`"
    raise Problem(422, detail) from error


def _newer(found: int, place: str) -> Problem:
    detail = f"Format {found} is not known, only {_FORMAT} - at `{place}.v`. Upgrade dlt-tocsin on the server."
    return Problem(422, detail)


def _too_deep() -> Problem:
    return Problem(400, "The body nests lists or objects too deeply. See /api/v1/openapi.json for what an event is.")


def _no_number(found: str) -> NoReturn:
    msg = f"{found} is no number of JSON"
    raise ValueError(msg)
