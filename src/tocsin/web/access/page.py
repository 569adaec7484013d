"""The page of the login."""

from __future__ import annotations

from fastapi import Request
from fastapi.responses import HTMLResponse

from tocsin.core.access import User
from tocsin.web.access.access import Access, origin_of
from tocsin.web.access.actor import Actor, Means
from tocsin.web.rendering import Page, render


def login_page(
    access: Access, request: Request, *, user: User | None, to: str, wrong: str = "", status: int = 200
) -> HTMLResponse:
    """Return the page.

    Args:
        access: What it is for.
        request: Who asks for it.
        user: Who is logged in; None for the form.
        to: Where a login leads.
        wrong: Why the last one failed.
        status: Of the answer.
    """
    page = Page(
        title="Log in" if user is None else "Logged in",
        here="/login",
        now=access.engine.clock(),
        url=request.url.path,
        actor=None if user is None else _actor(user, request),
        live=False,
    )
    oidc = access.engine.config.oidc is not None
    answer = render("login.html", page, status=status, user=user, to=to, wrong=wrong, oidc=oidc)
    answer.headers["Cache-Control"] = "no-store"
    if status == 401:  # noqa: PLR2004  # RFC 9110
        answer.headers["WWW-Authenticate"] = 'Bearer realm="tocsin"'
    return answer


def _actor(user: User, request: Request) -> Actor:
    return Actor(name=user.name, means=Means.SESSION, scopes=user.role.scopes, origin=origin_of(request))
