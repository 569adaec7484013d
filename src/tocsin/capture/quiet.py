"""Nothing of ours may become a problem of the user's process."""

from __future__ import annotations

import functools
import logging
from collections.abc import Callable
from typing import ParamSpec, TypeVar

_log = logging.getLogger("tocsin")
# Without a handler of its own Python would print the warnings of a library to stderr.
_log.addHandler(logging.NullHandler())

P = ParamSpec("P")
T = TypeVar("T")


def quiet(function: Callable[P, T]) -> Callable[P, T | None]:
    """Return `function` with every error logged and swallowed.

    KeyboardInterrupt and SystemExit go through: they belong to the user, who may press Ctrl-C while we work.
    """

    @functools.wraps(function)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> T | None:
        try:
            return function(*args, **kwargs)
        except Exception as error:  # noqa: BLE001  # a fault of ours must not reach the pipeline, whatever it is
            _log.warning("Tocsin could not watch this: %s in %s", type(error).__name__, function.__qualname__)
            _log.debug("details", exc_info=True)
            return None

    return guarded
