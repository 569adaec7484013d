"""A client of MCP that calls tools one after another."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import anyio
from mcp import Client, StdioServerParameters, stdio_client
from mcp.server import MCPServer
from mcp.types import CallToolResult, TextContent, Tool

from typed_process import MAIN

Call = tuple[str, Mapping[str, Any]]


@dataclass(frozen=True, kw_only=True)
class Answered:
    """What a tool has answered."""

    result: CallToolResult

    @property
    def whole(self) -> dict[str, Any]:
        """The document, which is the same as data and as text."""
        [text] = self.result.content
        assert isinstance(text, TextContent)
        document: dict[str, Any] = json.loads(text.text)
        assert (self.result.is_error, self.result.structured_content) == (False, document), text.text
        return document

    @property
    def facts(self) -> Any:
        """What it knows."""
        return self.whole["facts"]

    @property
    def error(self) -> str:
        """Why it cannot answer."""
        [text] = self.result.content
        assert isinstance(text, TextContent)
        assert self.result.is_error, text.text
        return text.text


def tocsin_mcp(*options: str) -> StdioServerParameters:
    """Return how `tocsin mcp` is started in this folder."""
    return StdioServerParameters(command=sys.executable, args=["-c", MAIN, "mcp", *options], env=dict(os.environ))


def call(server: MCPServer | StdioServerParameters, *calls: Call) -> tuple[list[Tool], list[Answered]]:
    """Return the tools of a server, in this process or one that is started, and what they answer."""
    return anyio.run(_call, server, calls)


async def _call(server: MCPServer | StdioServerParameters, calls: Sequence[Call]) -> tuple[list[Tool], list[Answered]]:
    async with Client(stdio_client(server) if isinstance(server, StdioServerParameters) else server) as client:
        tools = await client.list_tools()
        return tools.tools, [Answered(result=await client.call_tool(tool, dict(given))) for tool, given in calls]
