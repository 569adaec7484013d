"""Any event that the types allow, and JSON that is nearly one."""

from __future__ import annotations

import dataclasses
import types
import typing
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from enum import Enum
from functools import cache
from typing import Any

from hypothesis import strategies as st

from tocsin.core.codec import encode
from tocsin.core.event import Event, EventType

_TEXTS = st.text(st.characters(exclude_categories=()), max_size=12)
_PLAIN: Mapping[object, st.SearchStrategy[Any]] = {
    str: _TEXTS,
    int: st.integers(-(2**53), 2**53),
    float: st.floats(allow_nan=False, allow_infinity=False),
    bool: st.booleans(),
    types.NoneType: st.none(),
    datetime: st.datetimes(datetime(1990, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001
    timedelta: st.timedeltas(timedelta(0), timedelta(days=400)),
}


@cache
def any_of(hint: Any) -> st.SearchStrategy[Any]:
    """Return a strategy for a type: a dataclass, or what its fields are made of."""
    if hint in _PLAIN:
        return _PLAIN[hint]
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin in {typing.Union, types.UnionType}:
        return st.one_of(*(any_of(argument) for argument in arguments))
    if origin is tuple:
        return st.lists(any_of(arguments[0]), max_size=2).map(tuple)
    if origin is Mapping:
        return st.dictionaries(any_of(arguments[0]), any_of(arguments[1]), max_size=2)
    if issubclass(hint, Enum):
        return st.sampled_from(hint)
    hints = typing.get_type_hints(hint)
    return st.builds(hint, **{field.name: any_of(hints[field.name]) for field in dataclasses.fields(hint)})


def any_event() -> st.SearchStrategy[Event]:
    """Return a strategy for events that a server takes."""
    return any_of(Event).filter(lambda event: bool(event.run or event.note or event.checks)).map(_whole)


def _whole(event: Event) -> Event:
    """Let an event be of the type of what it holds."""
    kind = event.type
    if event.run is None and kind not in {EventType.NOTE, EventType.CHECK_FINISHED}:
        kind = EventType.NOTE
    if kind is EventType.CHECK_FINISHED and not event.checks:
        kind = EventType.NOTE if event.run is None else EventType.RUN_FINISHED
    if kind is EventType.NOTE and event.note is None:
        kind = EventType.RUN_FINISHED if event.run is not None else EventType.CHECK_FINISHED
    return dataclasses.replace(event, v=1, type=kind)


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | _TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_TEXTS, inner, max_size=3),
    max_leaves=8,
)


@st.composite
def nearly_an_event(draw: st.DrawFn) -> Any:
    """Return the JSON of an event in which something was replaced, taken away or added."""
    event: Any = encode(draw(any_event()))
    place = event
    while True:
        key = draw(st.sampled_from(sorted(place)) if isinstance(place, dict) and place else st.just("new"))
        inner = place.get(key)
        if isinstance(inner, dict) and draw(st.booleans()):
            place = inner
            continue
        if draw(st.booleans()):
            place.pop(key, None)
        else:
            place[key] = draw(_JSON)
        return event
