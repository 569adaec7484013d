"""Frozen dataclasses to JSON values and back: one encoding for the spool, the store and `--json`."""

from __future__ import annotations

import dataclasses
import types
import typing
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from enum import Enum
from functools import cache

Json: typing.TypeAlias = bool | int | float | str | list["Json"] | dict[str, "Json"] | None

T = typing.TypeVar("T")


def encode(value: object) -> Json:
    """Return `value` as something `json.dumps` accepts.

    Dataclass fields that hold their default are left out: events stay small, and a reader that is older or newer
    than the writer fills them in.

    Raises:
        TypeError: `value` holds a type that has no JSON form.
    """
    match value:
        case Enum():
            return encode(value.value)
        case None | bool() | int() | float() | str():
            return value
        case datetime():
            return value.isoformat()
        case timedelta():
            return value.total_seconds()
        case Mapping():
            return {str(key): encode(item) for key, item in value.items()}
        case list() | tuple() | set() | frozenset():
            return [encode(item) for item in value]
    if dataclasses.is_dataclass(value):
        return {
            field.name: encode(item)
            for field in dataclasses.fields(value)
            if (item := getattr(value, field.name)) != _default(field)
        }
    msg = f"{type(value).__name__} has no JSON form"
    raise TypeError(msg)


def decode(kind: type[T], data: object) -> T:
    """Return the `kind` that `encode` made `data` of; keys that are not known are ignored.

    Raises:
        ValueError: `data` does not have the shape of `kind`.
    """
    try:
        return typing.cast("T", _decode(kind, data))
    except (TypeError, KeyError, AttributeError) as error:
        msg = f"not a {kind.__name__}: {error}"
        raise ValueError(msg) from error


def _decode(kind: object, data: object) -> object:
    origin = typing.get_origin(kind)
    if origin in {typing.Union, types.UnionType}:
        if data is None:
            return None
        return _decode(_pick([arg for arg in typing.get_args(kind) if arg is not type(None)], data), data)
    if origin is tuple:
        return tuple(_decode(typing.get_args(kind)[0], item) for item in typing.cast("Sequence[object]", data))
    if origin in {dict, Mapping}:
        value_kind = typing.get_args(kind)[1]
        return {key: _decode(value_kind, item) for key, item in typing.cast("Mapping[str, object]", data).items()}
    if isinstance(kind, type):
        if dataclasses.is_dataclass(kind):
            return _decode_dataclass(kind, typing.cast("Mapping[str, object]", data))
        if issubclass(kind, datetime):
            return datetime.fromisoformat(typing.cast("str", data))
        if issubclass(kind, timedelta):
            return timedelta(seconds=typing.cast("float", data))
        if issubclass(kind, Enum):
            return kind(data)
    return data


def _pick(kinds: Sequence[object], data: object) -> object:
    """Return the member of a union that `data` was made of: the first whose required fields are all there."""
    for kind in kinds:
        if isinstance(kind, type) and dataclasses.is_dataclass(kind) and isinstance(data, Mapping):
            required = {field.name for field in dataclasses.fields(kind) if _default(field) is dataclasses.MISSING}
            if required <= data.keys():
                return kind
    return kinds[0]


def _decode_dataclass(kind: type, data: Mapping[str, object]) -> object:
    hints = _hints(kind)
    return kind(**{name: _decode(hints[name], item) for name, item in data.items() if name in hints})


@cache
def _hints(kind: type) -> dict[str, object]:
    return typing.get_type_hints(kind)


def _default(field: dataclasses.Field[object]) -> object:
    if field.default_factory is not dataclasses.MISSING:
        return field.default_factory()
    return field.default
