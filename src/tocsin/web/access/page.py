"""The page of the login."""

from __future__ import annotations

from functools import cache

from fastapi.responses import HTMLResponse
from jinja2 import Environment, PackageLoader, StrictUndefined

from tocsin.core.access import User
from tocsin.web.access.access import Access


def login_page(access: Access, *, user: User | None, to: str, wrong: str = "", status: int = 200) -> HTMLResponse:
    """Return the page.

    Args:
        access: What it is for.
        user: Who is logged in; None for the form.
        to: Where a login leads.
        wrong: Why the last one failed.
        status: Of the answer.
    """
    oidc = access.engine.config.oidc is not None
    text = _environment().get_template("login.html").render(user=user, to=to, wrong=wrong, oidc=oidc)
    headers = {"WWW-Authenticate": 'Bearer realm="tocsin"'} if status == 401 else None  # noqa: PLR2004  # RFC 9110
    return HTMLResponse(text, status_code=status, headers=headers)


@cache
def _environment() -> Environment:
    return Environment(loader=PackageLoader("tocsin.web"), autoescape=True, undefined=StrictUndefined)
