"""What an answer means for the message: accepted, again later, in another form, or never."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from urllib.parse import urljoin, urlsplit

from tocsin.errors import DeliveryError

#: No receiver can make us wait for longer: what it asks for is a wish, and people wait for the message.
LONGEST_WAIT = 3600.0
#: Characters of an answer that are kept for the delivery log.
_KEPT = 500
_NUMBER = re.compile(r"[0-9]+(\.[0-9]+)?")

#: The receiver refuses us, whatever we send.
_REFUSED = {
    401: "check the key or token in the channel's settings",
    403: "check the key or token in the channel's settings, and what it may do",
    404: "the address does not exist (any more): check the URL in the channel's settings",
    405: "the address takes no messages: check the URL in the channel's settings",
    410: "the address is gone for good: make a new one and put it into the channel's settings",
}
#: Answers that are about this moment and not about the message or the channel.
_LATER = {
    407: "the proxy wants other credentials: check HTTPS_PROXY in the environment",
    408: "",
    425: "",
    429: "",
}
#: Redirects that say of themselves that they last. The others may be a maintenance or a log-in page.
_MOVED = frozenset({301, 308})


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What a receiver answered; header names are in lower case."""

    status: int
    headers: Mapping[str, str]
    #: The beginning, at most 256 KiB; shorter where the connection broke after the status line.
    body: bytes = b""

    @property
    def text(self) -> str:
        """The body as text, whatever it is."""
        return self.body.decode("utf-8", errors="replace")

    @property
    def json(self) -> Mapping[str, object]:
        """The body as a JSON object, empty if it is something else."""
        try:
            data = json.loads(self.body)
        except (ValueError, RecursionError):
            return {}
        return data if isinstance(data, dict) else {}


def shorten(url: str, location: str = "") -> str:
    """Return `scheme://host/…`: paths and queries of webhooks are secrets, and so are user names.

    With `location`, a redirect of `url`, it is the place that this leads to.
    """
    try:
        parts = urlsplit(urljoin(url, location))
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        return "the configured address"
    return f"{parts.scheme}://{parts.hostname}{port}/…" if parts.hostname else "the configured address"


def excerpt(answer: Answer, *, secrets: tuple[str, ...] = ()) -> str:
    """Return the beginning of an answer for the delivery log, without what must not be shown.

    Many servers repeat the path or the credentials of a request in their error pages.
    """
    text = answer.text[: 20 * _KEPT]
    for secret in sorted(secrets, key=len, reverse=True):
        text = text.replace(secret, "…")
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())[:_KEPT]


def retry_after(answer: Answer, now: float) -> float | None:
    """Return the seconds that the receiver asked us to wait, from 0 up to one hour.

    Understands whole and decimal seconds and HTTP dates in `Retry-After`, and `retry_after` in a JSON body (Slack,
    Discord) or in its `parameters` (Telegram). Anything else, also a negative or endless time, counts as not said.

    Args:
        answer: The receiver's answer.
        now: Seconds since the epoch, for dates.
    """
    said = answer.headers.get("retry-after", "").strip()
    if _NUMBER.fullmatch(said):
        return min(float(said), LONGEST_WAIT)
    if said:
        try:
            wait = parsedate_to_datetime(said).timestamp() - now
        except (ValueError, OverflowError):
            pass
        else:
            return min(wait, LONGEST_WAIT) if wait >= 0 else None
    parameters = answer.json.get("parameters")
    asked = str((parameters if isinstance(parameters, dict) else answer.json).get("retry_after"))
    return min(float(asked), LONGEST_WAIT) if _NUMBER.fullmatch(asked) else None


def refusal(
    url: str,
    answer: Answer,
    now: float,
    *,
    secrets: tuple[str, ...] = (),
    waits: Callable[[Answer, float], float | None] = retry_after,
) -> DeliveryError:
    """Return the error for an answer that is not a success.

    An unknown status counts as the first of its class (RFC 9110, section 15): 4xx refuses the message, 5xx is
    a trouble of the receiver that passes.

    Args:
        url: Where the request went; only its host appears in the error.
        answer: The receiver's answer.
        now: Seconds since the epoch, for `Retry-After`.
        secrets: Texts that the answer may repeat and that must not be shown.
        waits: Reads from an answer for how many seconds to wait, given `now`.
    """
    status = answer.status
    where = shorten(url)
    kept = excerpt(answer, secrets=secrets)
    if status // 100 == 3:  # noqa: PLR2004
        target = shorten(url, answer.headers.get("location", ""))
        return DeliveryError(
            f"{where} answered {status}, a redirect to {target}, which is not followed",
            permanent=status in _MOVED,
            hint=f"configure the address at {target} itself, if that is where the messages belong",
            status=status,
            answer=kept,
        )
    if status in _LATER or status // 100 == 5:  # noqa: PLR2004
        return DeliveryError(
            f"{where} answered {status}",
            permanent=False,
            retry_after=waits(answer, now),
            hint=_LATER.get(status, ""),
            status=status,
            answer=kept,
        )
    if status in _REFUSED:
        return DeliveryError(
            f"{where} answered {status}", permanent=True, hint=_REFUSED[status], status=status, answer=kept
        )
    if status // 100 == 4:  # noqa: PLR2004
        return DeliveryError(
            f"{where} refused the message: it answered {status}",
            permanent=True,
            payload=True,
            status=status,
            answer=kept,
        )
    return DeliveryError(
        f"{where} answered {status}, which is no answer to a message",
        permanent=True,
        hint="check the URL in the channel's settings",
        status=status,
        answer=kept,
    )
