"""Frozen dataclasses to JSON values and back: one encoding for the spool, the store and `--json`.

How a type is written and read is found out once a type: a store that judges thousands of slots does little else.
"""

from __future__ import annotations

import dataclasses
import types
import typing
from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta
from enum import Enum
from functools import cache, partial
from typing import Any

Json: typing.TypeAlias = bool | int | float | str | list["Json"] | dict[str, "Json"] | None

T = typing.TypeVar("T")
_Encode: typing.TypeAlias = Callable[[Any], Json]
_Decode: typing.TypeAlias = Callable[[Any], object]
_Once = typing.TypeVar("_Once", bound=Callable[..., object])


def _once(function: _Once) -> _Once:
    """Remember what `function` returns; `functools.cache` that keeps the signature."""
    return typing.cast("_Once", cache(function))


def encode(value: object) -> Json:
    """Return `value` as something `json.dumps` accepts.

    Dataclass fields that hold their default are left out: events stay small, and a reader that is older or newer
    than the writer fills them in.

    Raises:
        TypeError: `value` holds a type that has no JSON form.
    """
    return _encoder(type(value))(value)


def decode(kind: type[T], data: object) -> T:
    """Return the `kind` that `encode` made `data` of; keys that are not known are ignored.

    Raises:
        ValueError: `data` does not have the shape of `kind`.
    """
    try:
        return typing.cast("T", _decoder(kind)(data))
    except (TypeError, KeyError, AttributeError) as error:
        msg = f"not a {kind.__name__}: {error}"
        raise ValueError(msg) from error


@_once
def _encoder(kind: type) -> _Encode:
    if issubclass(kind, Enum):
        return lambda value: encode(value.value)
    if issubclass(kind, bool | int | float | str | None):
        return _as_it_is
    if issubclass(kind, datetime):
        return datetime.isoformat
    if issubclass(kind, date):
        return date.isoformat
    if issubclass(kind, timedelta):
        return timedelta.total_seconds
    if issubclass(kind, Mapping):
        return lambda value: {str(key): encode(item) for key, item in value.items()}
    if issubclass(kind, list | tuple | set | frozenset):
        return lambda value: [encode(item) for item in value]
    if dataclasses.is_dataclass(kind):
        return partial(_encode_fields, [(field.name, _default(field)) for field in dataclasses.fields(kind)])
    msg = f"{kind.__name__} has no JSON form"
    raise TypeError(msg)


def _encode_fields(fields: list[tuple[str, object]], value: object) -> Json:
    made = {}
    for name, default in fields:
        item = getattr(value, name)
        # Most fields hold the default itself, or have none: both are faster to see than that something equals it.
        if item is not default and (default is dataclasses.MISSING or item != default):
            made[name] = _encoder(type(item))(item)
    return made


@_once
def _decoder(kind: object) -> _Decode:
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin in {typing.Union, types.UnionType}:
        return partial(_decode_union, [argument for argument in arguments if argument is not types.NoneType])
    if origin is tuple:
        inner = _decoder(arguments[0])
        return lambda data: tuple(inner(item) for item in data)
    if origin in {dict, Mapping}:
        value = _decoder(arguments[1])
        return lambda data: {key: value(item) for key, item in data.items()}
    if isinstance(kind, type):
        if dataclasses.is_dataclass(kind):
            return partial(_decode_fields, kind)
        if issubclass(kind, datetime):
            return datetime.fromisoformat
        if issubclass(kind, date):
            return date.fromisoformat
        if issubclass(kind, timedelta):
            return lambda data: timedelta(seconds=data)
        if issubclass(kind, Enum):
            return kind
    return _as_it_is


def _decode_union(kinds: list[object], data: object) -> object:
    """Return what the first member makes of `data` whose required fields are all there; None stays None."""
    if data is None:
        return None
    if isinstance(data, Mapping):
        shapes = [kind for kind in kinds if isinstance(kind, type) and dataclasses.is_dataclass(kind)]
        return _decoder(next((kind for kind in shapes if _required(kind) <= data.keys()), kinds[0]))(data)
    return _decoder(kinds[0])(data)


def _decode_fields(kind: type, data: Mapping[str, object]) -> object:
    fields = _decoders(kind)
    return kind(**{name: fields[name](item) for name, item in data.items() if name in fields})


@_once
def _decoders(kind: type) -> dict[str, _Decode]:
    return {name: _decoder(hint) for name, hint in typing.get_type_hints(kind).items()}


@_once
def _required(kind: type) -> frozenset[str]:
    return frozenset(field.name for field in dataclasses.fields(kind) if _default(field) is dataclasses.MISSING)


def _default(field: dataclasses.Field[object]) -> object:
    if field.default_factory is not dataclasses.MISSING:
        return field.default_factory()
    return field.default


def _as_it_is(value: Any) -> Any:  # noqa: ANN401  # a value of JSON
    return value
