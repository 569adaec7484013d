"""What a browser sends with a form."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import parse_qsl

from fastapi import Depends, Request
from starlette.requests import ClientDisconnect

from tocsin.web.problem import Problem

#: Bytes and fields of a form: names, reasons and addresses, which people type.
_MOST, _FIELDS = 16 * 1024, 50


async def read_form(request: Request) -> dict[str, str]:
    """Return the fields of a form by their names.

    FastAPI's own reader would take in a body of any size, and before anybody has asked who sends it.

    Raises:
        Problem: 400, 413 or 415: it is no form, or more than a person types.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/x-www-form-urlencoded":
        raise Problem(415, "Send a form, with Content-Type: application/x-www-form-urlencoded.")
    body = bytearray()
    try:
        async for chunk in request.stream():
            body += chunk
            if len(body) > _MOST:
                raise Problem(413, f"A form has {_MOST:,} bytes at most.", {"Connection": "close"})
    except ClientDisconnect:
        raise Problem(400, "The connection ended before the form did.", {"Connection": "close"}) from None
    try:
        return dict(parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=_FIELDS))
    except ValueError as error:
        raise Problem(400, f"This is no form: {error}.") from error


#: The parameter of handlers that take a form; it stands after who sends it, so that nobody else's is read.
Sent = Annotated[dict[str, str], Depends(read_form)]
