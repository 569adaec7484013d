"""A client of MCP that calls tools one after another."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import anyio
from mcp.client.client import Client
from mcp.client.stdio import StdioServerParameters, stdio_client
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


def call(server: MCPServer, *calls: Call) -> list[Answered]:
    """Call the tools of a server in this process."""
    return anyio.run(_talk, server, calls)[1]


def call_process(*calls: Call, options: Sequence[str] = ()) -> tuple[list[Tool], list[Answered]]:
    """Start `tocsin mcp` in this folder with options, and return the tools that it has and what they answer."""
    words = ["-c", MAIN, "mcp", *options]
    server = StdioServerParameters(command=sys.executable, args=words, env=dict(os.environ))
    return anyio.run(_talk, server, calls)


async def _talk(server: MCPServer | StdioServerParameters, calls: Sequence[Call]) -> tuple[list[Tool], list[Answered]]:
    async with Client(stdio_client(server) if isinstance(server, StdioServerParameters) else server) as client:
        tools = await client.list_tools()
        return tools.tools, [Answered(result=await client.call_tool(tool, dict(given))) for tool, given in calls]
