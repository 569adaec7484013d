"""dlt's own server of MCP, in which Tocsin's questions stand beside dlt's tools."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from mcp import StdioServerParameters

from mcp_client import call
from orchestrated import Project

_FAILS = """
import dlt

@dlt.resource
def orders():
    yield from open("orders.json")

dlt.pipeline("shop", destination="duckdb").run(orders())
"""
READING = {"unhealthy_pipelines", "why_run_failed", "open_alerts", "show_alert"}


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Return a workspace in which a pipeline has failed."""
    project = Project(tmp_path_factory.mktemp("workspace"), _FAILS, name="shop.py")
    (project.folder / ".dlt" / ".workspace").touch()
    assert "FileNotFoundError" in project.run("python", "shop.py").stderr
    return project


def _served(project: Project, *options: str) -> StdioServerParameters:
    dlthub = str(Path(sys.executable).with_name("dlthub"))
    words = ["ai", "mcp", "run", "--stdio", *options]
    return StdioServerParameters(command=dlthub, args=words, cwd=project.folder, env=project.environment)


def test_dlts_server_answers_questions_about_failures(project: Project) -> None:
    """Nothing is configured, and nothing that acts is offered."""
    tools, [why, missing] = call(
        _served(project), ("why_run_failed", {"run": "shop"}), ("show_alert", {"alert": "nothing"})
    )

    names = {tool.name for tool in tools}
    assert names >= READING | {"list_pipelines"}
    assert names.isdisjoint({"acknowledge_alert", "snooze_alert", "resolve_alert", "add_silence"})
    assert why.facts["in_short"].startswith("shop failed: extract of orders failed: ")
    assert "no pipeline is called 'nothing'" in missing.error


def test_only_whoever_may_do_all_gets_them(project: Project) -> None:
    """A caller with less than full access does not see what runs have said."""
    tools, _ = call(_served(project, "--access", "data:read"))

    assert READING.isdisjoint(tool.name for tool in tools)


def test_the_tools_of_one_pipeline_are_dlts_alone(project: Project) -> None:
    """There dlt passes the name of the pipeline to every tool, which ours do not take."""
    tools, _ = call(_served(project, "--no-default-features", "--features", "pipeline"))

    assert READING.isdisjoint(tool.name for tool in tools)


def test_commands_are_dlthubs_in_a_workspace(project: Project) -> None:
    """In a workspace `dlt` refuses all commands, and `dlthub` has them."""
    ended = project.run("dlthub", "tocsin", "status", "--fail")

    assert (ended.returncode, ended.stdout.startswith("error: 1 problem")) == (1, True)
