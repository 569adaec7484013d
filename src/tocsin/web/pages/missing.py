"""What a page says of a thing that is not there."""

from __future__ import annotations

from collections.abc import Sequence

from fastapi import Response

from tocsin.channels.formats.literal import cut
from tocsin.web.pages.frame import PageRequest
from tocsin.web.rendering import render

#: Characters of what was asked for that are shown.
_ASKED = 100
#: Why something may not be there that has no name, but an id.
BY_ITS_ID = "Its id is wrong or cut off, or it is so old that it is no longer kept."


def missing(
    frame: PageRequest, what: str, asked: str, *, here: str, why: str, near: Sequence[tuple[str, str]] = ()
) -> Response:
    """Return the page, with the status 404.

    Args:
        frame: The request.
        what: The kind of thing: "alert".
        asked: What was asked for.
        here: The path of the entry in the navigation to which it belongs.
        why: Why it may be gone, and what to do, in whole sentences.
        near: Names of what was perhaps meant, with their addresses.
    """
    title = f"There is no {what} {cut(asked, _ASKED)!r}"
    page = frame.page(title, here, live=False)
    return render("missing.html", page, status=404, title=title, why=why, near=near)
