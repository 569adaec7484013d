"""What a command needs that not everybody has installed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from tocsin.errors import ConfigError


@contextmanager
def needs_extra(extra: str) -> Iterator[None]:
    """Import what comes with an extra.

    Raises:
        ConfigError: It is not installed.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        library = (error.name or "tocsin").partition(".")[0]
        if library == "tocsin":
            raise
        raise ConfigError(f"{library} is not installed. Type: pip install 'dlt-tocsin[{extra}]'") from error
