"""The trace that a run is a part of, as its process finds it."""

from __future__ import annotations

import sys

import pytest
from opentelemetry.sdk.trace import TracerProvider

from tocsin.capture.context import detect
from tocsin.core.traceparent import Traceparent, read_traceparent

TRACE, SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"


@pytest.mark.parametrize(
    "text",
    [
        f"00-{TRACE}-{SPAN}-01",
        f" 00-{TRACE}-{SPAN}-00\n",
        # A later version may say more.
        f"01-{TRACE}-{SPAN}-01-more",
    ],
)
def test_a_traceparent_is_read(text: str) -> None:
    """It names a trace and a span in it."""
    assert read_traceparent(text) == Traceparent(TRACE, SPAN)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "something",
        f"00-{TRACE}-{SPAN}",
        f"00-{TRACE.upper()}-{SPAN}-01",
        # What these mean is that there is none.
        f"00-{'0' * 32}-{SPAN}-01",
        f"00-{TRACE}-{'0' * 16}-01",
        f"ff-{TRACE}-{SPAN}-01",
    ],
)
def test_what_is_none_is_left_alone(text: str) -> None:
    """Such a run begins a trace of its own."""
    assert read_traceparent(text) is None
    assert "traceparent" not in detect({"TRACEPARENT": text}, {}).names


def test_the_variable_of_the_process_is_kept() -> None:
    """It is no orchestrator: who runs the process is still known by its own variables."""
    job = {"GITLAB_CI": "true", "CI_JOB_URL": "https://gitlab.example/-/jobs/7"}
    found = detect(job | {"TRACEPARENT": f"00-{TRACE}-{SPAN}-01"}, {})
    assert found.names["traceparent"] == f"00-{TRACE}-{SPAN}-01"
    assert found.orchestrator == detect(job, {}).orchestrator


def test_the_open_span_goes_before_the_variable() -> None:
    """What runs in a span of this process is a part of it; without one the variable counts, as without the library."""
    outer = {"TRACEPARENT": f"00-{TRACE}-{SPAN}-01"}
    with TracerProvider().get_tracer("test").start_as_current_span("inside") as span:
        here = span.get_span_context()
        found = detect(outer, sys.modules).names["traceparent"]
    assert read_traceparent(found) == Traceparent(f"{here.trace_id:032x}", f"{here.span_id:016x}")
    assert detect(outer, sys.modules).names["traceparent"] == outer["TRACEPARENT"]
