"""OpenTelemetry: the span that this process is a part of, as its propagators hand it on in the environment."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tocsin.core.run import Context
from tocsin.core.traceparent import TRACEPARENT, read_traceparent


def detect(environ: Mapping[str, str], modules: Mapping[str, Any]) -> Context | None:  # noqa: ARG001  # as all of them
    """Keep the outer span for those who are told of runs by OpenTelemetry."""
    outer = environ.get(TRACEPARENT.upper(), "")
    return Context(names={TRACEPARENT: outer.strip()}) if read_traceparent(outer) else None
