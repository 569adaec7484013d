"""What a command needs that not everybody has installed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from tocsin.errors import ConfigError


@contextmanager
def needs_extra(extra: str) -> Iterator[None]:
    """Import what comes with an extra.

    Raises:
        ConfigError: It is not installed, or in a version that lacks what is needed.
    """
    try:
        yield
    except ImportError as error:
        name = error.name or "tocsin"
        library = name.partition(".")[0]
        if library == "tocsin":
            raise
        missing = name == library and isinstance(error, ModuleNotFoundError)
        what = "is not installed" if missing else "is there in a version that does not fit"
        raise ConfigError(f"{library} {what}. Type: pip install 'dlt-tocsin[{extra}]'") from error
