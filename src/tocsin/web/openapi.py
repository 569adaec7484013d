"""The schema of the API, made to tell the truth where FastAPI's own does not."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from tocsin.web.api.answer import problem_response

_PROBLEM = {
    "type": "object",
    "title": "Problem",
    "description": "What was refused, and what to do (RFC 9457).",
    "required": ["title", "status", "detail"],
    "properties": {
        "title": {"type": "string", "description": "The name of the status."},
        "status": {"type": "integer"},
        "detail": {"type": "string", "description": "What was found and what to do, for people."},
    },
}
#: What every route may answer, and what those may that ask who is there.
_ANY = {500: "The server has failed.", 503: "The store cannot be used now: send the same again later."}
_GUARDED = {401: "Nobody is let in without a key or a login.", 403: "The key or the user may not do this."}
_METHODS = frozenset({"get", "put", "post", "delete", "patch"})


def describe(app: FastAPI) -> None:
    """Let an application tell its schema so."""

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _mended(
                get_openapi(title=app.title, version=app.version, summary=app.summary, routes=app.routes)
            )
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]  # as FastAPI's documentation has it


def _mended(schema: dict[str, Any]) -> dict[str, Any]:
    schemas = schema.setdefault("components", {}).setdefault("schemas", {})
    _durations_are_seconds(schema)
    schemas["Problem"] = _PROBLEM
    for operation in operations(schema):
        responses = operation["responses"]
        if "422" in responses:
            responses["422"] = problem_response(422, "Something in the request cannot be used; `detail` says what.")
        if "requestBody" in operation:
            responses.setdefault("400", problem_response(400, "The body cannot be read."))
        for status, why in _ANY.items() | (_GUARDED.items() if operation.get("security") else set()):
            responses.setdefault(str(status), problem_response(status, why))
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    return schema


def operations(schema: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield every operation of a schema."""
    for methods in schema["paths"].values():
        yield from (operation for method, operation in methods.items() if method in _METHODS)


def _durations_are_seconds(node: object) -> None:
    """Say that lengths of time are numbers; pydantic, which knows nothing of `codec`, takes them for texts."""
    if isinstance(node, list):
        for item in node:
            _durations_are_seconds(item)
    elif isinstance(node, dict):
        if node.get("format") == "duration":
            node.update(type="number", description="Seconds.")
            del node["format"]
        for item in node.values():
            _durations_are_seconds(item)
