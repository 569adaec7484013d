"""Documents as answers, and how the schema says what they look like."""

from __future__ import annotations

import json
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from fastapi import Response

from tocsin.core.codec import encode

#: Plain ASCII: what an exception says may hold halves of surrogate pairs, which are escapes in it.
_JSON = json.JSONEncoder(separators=(",", ":"))
#: Where the schema of a problem stands.
PROBLEM = "#/components/schemas/Problem"


class Json(Response):
    """A document, written as commands write it with `--json`."""

    media_type = "application/json"

    def render(self, content: object) -> bytes:
        """Return the body."""
        return _JSON.encode(encode(content)).encode()


def problem_response(status: int, why: str = "") -> dict[str, Any]:
    """Return how the schema tells of a problem with this status."""
    description = why or HTTPStatus(status).phrase
    return {"description": description, "content": {"application/problem+json": {"schema": {"$ref": PROBLEM}}}}


def problems(reasons: Mapping[int, str]) -> dict[int | str, dict[str, Any]]:
    """Return for `responses=` of a route which problems it answers with, by status, and when."""
    return {status: problem_response(status, why) for status, why in reasons.items()}
