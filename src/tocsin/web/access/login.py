"""The login page: names and passwords, and the way out."""

from __future__ import annotations

from typing import Annotated

import anyio
from anyio.to_thread import run_sync
from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse
from starlette.concurrency import run_in_threadpool

from tocsin.core.access import LONGEST_PASSWORD, Action, AuditEntry, User, user_name
from tocsin.engine.engine import Engine
from tocsin.engine.users import begin_session, end_session
from tocsin.store.protocol import Transaction
from tocsin.web.access import throttle
from tocsin.web.access.access import Access, access_of, origin_of
from tocsin.web.access.cookie import drop_token, set_token, token_in
from tocsin.web.access.page import login_page
from tocsin.web.access.passwords import is_right
from tocsin.web.form import read_form

#: Where a login leads if nobody asked for a page.
HOME = "/"
#: One guess at a time: each takes memory and time, so that many at once would leave none for the rest. Those who wait
#: hold no thread.
_ONE_AT_A_TIME = anyio.CapacityLimiter(1)
_MOST_WAITING = 50

router = APIRouter(include_in_schema=False)


@router.get("/login")
async def show(request: Request, to: Annotated[str, Query(alias="next", max_length=2000)] = HOME) -> HTMLResponse:
    """Show the form, or who is logged in."""
    access = access_of(request)
    return login_page(access, request, user=await access.logged_in(request), to=local_path(to))


@router.post("/login")
async def log_in(request: Request) -> Response:
    """Let somebody in who has the right password."""
    access = access_of(request)
    access.require_our_site(request)
    form = await read_form(request)
    if _ONE_AT_A_TIME.statistics().tasks_waiting >= _MOST_WAITING:
        raise throttle.too_many()
    name, to = form.get("name", ""), local_path(form.get("next", HOME))
    before = token_in(request, secure=access.is_secure(request))
    token = await run_sync(
        _check, access.engine, name, form.get("password", ""), origin_of(request), before, limiter=_ONE_AT_A_TIME
    )
    if token is None:
        # Which of the two is wrong is nobody's business.
        return login_page(access, request, user=None, to=to, wrong="Name or password is wrong.", status=401)
    return welcome(access, request, token, to)


@router.post("/logout")
async def log_out(request: Request) -> Response:
    """End this session."""
    return await _leave(request, everywhere=False)


@router.post("/logout/everywhere")
async def log_out_everywhere(request: Request) -> Response:
    """End all sessions of whoever asks."""
    return await _leave(request, everywhere=True)


def welcome(access: Access, request: Request, token: str, to: str) -> Response:
    """Lead somebody who was let in to the page they asked for, with a cookie."""
    response = RedirectResponse(to, status_code=303)
    set_token(response, token, secure=access.is_secure(request))
    return response


def local_path(to: str) -> str:
    r"""Return where to go after a login if that is a page of ours, else `HOME`.

    Browsers read `//host`, `/\host` and what has line breaks or tabs in it as the address of another server.
    """
    ours = to.startswith("/") and not to.startswith("//") and "\\" not in to and to.isprintable()
    return to if ours else HOME


def refuse(engine: Engine, tx: Transaction, *, name: str, origin: str, why: str) -> None:
    """Write that a login failed; `throttle` counts these."""
    tx.add_audit(
        [
            AuditEntry(
                at=engine.clock(),
                actor="nobody",
                origin=origin,
                action=Action.LOGIN_FAILED,
                subject=name,
                detail=why,
            )
        ]
    )


def _check(engine: Engine, name: str, password: str, origin: str, before: str | None) -> str | None:
    """Return the token of a new session, or None where name or password is wrong; both take as long."""
    try:
        name = user_name(name)
    except ValueError:
        name = name.strip()[:100]
    with engine.store.reading() as tx:
        throttle.check(engine, tx, name=name, origin=origin)
        user = tx.user(name)
    right = is_right(password[: LONGEST_PASSWORD + 1], None if user is None else user.password_hash)
    with engine.store.writing() as tx:
        # Read again: the password may have been changed, or the user disabled, while the hash was computed.
        current = tx.user(name)
        if why := _why_not(user, current, right=right):
            refuse(engine, tx, name=name, origin=origin, why=why)
            return None
        assert current is not None  # noqa: S101  # or there would be a reason
        return begin_session(engine, tx, current, origin=origin, instead_of=before)


def _why_not(user: User | None, current: User | None, *, right: bool) -> str:
    if user is None or current is None:
        return "there is no such user"
    if user.password_hash is None:
        return "they log in by OpenID Connect"
    if not right or current.password_hash != user.password_hash:
        return "the password is wrong"
    return "the user is disabled" if current.disabled else ""


async def _leave(request: Request, *, everywhere: bool) -> Response:
    access = access_of(request)
    access.require_our_site(request)
    secure = access.is_secure(request)
    if (token := token_in(request, secure=secure)) is not None:
        origin = origin_of(request)
        await run_in_threadpool(end_session, access.engine, token, origin=origin, everywhere=everywhere)
    response = RedirectResponse("/login", status_code=303)
    drop_token(response, secure=secure)
    return response
