"""Whether a request that changes something comes from our own pages.

Browsers say so themselves, and pages cannot change what they say: `Sec-Fetch-Site` where the connection is trusted
(https, or localhost), and `Origin` on every request that changes something. So no tokens have to be hidden in forms.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from urllib.parse import urlsplit

#: Methods that change nothing (RFC 9110, section 9.2.1).
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


class Site(StrEnum):
    """Where a request was made."""

    OURS = "ours"
    ANOTHER = "another"
    #: A program, or a browser of before 2020.
    UNKNOWN = "unknown"


def site_of(headers: Mapping[str, str], *, public_url: str = "") -> Site:
    """Return where a request was made.

    Args:
        headers: Of the request, by lower-case name.
        public_url: How browsers know this server, if a proxy in front of it changes the name.
    """
    fetched = headers.get("sec-fetch-site")
    if fetched is not None:
        # "none": somebody typed the address. "same-site" is another server below the same domain.
        return Site.OURS if fetched in {"same-origin", "none"} else Site.ANOTHER
    origin = headers.get("origin")
    if origin is None:
        return Site.UNKNOWN
    ours = {headers.get("host", "").lower(), _host(public_url)} - {""}
    return Site.OURS if _host(origin) in ours else Site.ANOTHER


def _host(url: str) -> str:
    """Return host and port of an address as `Host` has them; a page without an origin sends "null"."""
    try:
        return urlsplit(url).netloc.lower()
    except ValueError:
        return ""
