"""The cookie that a browser shows: a token, and nothing that means anything by itself."""

from __future__ import annotations

from fastapi import Request, Response

from tocsin.core.access import LONGEST

NAME = "tocsin_session"
#: Browsers take a cookie of such a name from this very host alone, and over https alone: another server below the same
#: domain cannot plant one.
_SECURE_NAME = f"__Host-{NAME}"


def token_in(request: Request, *, secure: bool) -> str | None:
    """Return the token that a browser shows, or None."""
    return request.cookies.get(_SECURE_NAME if secure else NAME)


def set_token(response: Response, token: str, *, secure: bool) -> None:
    """Let a browser keep a token, where no script reads it and no other site sends it along with what changes."""
    response.set_cookie(
        _SECURE_NAME if secure else NAME,
        token,
        max_age=int(LONGEST.total_seconds()),
        path="/",
        secure=secure,
        httponly=True,
        samesite="lax",
    )


def drop_token(response: Response, *, secure: bool) -> None:
    """Let a browser forget the token."""
    response.delete_cookie(_SECURE_NAME if secure else NAME, path="/", secure=secure, httponly=True, samesite="lax")
