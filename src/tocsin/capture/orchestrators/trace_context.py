"""OpenTelemetry: the span that this run is a part of."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tocsin.core.run import Context
from tocsin.core.traceparent import TRACEPARENT, read_traceparent


def detect(environ: Mapping[str, str], modules: Mapping[str, Any]) -> Context | None:
    """Keep the span that is open in this process, or else that of whoever started it, who hands it on by a variable.

    It is for those who are told of runs by OpenTelemetry.
    """
    outer = _current(modules.get("opentelemetry.trace")) or environ.get(TRACEPARENT.upper(), "").strip()
    return Context(names={TRACEPARENT: outer}) if read_traceparent(outer) else None


def _current(trace: Any) -> str:  # noqa: ANN401  # OpenTelemetry's API, where it is loaded
    if trace is None:
        return ""
    span = trace.get_current_span().get_span_context()
    return f"00-{span.trace_id:032x}-{span.span_id:016x}-{span.trace_flags:02x}" if span.is_valid else ""
