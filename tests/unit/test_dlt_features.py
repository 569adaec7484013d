"""What Tocsin adds to dlt's own server of MCP."""

from __future__ import annotations

import pytest

from tocsin.plugin import add_tools


@pytest.mark.parametrize(
    ("asked", "offered"),
    [
        pytest.param({"workspace", "pipeline"}, True, id="the server of a workspace"),
        pytest.param({"tocsin"}, True, id="by name"),
        pytest.param({"pipeline"}, False, id="the server of one pipeline, which passes its name to every tool"),
    ],
)
def test_questions_are_offered_and_no_acts(asked: set[str], *, offered: bool) -> None:
    """What dlt serves reads; who lets a model act says so to Tocsin."""
    features = add_tools(asked)

    names = [tool.__name__ for tool in features.tools] if features is not None else []
    assert names == (["unhealthy_pipelines", "why_run_failed", "open_alerts", "show_alert"] if offered else [])
