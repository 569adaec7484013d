"""What an event has to look like, made of the very dataclasses that it becomes.

The dataclasses themselves would do, but for what JSON has no type for: lengths of time are numbers of seconds here, and
a moment without a time zone is refused. What is checked is not kept: the text goes into the inbox as it came.
"""

from __future__ import annotations

import dataclasses
import types
import typing
from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import cache
from typing import Annotated, Any, Union

import msgspec

from tocsin.core.event import Event

#: Numbers that every JSON reader keeps exactly, and every database can hold.
_WHOLE = Annotated[int, msgspec.Meta(ge=-(2**53), le=2**53)]
#: A thousand years in seconds.
_SECONDS = Annotated[float, msgspec.Meta(ge=-3.2e10, le=3.2e10)]
_MOMENT = Annotated[datetime, msgspec.Meta(tz=True)]
_PLAIN: Mapping[object, Any] = {int: _WHOLE, datetime: _MOMENT, timedelta: _SECONDS}


@cache
def shape_of(kind: type) -> type[msgspec.Struct]:
    """Return the type whose JSON is that of a dataclass; keys that are not known are ignored, as `codec` does."""
    hints = typing.get_type_hints(kind)
    fields: list[Any] = []
    for field in dataclasses.fields(kind):
        shape = _shape(hints[field.name])
        if field.default is field.default_factory is dataclasses.MISSING:
            fields.append((field.name, shape))
        else:
            fields.append((field.name, Union[shape, msgspec.UnsetType], msgspec.UNSET))  # noqa: UP007  # made at run time
    return msgspec.defstruct(kind.__name__, fields, frozen=True, gc=False, kw_only=True)


def _shape(hint: Any) -> Any:  # noqa: ANN401  # a type, as `typing` gives it
    if hint in _PLAIN:
        return _PLAIN[hint]
    if dataclasses.is_dataclass(hint):
        return shape_of(typing.cast("type", hint))
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin in {Union, types.UnionType}:
        return Union[tuple(_shape(argument) for argument in arguments)]  # noqa: UP007  # made at run time
    if origin is tuple:
        return types.GenericAlias(tuple, (_shape(arguments[0]), ...))
    if origin is Mapping:
        return types.GenericAlias(dict, (arguments[0], _shape(arguments[1])))
    return hint


EVENT = shape_of(Event)


def event_schema() -> dict[str, Any]:
    """Return the JSON Schema of an event, in one piece."""
    return schema_of(EVENT)


def schema_of(shape: type[msgspec.Struct]) -> dict[str, Any]:
    """Return the JSON Schema of a type that does not refer to itself, in one piece."""
    (schema,), parts = msgspec.json.schema_components([shape])
    whole = _with(schema, parts)
    assert isinstance(whole, dict)  # noqa: S101  # said for the type checker
    return whole


def _with(schema: object, parts: Mapping[str, object]) -> object:
    """Return a schema with what it refers to in place."""
    if isinstance(schema, list):
        return [_with(item, parts) for item in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        return _with(parts[schema["$ref"].rpartition("/")[2]], parts)
    return {key: _with(item, parts) for key, item in schema.items()}
