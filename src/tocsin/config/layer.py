"""One place that settings come from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Layer:
    """Settings from one file, the environment or a vault, not yet checked.

    Layers are given in order of precedence: an earlier one wins, as with dlt's own providers.
    """

    #: For people: ".dlt/config.toml", "environment", "Google Secrets".
    origin: str
    #: The top-level tables that concern Tocsin: `{"tocsin": {...}, "runtime": {...}}`.
    values: Mapping[str, object]
    #: Secrets may stand here. dlt forbids them in config.toml, and so does Tocsin.
    secrets_allowed: bool
    #: Why the source could not be read; empty if it could.
    unreadable: str = ""
