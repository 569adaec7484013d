"""The shop: a REST API with pages, which can be made to give trouble."""

from __future__ import annotations

import json
import threading
import time
from enum import Enum, auto

from tocsin.cli.demo.loopback import Answer, Loopback, Request

#: Sent in the address, as many APIs want it; it must never be seen in a message.
API_KEY = "sk-shop-5d41402abc4b2a76"  # pragma: allowlist secret
_PAGES = 3
_MANY_PAGES = 10 * _PAGES
_ROWS = 100
#: Seconds for a page where there are many.
_SLOW = 0.25
_TROUBLED_PAGE = 2


class Trouble(Enum):
    """What is wrong with the answers of one endpoint."""

    #: The second page answers 503.
    BROKEN = auto()
    #: Every row has one more field.
    NEW_FIELD = auto()
    #: The second page begins with the last row of the first.
    REPEATED_ROW = auto()
    #: The second page never comes.
    HANGING = auto()
    #: Every answer is 202, which means that what was asked for is being prepared, until it is let go.
    PREPARING = auto()
    #: There are ten times the pages, they come slowly, and the last one only when it is let go.
    MORE_ROWS = auto()


class Shop(Loopback):
    """Serves `/orders`, `/customers` or any other name as pages of rows, linked by the header `Link` (RFC 8288)."""

    def __init__(self) -> None:
        """Listen; everything works."""
        self._troubles: dict[str, Trouble | None] = {}
        self._let_go: set[str] = set()
        #: Set as soon as somebody waits for a page that never comes.
        self.somebody_waits = threading.Event()
        super().__init__(self._serve)

    def set_trouble(self, endpoint: str, trouble: Trouble | None) -> None:
        """Let an endpoint give trouble from now on, or work again."""
        self._troubles[endpoint] = trouble

    def let_go(self, endpoint: str) -> None:
        """Let those who wait for an endpoint have what they wait for."""
        self._let_go.add(endpoint)

    def _serve(self, request: Request) -> Answer:
        if request.query.get("api_key") != API_KEY:
            return Answer(status=401)
        endpoint, page = request.path.strip("/"), int(request.query.get("page", "1"))
        trouble = self._troubles.get(endpoint)
        if page == _TROUBLED_PAGE and trouble is Trouble.BROKEN:
            return Answer(status=503)
        if page == _TROUBLED_PAGE and trouble is Trouble.HANGING:
            self.somebody_waits.set()
            threading.Event().wait()
        if trouble is Trouble.PREPARING and endpoint not in self._let_go:
            return Answer(status=202)
        pages = _MANY_PAGES if trouble is Trouble.MORE_ROWS else _PAGES
        if trouble is Trouble.MORE_ROWS:
            time.sleep(_SLOW)
            while page == pages and endpoint not in self._let_go:
                time.sleep(_SLOW)
        headers = {"Content-Type": "application/json"}
        if page < pages:
            headers["Link"] = f'<{self.url}/{endpoint}?page={page + 1}>; rel="next"'
        return Answer(body=json.dumps(_rows(page, trouble)), headers=headers)


def _rows(page: int, trouble: Trouble | None) -> list[dict[str, object]]:
    first = (page - 1) * _ROWS + 1
    if trouble is Trouble.REPEATED_ROW and page == _TROUBLED_PAGE:
        first -= 1
    rows: list[dict[str, object]] = [
        {"id": number, "name": f"No. {number}"} for number in range(first, page * _ROWS + 1)
    ]
    if trouble is Trouble.NEW_FIELD:
        rows = [{**row, "phone": f"+49 731 {row['id']}"} for row in rows]
    return rows
