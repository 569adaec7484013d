"""The only HTTP client: one request, one answer or one DeliveryError, never for longer than it may take.

It runs in the process of a pipeline too, so it is made of the standard library, which dlt has loaded already.
Three things are done by hand, because `urllib` leaves them open: one deadline over all of a request (a server that
sends a byte now and then resets a timeout forever), the difference between "not sent" and "nobody knows", and
errors that never show an address in full.
"""

from __future__ import annotations

import contextlib
import re
import socket
import ssl
import time
from collections.abc import Callable, Mapping
from http.client import HTTPConnection, HTTPException
from urllib.parse import SplitResult, unquote, urlsplit

from tocsin.channels.connection import Clock, Response, authorization, open_connection
from tocsin.channels.refusal import Answer, refusal, retry_after, shorten
from tocsin.errors import DeliveryError

#: Seconds that one request may take in all, from the look-up of the name to the last byte of the answer.
BUDGET = 15.0
#: Bytes of an answer that are read; the rest stays where it is. Slack's answers repeat the whole message, with six or
#: twelve bytes for a letter outside ASCII.
_MOST = 256 * 1024


def post(
    url: str,
    body: bytes,
    headers: Mapping[str, str],
    *,
    method: str = "POST",
    budget: float = BUDGET,
    connect: float = 3.0,
    read: float = 10.0,
    waits: Callable[[Answer, float], float | None] = retry_after,
) -> Answer:
    """Send one request and return the answer, which is always a success (2xx).

    All is as with `exchange`. The status line decides: once a receiver has said 2xx, a body that breaks off or does not
    end is no failure.

    Args:
        url: Where to.
        body: What to send.
        headers: Names and values.
        method: HTTP method.
        budget: Seconds for all of it.
        connect: Seconds for one address to accept the connection.
        read: Seconds of silence after which the receiver is given up.
        waits: Reads from a refusal for how many seconds to wait, given the time; for receivers with headers of
            their own.

    Raises:
        DeliveryError: No success; its fields say what to do, and no text in it shows more than the host.
    """
    answer = exchange(url, body, headers, method=method, budget=budget, connect=connect, read=read)
    if not 200 <= answer.status < 300:  # noqa: PLR2004
        raise refusal(url, answer, time.time(), secrets=_secrets(urlsplit(url), headers), waits=waits)
    return answer


def exchange(
    url: str,
    body: bytes,
    headers: Mapping[str, str],
    *,
    method: str = "POST",
    budget: float = BUDGET,
    connect: float = 3.0,
    read: float = 10.0,
) -> Answer:
    """Send one request and return the answer, whatever it says.

    Redirects are not followed: most clients turn the POST into a GET, and the message is lost in a success.
    Proxies are taken from the environment (`HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY`, `NO_PROXY`). A body that breaks
    off is returned as far as it came.

    Args:
        url: Where to; a user name and password in it become basic authorization.
        body: What to send.
        headers: Names and values; `Host`, `Content-Length` and `User-Agent` are added.
        method: HTTP method.
        budget: Seconds for all of it.
        connect: Seconds for one address to accept the connection.
        read: Seconds of silence after which the receiver is given up.

    Raises:
        DeliveryError: No answer came; its fields say what to do, and no text in it shows more than the host.
    """
    target, sent_headers = _prepare(url, headers)
    clock = Clock(end=time.monotonic() + budget, connect=connect, read=read)
    proxy = _proxy(target)
    try:
        sock = open_connection(target, proxy, clock)
    except (OSError, HTTPException) as error:
        raise _unreachable(url, proxy, error) from error
    with sock:
        connection = HTTPConnection(target.hostname or "")
        connection.sock = sock
        path = (target.path or "/") + (f"?{target.query}" if target.query else "")
        if proxy is not None and target.scheme == "http":
            path = f"http://{_netloc(target)}{path}"
            sent_headers |= authorization("Proxy-Authorization", proxy)
        try:
            sock.settimeout(clock.left(clock.read))
            connection.request(method, path, body=body, headers=sent_headers)
        except OSError as error:
            msg = f"{shorten(url)} closed the connection before the message was sent ({_plain(error)})"
            raise DeliveryError(msg, permanent=False) from error
        except (ValueError, HTTPException):
            # The exception would show the address or a header in full, so it is not chained.
            msg = f"the address at {shorten(url)} or a header for it has characters that HTTP cannot carry"
            hint = "remove spaces, line breaks and letters outside ASCII from the channel's settings"
            raise DeliveryError(msg, permanent=True, hint=hint) from None
        return _answer(url, sock, clock, method)


def _prepare(url: str, headers: Mapping[str, str]) -> tuple[SplitResult, dict[str, str]]:
    try:
        target = urlsplit(url)
        good = target.scheme in {"http", "https"} and bool(target.hostname) and target.port != 0
    except ValueError:
        good = False
    if not good:
        msg = f"{shorten(url)} is no address that a message can be sent to"
        raise DeliveryError(msg, permanent=True, hint="use a URL that begins with https:// and names a host")
    added = {"Host": _netloc(target), "User-Agent": "tocsin", "Connection": "close"}
    return target, added | authorization("Authorization", target) | dict(headers)


def _netloc(target: SplitResult) -> str:
    return target.netloc.rpartition("@")[2]


def _proxy(target: SplitResult) -> SplitResult | None:
    # Not `getproxies`: on macOS it asks the system too, and that crashes a process that was forked.
    from urllib.request import getproxies_environment, proxy_bypass_environment  # type: ignore[attr-defined]

    proxies = getproxies_environment()
    found = proxies.get(target.scheme) or proxies.get("all")
    if not found or proxy_bypass_environment(_netloc(target)):
        return None
    try:
        proxy = urlsplit(found if "://" in found else f"http://{found}")
        good = proxy.scheme == "http" and bool(proxy.hostname) and proxy.port != 0
    except ValueError:
        good = False
    if not good:
        msg = f"the proxy that the environment names for {target.scheme}:// cannot be used"
        hint = f"set {target.scheme.upper()}_PROXY to http://HOST:PORT, or NO_PROXY to {target.hostname}"
        raise DeliveryError(msg, permanent=False, hint=hint)
    return proxy


def _answer(url: str, sock: socket.socket, clock: Clock, method: str) -> Answer:
    response = Response(sock, clock, method)
    with contextlib.closing(response):
        try:
            response.begin()
        except (OSError, HTTPException) as error:
            msg = f"{shorten(url)} took the message and gave no answer ({_plain(error)})"
            raise DeliveryError(msg, permanent=False, ambiguous=True) from error
        body = b""
        with contextlib.suppress(OSError, HTTPException):
            while len(body) < _MOST and (part := response.read1(_MOST - len(body))):
                body += part
        headers = {name.lower(): value for name, value in response.getheaders()}
        return Answer(status=response.status, headers=headers, body=body)


def _unreachable(url: str, proxy: SplitResult | None, error: Exception) -> DeliveryError:
    """Nothing was sent, so all of these are tried again: names, networks and certificates get mended without us."""
    over = f" over the proxy {proxy.hostname}" if proxy else ""
    if isinstance(error, ssl.SSLCertVerificationError):
        return DeliveryError(
            f"{shorten(url)} showed a certificate that cannot be trusted{over}: {error.verify_message}",
            permanent=False,
            hint="have the receiver's certificate renewed, or name the file of your own authority in SSL_CERT_FILE",
        )
    hint = "check the name of the host in the channel's settings" if isinstance(error, socket.gaierror) else ""
    return DeliveryError(f"{shorten(url)} cannot be reached{over}: {_plain(error)}", permanent=False, hint=hint)


def _plain(error: Exception) -> str:
    """Say in words what went wrong; texts of `http.client` may repeat what the receiver sent."""
    if isinstance(error, TimeoutError):
        return "it took too long"
    if isinstance(error, HTTPException) and not isinstance(error, OSError):
        return "it does not speak HTTP"
    return getattr(error, "strerror", None) or str(error) or type(error).__name__


def _secrets(target: SplitResult, headers: Mapping[str, str]) -> tuple[str, ...]:
    """Return what an answer could repeat of a request: the path, the query, parts of both, credentials."""
    words = {target.geturl(), f"{target.path}?{target.query}", target.path, target.query, target.password or ""}
    parts = re.split(r"[/?&=:]", f"{target.path}?{target.query}")
    words |= {part for part in (*parts, *map(unquote, parts)) if len(part) > len("incoming-webhook")}
    words |= {word for name, value in headers.items() if name.lower() == "authorization" for word in value.split()}
    return tuple(word for word in words if len(word) > len("Bearer"))
