"""Know when your dlt pipelines break, run late, hang, or never start, and why.

Nothing has to be called: dlt finds Tocsin by itself. The names here are for what dlt cannot know.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

from tocsin._version import __version__

if TYPE_CHECKING:
    from tocsin import slack as slack
    from tocsin.capture.checks.in_code import check
    from tocsin.capture.notes import notify
    from tocsin.capture.watch import watch
    from tocsin.plugin import enable

__all__ = ["__version__", "check", "enable", "notify", "slack", "watch"]

#: dlt imports this package in every process that uses it, so what is behind a name is imported when it is asked for.
_PLACES = {
    "check": "tocsin.capture.checks.in_code",
    "enable": "tocsin.plugin",
    "notify": "tocsin.capture.notes",
    "watch": "tocsin.capture.watch",
}


def __getattr__(name: str) -> object:
    if name in _PLACES:
        return getattr(importlib.import_module(_PLACES[name]), name)
    if name == "slack":
        return importlib.import_module("tocsin.slack")
    raise AttributeError(f"tocsin has no {name!r}; it has: {', '.join(__all__)}")
