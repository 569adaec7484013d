"""Runs of pipelines with `enable_runtime_trace = false`, told in the words of dlt's own trace.

The methods are wrapped on the one pipeline object that needs it. On the class they would add a frame of ours to the
traceback of everybody's errors.
"""

from __future__ import annotations

import functools
import threading
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

_METHODS = ("run", "extract", "normalize", "load")


@dataclass(frozen=True, kw_only=True)
class Trace:
    """As much of dlt's PipelineTrace as is read of it."""

    transaction_id: str


@dataclass(frozen=True, kw_only=True)
class StepTrace:
    """As much of dlt's PipelineStepTrace as is read of it."""

    step: str


def watch(pipeline: Any, callbacks: Any) -> None:  # noqa: ANN401  # dlt's Pipeline; a tracking module of dlt
    """Tell `callbacks` of the runs of `pipeline`; calling it again changes nothing."""
    if "run" in vars(pipeline):
        return
    current = threading.local()
    for name in _METHODS:
        setattr(pipeline, name, _watched(pipeline, name, callbacks, current))


def _watched(pipeline: Any, name: str, callbacks: Any, current: threading.local) -> Callable[..., Any]:  # noqa: ANN401
    method = getattr(pipeline, name)

    @functools.wraps(method)
    def watched(*args: Any, **kwargs: Any) -> Any:  # noqa: ANN401  # dlt's method as it is
        outer: Trace | None = getattr(current, "trace", None)
        trace = outer or Trace(transaction_id=uuid.uuid4().hex)
        if outer is None:
            current.trace = trace
            callbacks.on_start_trace(trace, name, pipeline)
        callbacks.on_start_trace_step(trace, name, pipeline)
        info = None
        try:
            info = method(*args, **kwargs)
        except BaseException as error:
            info = getattr(error, "step_info", None)
            raise
        finally:
            callbacks.on_end_trace_step(trace, StepTrace(step=name), pipeline, info, False)  # noqa: FBT003
            if outer is None:
                current.trace = None
                callbacks.on_end_trace(trace, pipeline, False)  # noqa: FBT003  # dlt passes it by position
        return info

    return watched
