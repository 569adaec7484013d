"""What to know where reports go to a server, and this machine keeps a store all the same."""

from __future__ import annotations

from tocsin.config.model import Config


def kept_elsewhere(config: Config) -> str:
    """Return that in a sentence; empty where reports are kept here."""
    if (server := config.server) is None:
        return ""
    return f"reports go to {server}: ask there; what is shown and changed here is a store that this machine keeps"
