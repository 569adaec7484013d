"""What the server refuses, as problem details (RFC 9457): what was found and what to do."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from http import HTTPStatus

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from tocsin.errors import NotFound, StoreError

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


def answer_with_problems(app: FastAPI) -> None:
    """Let all that an application refuses be answered with a problem."""

    @app.exception_handler(Problem)
    async def _problem(_request: Request, error: Problem) -> Response:
        return error.response()

    @app.exception_handler(StoreError)
    async def _store_error(_request: Request, error: StoreError) -> Response:
        return store_problem(error).response()

    @app.exception_handler(NotFound)
    async def _not_found(_request: Request, error: NotFound) -> Response:
        return Problem(404, str(error)).response()

    @app.exception_handler(HTTPException)
    async def _http_exception(request: Request, error: HTTPException) -> Response:
        detail = str(error.detail)
        if detail == HTTPStatus(error.status_code).phrase:
            detail = f"{request.method} {request.url.path}: {_meant(error)}"
        return Problem(error.status_code, detail, error.headers).response()

    @app.exception_handler(RequestValidationError)
    async def _invalid(_request: Request, error: RequestValidationError) -> Response:
        wrong = (f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors())
        return Problem(422, "; ".join(wrong)).response()


def _meant(error: HTTPException) -> str:
    match error.status_code:
        case 404:
            return "there is no such page. See /api/v1/openapi.json for what there is."
        case 405:
            allowed = (error.headers or {}).get("Allow", "another method")
            return f"this method is not allowed here. Use {allowed}."
        case _:
            return HTTPStatus(error.status_code).description or "it cannot be answered."
