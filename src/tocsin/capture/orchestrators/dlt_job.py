"""A job of dlt's own deployment manifest: `@run.pipeline(…, trigger="schedule:0 6 * * *")`, dlt 1.31 and newer."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from types import FrameType
from typing import Any

from tocsin.core.run import Context, DeclaredSchedule

#: What calls a job's function, as dlt names it; its `self` is the job.
_CALLERS = frozenset({"_call", "_call_coro"})


def detect(_environ: Mapping[str, str], modules: Mapping[str, Any]) -> Context | None:
    """Find the outermost job that runs here, and the first of its triggers that is a schedule.

    All of this is private to dlt. A job's timeout and what it has to be fresher than are not taken: the first is when
    it is ended, which is told as that, and the second names jobs and no pipelines.
    """
    running = modules.get("dlt._workspace.deployment.job_result")
    if running is None or running.JobRun.current() is None:
        return None
    job = _outermost_job(sys._getframe(), modules["dlt._workspace.deployment.decorators"].JobFactory)  # noqa: SLF001
    if job is None:
        return None
    return Context(
        names={"dlt_job": job.job_ref},
        schedule=DeclaredSchedule(
            text=next(filter(None, map(_text, job.trigger)), ""),
            timezone=(job.require or {}).get("timezone", "UTC"),
            source=f"dlt job {job.job_ref}",
        ),
    )


def _outermost_job(frame: FrameType | None, kind: type) -> Any:  # noqa: ANN401  # a JobFactory of dlt
    found = None
    while frame is not None:
        if frame.f_code.co_name in _CALLERS and isinstance(frame.f_locals.get("self"), kind):
            found = frame.f_locals["self"]
        frame = frame.f_back
    return found


def _text(trigger: str) -> str:
    """Return a trigger as a schedule; empty for those that are none."""
    kind, _, expression = trigger.partition(":")
    return {"schedule": expression, "every": f"every {expression}"}.get(kind, "")
