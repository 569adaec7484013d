"""The server of MCP: the tools with what clients are told of them."""

from __future__ import annotations

from functools import wraps
from inspect import cleandoc

from mcp.server import MCPServer
from mcp.server.mcpserver.exceptions import ToolError
from mcp.types import ToolAnnotations

import tocsin
from tocsin.channels.formats.literal import cut, one_line
from tocsin.errors import TocsinError
from tocsin.integrations.mcp.acting import Acting
from tocsin.integrations.mcp.answer import CAUTION
from tocsin.integrations.mcp.desk import Desk
from tocsin.integrations.mcp.reading import Reading, Tool

_INSTRUCTIONS = """
Tocsin watches dlt pipelines and other jobs: which of them break, run late, hang or never start, and why. Begin with
unhealthy_pipelines; why_run_failed explains one failure, show_alert tells who knows of it. Times are in UTC.
"""
#: Characters of an error.
_LONGEST = 1000
#: Clients ask a person before what loses something.
_DESTRUCTIVE = frozenset({"resolve_alert", "add_silence"})


def make_server(desk: Desk, *, acting: bool) -> MCPServer:
    """Return the server, ready to run.

    Args:
        desk: Where the tools work.
        acting: Whether those that act are offered.
    """
    server = MCPServer(
        "tocsin", version=tocsin.__version__, instructions=f"{_INSTRUCTIONS.strip()}\n{CAUTION}", log_level="WARNING"
    )
    for tool in Reading(desk).tools:
        _add(server, tool, ToolAnnotations(read_only_hint=True, open_world_hint=False))
    for tool in Acting(desk).tools if acting else ():
        destructive = tool.__name__ in _DESTRUCTIVE
        _add(server, tool, ToolAnnotations(read_only_hint=False, destructive_hint=destructive, open_world_hint=True))
    return server


def _add(server: MCPServer, tool: Tool, annotations: ToolAnnotations) -> None:
    server.add_tool(_telling(tool), description=f"{cleandoc(str(tool.__doc__))}\n\n{CAUTION}", annotations=annotations)


def _telling(tool: Tool) -> Tool:
    """Return the tool with our errors as those whose text reaches the client."""

    @wraps(tool)
    def call(*args: object, **kwargs: object) -> dict[str, object]:
        try:
            return tool(*args, **kwargs)
        except TocsinError as error:
            # It lists names of pipelines, which come from outside as all else does.
            raise ToolError(cut(one_line(str(error)), _LONGEST)) from error

    return call
