"""The server that runs are reported to, and the key for it."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import SplitResult, urlsplit

from tocsin.config.merge import Leaf, Tree
from tocsin.config.model import Problem
from tocsin.config.reader import Reader, origin_of, problem_of, value_of

_KEY = "tocsin.api_key"
_SERVER = "tocsin.server"
_ITSELF = frozenset({"localhost", "127.0.0.1", "::1"})


def read_server(reader: Reader, tree: Tree, general: Mapping[str, object]) -> str | None:
    """Return the address of the server, without user and password, and note what is wrong with it and its key.

    An address that cannot be used is returned all the same: what is meant for a server waits for it, and does not go
    into a store that nobody looks at.

    Args:
        reader: Collects the problems.
        tree: `[tocsin]` as it stands in files and the environment.
        general: What could be read of it.
    """
    if "server" not in general:
        if "api_key" in general:
            reader.problems.append(problem_of(tree["api_key"], _KEY, f"is of no use without {_SERVER}; set that too"))
        return None
    leaf, server = tree["server"], value_of(general, "server", "")
    address = _split(server)
    if address is None:
        remedy = "is no address; write for example https://tocsin.internal"
        reader.problems.append(problem_of(leaf, _SERVER, remedy))
    elif "@" in address.netloc:
        # What was found is not shown: it holds a password.
        remedy = "holds a user name; remove it, and put the key of the server into api_key"
        reader.problems.append(Problem(origin=origin_of(leaf), key=_SERVER, found=None, remedy=remedy))
        server = address._replace(netloc=address.netloc.rpartition("@")[2]).geturl()
    # A server that knows nobody yet lets its own machine in.
    if "api_key" in general or address is None or address.hostname not in _ITSELF:
        _check_key(reader, tree, general)
    if "store" in general:
        remedy = "has no effect, because reports go to the server: remove it, or remove tocsin.server"
        reader.problems.append(Problem(origin=origin_of(tree["store"]), key="tocsin.store", found=None, remedy=remedy))
    return server.rstrip("/")


def is_unencrypted(server: str) -> bool:
    """Whether the key goes to another machine in plain sight."""
    address = _split(server)
    return address is not None and address.scheme == "http" and address.hostname not in _ITSELF


def _check_key(reader: Reader, tree: Tree, general: Mapping[str, object]) -> None:
    leaf = tree.get("api_key")
    if "api_key" not in general:
        remedy = "is missing; type tocsin key create on the server, and put the key into .dlt/secrets.toml"
        origin = origin_of(tree["server"])
        reader.problems.append(Problem(origin=origin, key=_KEY, found=None, remedy=f"{remedy} or TOCSIN__API_KEY"))
    elif isinstance(leaf, Leaf) and not leaf.layer.secrets_allowed:
        remedy = "is a secret; move it to .dlt/secrets.toml or set TOCSIN__API_KEY"
        reader.problems.append(Problem(origin=origin_of(leaf), key=_KEY, found=None, remedy=remedy))


def _split(server: str) -> SplitResult | None:
    try:
        address = urlsplit(server)
        good = address.scheme in {"http", "https"} and address.hostname and address.port != 0
    except ValueError:
        return None
    return address if good and not address.query and not address.fragment else None
