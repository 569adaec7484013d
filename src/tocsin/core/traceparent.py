"""The trace that a run is a part of, as W3C's trace context writes it (https://www.w3.org/TR/trace-context)."""

from __future__ import annotations

import re
from dataclasses import dataclass

#: How it is called in the environment, in headers, and among the names of a run.
TRACEPARENT = "traceparent"
#: Later versions may have more fields.
_FORM = re.compile(r"(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-[0-9a-f]{2}(-.*)?")


@dataclass(frozen=True, slots=True)
class Traceparent:
    """A span of somebody else."""

    #: 32 hexadecimal digits, and 16.
    trace_id: str
    span_id: str


def read_traceparent(text: str) -> Traceparent | None:
    """Return what "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01" says; None for what is none."""
    found = _FORM.fullmatch(text.strip())
    return Traceparent(found[1], found[2]) if found else None
