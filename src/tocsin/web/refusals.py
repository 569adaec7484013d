"""What is refused, in the form in which it was asked for: a page for a browser, a problem for a program."""

from __future__ import annotations

from http import HTTPStatus
from urllib.parse import urlencode

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import RedirectResponse
from starlette.exceptions import HTTPException

from tocsin.core.message import Tone
from tocsin.engine.clock import system_clock
from tocsin.errors import NotFound, StoreError
from tocsin.web.access.same_origin import SAFE
from tocsin.web.problem import Problem, store_problem
from tocsin.web.rendering import Page, render

#: What a page says above the reason; for other statuses their own phrase does.
_TITLES = {
    401: "You are not logged in",
    403: "You may not do this",
    404: "This is not here",
    422: "This cannot be understood",
    429: "Too many at once",
    500: "Tocsin has failed at this",
    503: "The store cannot be used now",
}


def refuse(request: Request, problem: Problem) -> Response:
    """Return the answer to a request that is refused.

    A browser that shows nothing is led to the login, and after it to where it wanted to go; one that only looks for
    news has a page already, which asks for itself once more.
    """
    if "text/html" not in request.headers.get("accept", ""):
        return problem.response()
    if problem.status == HTTPStatus.UNAUTHORIZED and "hx-request" not in request.headers:
        return RedirectResponse(f"/login?{urlencode({'next': _wanted(request)})}", status_code=303)
    title = _TITLES.get(problem.status, HTTPStatus(problem.status).phrase)
    page = Page(
        title=title,
        here="",
        now=system_clock(),
        url=request.url.path,
        # Known where somebody was let in before this was refused.
        actor=getattr(request.state, "actor", None),
        tone=Tone.ERROR,
        live=False,
    )
    answer = render("refused.html", page, status=problem.status, problem=problem)
    answer.headers.update({"Cache-Control": "no-store", **problem.headers})
    return answer


def refuse_store(request: Request, error: StoreError) -> Response:
    """Return the answer to a request for which the store could not be used."""
    return refuse(request, store_problem(error))


def answer_refusals(app: FastAPI) -> None:
    """Let all that an application refuses be answered so that whoever asked can read it."""

    @app.exception_handler(Problem)
    async def _problem(request: Request, error: Problem) -> Response:
        return refuse(request, error)

    @app.exception_handler(StoreError)
    async def _store_error(request: Request, error: StoreError) -> Response:
        return refuse_store(request, error)

    @app.exception_handler(NotFound)
    async def _not_found(request: Request, error: NotFound) -> Response:
        return refuse(request, Problem(404, str(error)))

    @app.exception_handler(HTTPException)
    async def _http_exception(request: Request, error: HTTPException) -> Response:
        detail = str(error.detail)
        if detail == HTTPStatus(error.status_code).phrase:
            detail = f"{request.method} {request.url.path}: {_meant(error)}"
        return refuse(request, Problem(error.status_code, detail, error.headers))

    @app.exception_handler(RequestValidationError)
    async def _invalid(request: Request, error: RequestValidationError) -> Response:
        wrong = (f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors())
        return refuse(request, Problem(422, "; ".join(wrong)))


def _wanted(request: Request) -> str:
    """Return where to go after the login: a page, and not an act, which somebody has to want once more."""
    if request.method not in SAFE:
        return "/"
    return request.url.path + (f"?{request.url.query}" if request.url.query else "")


def _meant(error: HTTPException) -> str:
    match error.status_code:
        case 404:
            return "there is no such page. See /api/v1/openapi.json for what there is."
        case 405:
            allowed = (error.headers or {}).get("Allow", "another method")
            return f"this method is not allowed here. Use {allowed}."
        case _:
            return HTTPStatus(error.status_code).description or "it cannot be answered."
