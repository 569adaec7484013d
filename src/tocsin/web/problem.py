"""What the server refuses, as problem details (RFC 9457): what was found and what to do."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from http import HTTPStatus

from fastapi import Response

from tocsin.errors import StoreError

#: Seconds after which a store that could not be used is asked again.
_STORE_IS_BACK = 5
_log = logging.getLogger("tocsin")


class Problem(Exception):
    """A request that cannot be answered as it was meant."""

    def __init__(self, status: int, detail: str, headers: Mapping[str, str] | None = None) -> None:
        """Refuse a request.

        Args:
            status: The status of the answer.
            detail: What was found and what to do, in whole sentences.
            headers: What the answer bears besides, for example `Retry-After`.
        """
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.headers = dict(headers or {})

    def response(self) -> Response:
        """Return the answer."""
        body = {"title": HTTPStatus(self.status).phrase, "status": self.status, "detail": self.detail}
        return Response(
            json.dumps(body), status_code=self.status, headers=self.headers, media_type="application/problem+json"
        )


def store_problem(error: StoreError) -> Problem:
    """Return the problem of a store that cannot be used now."""
    _log.warning("%s", error)
    detail = "The store cannot be used now; the server's log says why. Send the same again later."
    return Problem(503, detail, {"Retry-After": str(_STORE_IS_BACK)})
