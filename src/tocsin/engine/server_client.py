"""A server of Tocsin as a pipeline's machine sees it: what is sent, and what each answer means for it."""

from __future__ import annotations

import gzip
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from http import HTTPStatus

from tocsin.channels.http import BUDGET, exchange
from tocsin.channels.refusal import Answer, excerpt, retry_after, shorten
from tocsin.core.clock_skew import ClockEstimate, measure
from tocsin.core.wire import CLOCK_AHEAD, CLOCK_PATH, EVENTS_PATH, SERVER_TIME
from tocsin.engine.clock import Clock
from tocsin.errors import DeliveryError

#: Smaller bodies do not get smaller by packing.
_WORTH_PACKING = 1024
#: A wall clock that differs by more from the monotonic one was moved while the answer was awaited.
_MOVED = 0.5
_LATER = frozenset({408, 425, 429})
_SHORT = 300


class Said(StrEnum):
    """What an answer means for the events that were sent."""

    #: They are on the server's disk.
    TAKEN = "taken"
    #: One of them, or all of them together, cannot be taken.
    UNFIT = "unfit"
    #: Not now: they wait.
    LATER = "later"
    #: Not before somebody has mended something: they wait.
    REFUSED = "refused"


@dataclass(frozen=True, kw_only=True)
class Reply:
    """What came of one request."""

    said: Said
    #: What went wrong, and what to do; empty where nothing did.
    why: str = ""
    #: Seconds that the server asked us to wait; None where it did not.
    wait: float | None = None
    #: The HTTP status; None where no answer came.
    status: int | None = None
    #: What the answer tells about our clock.
    clock: ClockEstimate | None = None


class ServerClient:
    """Sends to one server. No method raises."""

    def __init__(self, address: str, api_key: str, clock: Clock) -> None:
        """Take the address, without a slash at its end, the key, and what tells the time."""
        self.address = address
        self._headers = {"Authorization": f"Bearer {api_key}"} if api_key else {}
        self._clock = clock

    def send(self, events: Sequence[bytes], *, ahead: timedelta, budget: float = BUDGET) -> Reply:
        """Send events.

        Args:
            events: Each in JSON.
            ahead: By how much our clock is known to be ahead of the server's; zero where nothing is known.
            budget: Seconds that it may take.
        """
        body = b"[" + b",".join(events) + b"]"
        headers = {"Content-Type": "application/json"}
        if ahead:
            headers[CLOCK_AHEAD] = f"{ahead.total_seconds():.3f}"
        if len(body) > _WORTH_PACKING:
            body = gzip.compress(body, compresslevel=6, mtime=0)
            headers["Content-Encoding"] = "gzip"
        return self._ask(EVENTS_PATH, body, headers, method="POST", budget=budget, good=HTTPStatus.ACCEPTED)

    def ask_time(self, *, budget: float = BUDGET) -> Reply:
        """Ask for the time, which also tells whether the server answers and takes the key."""
        return self._ask(CLOCK_PATH, b"", {}, method="GET", budget=budget, good=HTTPStatus.OK)

    def _ask(
        self, path: str, body: bytes, headers: dict[str, str], *, method: str, budget: float, good: HTTPStatus
    ) -> Reply:
        sent, began = self._clock(), time.monotonic()
        url = f"{self.address}{path}"
        try:
            answer = exchange(url, body, {**headers, **self._headers}, method=method, budget=max(budget, 0.001))
        except DeliveryError as error:
            hint = f"; {error.hint}" if error.hint and "channel" not in error.hint else ""
            return Reply(said=Said.REFUSED if error.permanent else Said.LATER, why=f"{error}{hint}")
        took = time.monotonic() - began
        told = _time_of(answer)
        if answer.status != good or told is None:
            return self._refusal(url, answer)
        steady = abs((self._clock() - sent).total_seconds() - took) < _MOVED
        clock = measure(sent=sent, took=timedelta(seconds=took), answered=told) if steady else None
        return Reply(said=Said.TAKEN, status=answer.status, clock=clock)

    def _refusal(self, url: str, answer: Answer) -> Reply:
        """Return what an answer means that is not the one that was hoped for."""
        status = answer.status
        detail = _detail(answer)
        why = f"{self.address} answered {status}" + (f": {detail}" if detail else "")
        if status in _LATER or status // 100 == 5:  # noqa: PLR2004
            return Reply(said=Said.LATER, why=why, wait=retry_after(answer, time.time()), status=status)
        # A proxy says 400 too, of what is no fault of the event's.
        if status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE or (status in {400, 422} and _is_problem(answer)):
            return Reply(said=Said.UNFIT, why=why, status=status)
        return Reply(said=Said.REFUSED, why=f"{why}; {self._remedy(url, answer)}", status=status)

    def _remedy(self, url: str, answer: Answer) -> str:
        match answer.status // 100, answer.status:
            case _, 401:
                return "put a key that the server knows into api_key (.dlt/secrets.toml, or TOCSIN__API_KEY)"
            case _, 403:
                return "make a key on the server that may report runs of this environment, and put it into api_key"
            case _, 407:
                return "the proxy wants other credentials: check HTTPS_PROXY in the environment"
            case 2, _:
                return "that is no answer of a Tocsin server: a proxy or a log-in page stands in between"
            case 3, _:
                target = shorten(url, answer.headers.get("location", ""))
                return f"it points to {target}, which is not followed: set tocsin.server to the server's own address"
        return "is tocsin.server the address of a Tocsin server, and is that server as new as this program?"


def _time_of(answer: Answer) -> datetime | None:
    """Return the time in an answer; None where it holds none, and so does not come from a Tocsin server."""
    try:
        told = datetime.fromisoformat(str(answer.json.get(SERVER_TIME)))
    except ValueError:
        return None
    return told if told.tzinfo is not None else None


def _is_problem(answer: Answer) -> bool:
    return answer.headers.get("content-type", "").startswith("application/problem+json")


def _detail(answer: Answer) -> str:
    """Return what our server says is wrong; of others' pages nothing is shown."""
    if not _is_problem(answer):
        return ""
    said = answer.json.get("detail") or answer.json.get("title")
    return str(said)[:_SHORT] if said else excerpt(answer)[:_SHORT]
