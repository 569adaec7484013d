"""The HTTP answer inside an exception, whichever client made the request.

Known shapes: requests and httpx (`.response.status_code`), aiohttp (`.status`), urllib (`.code`), botocore
(`.response["ResponseMetadata"]`), google-api-core (`.code`). dlt's own client and REST source raise those of requests.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from http import HTTPStatus
from urllib.parse import urlsplit

from tocsin.core.explain.foreign import read, text

_STATUS = (
    ("response", "status_code"),
    ("response", "status"),
    ("response", "ResponseMetadata", "HTTPStatusCode"),
    ("status_code",),
    ("http_status",),
    ("status",),
    ("code",),
)
_HEADERS = (("response", "headers"), ("response", "ResponseMetadata", "HTTPHeaders"), ("headers",))
_URL = (("request", "url"), ("response", "url"), ("request_info", "real_url"), ("url",))
#: A redirect that ends in an exception is a failure, too.
_FAILURES = range(300, 600)
#: Amazon answers 400 for what others call 429 or 403; the error code tells.
_AMAZON = (
    (re.compile(r"Throttl|TooManyRequests|RequestLimitExceeded|SlowDown"), HTTPStatus.TOO_MANY_REQUESTS),
    (
        re.compile(r"AccessDenied|ExpiredToken|InvalidAccessKey|SignatureDoesNotMatch|UnrecognizedClient"),
        HTTPStatus.FORBIDDEN,
    ),
)
#: Seconds, or an HTTP date. Anything else in the header is not shown.
_RETRY_AFTER = re.compile(r"\d{1,7}|\w{3}, \d\d \w{3} \d{4} [\d:]{8} GMT")
_PEER = re.compile(
    r"""host='(?P<a>[^'\s]+)',\sport=(?P<ap>\d+)  # urllib3 and requests
    |server\sat\s"(?P<b>[^"\s]+)"[^,]*,\sport\s(?P<bp>\d+)  # libpq
    |connect\sto\shost\s(?P<c>[^:\s]+):(?P<cp>\d+)  # aiohttp
    """,
    re.VERBOSE,
)
_QUERY = re.compile(r"\?[^\s'\"<>)?=]*=[^\s'\"<>)]*")
#: What Airflow's own API would answer stands in the class of each of its exceptions, and nobody has been asked.
_ASKED_NOBODY = "airflow."
_USER_INFO = re.compile(r"(?<=://)[^\s/@'\"]+@")


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What a server answered."""

    status: int
    #: As the header says it: "30", or an HTTP date.
    retry_after: str | None = None


def answer_in(errors: Iterable[BaseException]) -> Answer | None:
    """Return the first HTTP answer of 300 and more that an exception carries."""
    for error in errors:
        if any(base.__module__.startswith(_ASKED_NOBODY) for base in type(error).__mro__):
            continue
        status = next((s for path in _STATUS if (s := _status(read(error, *path)))), None)
        if status:
            return Answer(status=_amazon(error) or status, retry_after=_retry_after(error))
    return None


def url_in(errors: Iterable[BaseException]) -> str | None:
    """Return scheme, host, port and path of the first request that an exception carries."""
    for error in errors:
        for path in _URL:
            if url := bare_url(text(read(error, *path))):
                return url
    return None


def peer_in(errors: Iterable[BaseException], url: str | None) -> str | None:
    """Return "host:port" of whom the program talked to, from the URL or from the words of an exception."""
    if url:
        return urlsplit(url).netloc
    for error in errors:
        if found := _PEER.search(text(error)):
            host, port = (value for value in found.groups() if value)
            return f"{host}:{port}"
    return None


def bare_url(url: str) -> str | None:
    """Return `url` without user-info, query and fragment, or None where it is no http(s) URL."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        return None
    if parts.scheme not in {"http", "https"} or not host:
        return None
    host = f"[{host}]" if ":" in host else host
    return f"{parts.scheme}://{host}{f':{port}' if port else ''}{parts.path}"


def hide_queries(words: str) -> str:
    """Return `words` with "?…" in the place of queries, and without user-info in URLs."""
    return _USER_INFO.sub("", _QUERY.sub("?…", words))


def _status(value: object) -> int | None:
    if not isinstance(value, int) or value not in _FAILURES:
        return None
    return int(value)


def _amazon(error: BaseException) -> int | None:
    code = read(error, "response", "Error", "Code")
    if not isinstance(code, str):
        return None
    return next((int(status) for pattern, status in _AMAZON if pattern.search(code)), None)


def _retry_after(error: BaseException) -> str | None:
    for path in _HEADERS:
        headers = read(error, *path)
        for name in ("Retry-After", "retry-after"):
            try:
                value = str(headers.get(name) or "").strip() if headers else ""  # type: ignore[attr-defined]
            except BaseException:  # noqa: BLE001 - headers are code from outside
                value = ""
            if _RETRY_AFTER.fullmatch(value):
                return value
    return None
