"""From the body of a request to events of OpenLineage."""

from __future__ import annotations

import json

import msgspec

from tocsin.web.api.event_text import MOST_EVENTS
from tocsin.web.lineage.shape import LineageEvent
from tocsin.web.problem import Problem

_event = msgspec.json.Decoder(LineageEvent)
_list = msgspec.json.Decoder(list[msgspec.Raw])
_any = msgspec.json.Decoder()


def read_event(body: bytes, place: str = "$") -> LineageEvent:
    """Return the event that a body holds.

    Args:
        body: JSON, as `json_of` returns it.
        place: Where it stands, for messages.

    Raises:
        Problem: 422, it is no event; it says what is wrong, and where that stands.
    """
    try:
        event = _event.decode(body)
    except msgspec.ValidationError as error:
        said, at, path = str(error).rpartition(" - at `$")
        raise Problem(422, f"{said} - at `{place}{path}" if at else f"{error} - at `{place}`") from error
    if event.run is not None and event.job is None:
        raise Problem(422, f"An event about a run needs a `job` - at `{place}`")
    if event.job is None and event.dataset is None:
        raise Problem(422, f"An event is about a `run` and its `job`, a `job`, or a `dataset` - at `{place}`")
    return event


def read_batch(body: bytes) -> list[bytes]:
    """Return the events of a list, each as it came.

    Raises:
        Problem: 422, it is no list; 413, it is too long.
    """
    try:
        raws = _list.decode(body)
    except msgspec.ValidationError as error:
        raise Problem(422, "The body is no list of events. Send a single event to /api/v1/lineage.") from error
    if len(raws) > MOST_EVENTS:
        raise Problem(413, f"The list has {len(raws):,} events; the most is {MOST_EVENTS:,}. Send it in parts.")
    return [bytes(raw) for raw in raws]


def json_of(body: bytes) -> bytes:
    """Return a body that is JSON by the book.

    Clients in Python write NaN, and halves of surrogate pairs, which JSON does not know; both become harmless.

    Raises:
        Problem: 400, it is no JSON.
    """
    try:
        _any.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        return _mended(body, error)
    except RecursionError as error:
        raise _too_deep() from error
    return body


def _mended(body: bytes, wrong: Exception) -> bytes:
    try:
        found = json.loads(body, parse_constant=lambda _: None)
        return json.dumps(found, ensure_ascii=False, allow_nan=False).encode(errors="replace")
    except ValueError as error:
        raise Problem(400, f"The body is no JSON: {wrong}. Send JSON in UTF-8.") from error
    except RecursionError as error:
        raise _too_deep() from error


def _too_deep() -> Problem:
    return Problem(400, "The body nests lists or objects too deeply to be an event of OpenLineage.")
