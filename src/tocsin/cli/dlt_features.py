"""The tools that dlt's own server of MCP offers beside its own. They read: who lets a model act types `tocsin mcp`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tocsin.cli.acting import login
from tocsin.cli.mcp_desk import make_desk
from tocsin.integrations.mcp.reading import Reading, Tool


@dataclass(frozen=True, kw_only=True)
class TocsinFeatures:
    """What dlt expects of it is its protocol `SupportsMcpFeatures`."""

    tools: Sequence[Tool]
    name: str = "tocsin"
    prompts: Sequence[object] = ()
    providers: Sequence[object] = ()


def tocsin_features() -> TocsinFeatures:
    """Return them for the folder that the server was started in."""
    return TocsinFeatures(tools=Reading(make_desk(login())).tools)
