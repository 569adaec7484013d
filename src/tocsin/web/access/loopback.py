"""Who may ask a server that knows neither a key nor a user: only the machine that it runs on."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from functools import lru_cache
from urllib.parse import urlsplit

from tocsin.engine.engine import Engine
from tocsin.errors import ConfigError

#: What a proxy adds, besides X-Forwarded-…; behind one, anybody may ask.
_OF_PROXIES = frozenset({"forwarded", "via", "x-real-ip"})


@lru_cache(maxsize=100)
def is_loopback(host: str) -> bool:
    """Whether only this machine reaches a server that is bound to `host`.

    Names other than localhost are looked up by others, who may say anything, and count as reachable.
    """
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def is_asked_by_its_machine(headers: Mapping[str, str], *, bound: str) -> bool:
    """Whether a request can only come from a program on this machine, which meant this server.

    A page on the internet can let its own name point to 127.0.0.1 and then read what our server answers to it (DNS
    rebinding), so the name in the request has to be one of the loopback. A proxy passes on requests from anywhere.

    Args:
        headers: Of the request, by lower-case name.
        bound: The host that the server is bound to.
    """
    return (
        is_loopback(bound)
        and _names_loopback(headers.get("host", ""))
        and not any(name in _OF_PROXIES or name.startswith("x-forwarded-") for name in headers)
    )


def check_reachability(engine: Engine, *, bound: str) -> None:
    """Refuse to serve where others could come in and nobody is known.

    Args:
        engine: Whose store and configuration to ask.
        bound: The host that the server is to be bound to.

    Raises:
        ConfigError: Other machines reach that host, and there is neither a key nor a user nor OpenID Connect.
        StoreError: The store cannot be read.
    """
    if is_loopback(bound) or engine.config.oidc is not None:
        return
    with engine.store.reading() as tx:
        if tx.knows_anybody():
            return
    raise ConfigError(
        f"other machines reach {bound}, and there is neither a key nor a user yet, so that everybody could read and "
        "act. Type first: tocsin user add NAME --role admin, and for pipelines: tocsin key create --name NAME --scope "
        "ingest. Or serve this machine alone: tocsin serve --host 127.0.0.1"
    )


@lru_cache(maxsize=100)
def _names_loopback(host: str) -> bool:
    try:
        name = urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return False
    # RFC 6761 reserves all of .localhost.
    return is_loopback(name) or name.endswith(".localhost")
