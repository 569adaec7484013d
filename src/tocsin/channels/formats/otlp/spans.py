"""A run as a tree of spans of OpenTelemetry."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import datetime

from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import Event, ReadableSpan
from opentelemetry.trace import SpanContext, Status, StatusCode, TraceFlags

from tocsin.channels.formats.otlp.resource import (
    SCOPE,
    database,
    nanoseconds,
    own_tables,
    readable,
    resource,
    resource_of,
)
from tocsin.core.explain import summary
from tocsin.core.run import Outcome, Run, Stage, Step
from tocsin.core.traceparent import TRACEPARENT, Traceparent, read_traceparent

#: Failed jobs of a run that are told.
_MOST = 100
_Attributes = dict[str, str | int]


def run_spans(run: Run, *, plain: bool = False) -> list[ReadableSpan]:
    """Return a run that has ended, and in it its steps. All times are those of the pipeline's own clock.

    Its ids are made of those of the run, so that what is sent twice is the same. It is a part of the trace that its
    orchestrator has told; without one, the attempts of one logical run are one trace.

    Args:
        run: The run.
        plain: Leave out what a receiver may not be able to take: events, and with them tracebacks and tables.
    """
    outer = read_traceparent(run.context.names.get(TRACEPARENT, ""))
    trace = outer.trace_id if outer is not None else _id(32, "trace", run.logical_id or run.id)
    root, of_run = _context(trace, "run", run.id), resource_of(run)
    ended = max(run.ended_at or run.started_at, run.started_at)
    raised_in = next((step for step in run.steps if run.outcome.bad and _failed(step)), None)
    loaded_in = next((step for step in run.steps if step.stage is Stage.LOAD), None)

    def events(step: Step | None, at: datetime) -> list[Event]:
        """Return what was raised and sent in a step, or where that is no step's in the run."""
        if plain:
            return []
        raised = _raised(run, at) if step is raised_in else ()
        loaded = (*_tables(run, at), *_failed_jobs(run, at)) if step is loaded_in else ()
        return [*raised, *loaded]

    made = [
        _span(
            run.pipeline,
            context=root,
            parent=_remote(outer) if outer is not None else None,
            resource=of_run,
            attributes=_of_run(run),
            began=run.started_at,
            ended=ended,
            status=_status(run) if run.outcome.bad else None,
            events=events(None, ended),
        )
    ]
    for step in run.steps:
        step_ended = max(step.ended_at or ended, step.started_at)
        made.append(
            _span(
                step.stage.value,
                context=_context(trace, "step", run.id, step.stage, step.started_at.isoformat()),
                parent=root,
                resource=of_run,
                attributes={"tocsin.step": step.stage.value, **(database(run) if step is loaded_in else {})},
                began=step.started_at,
                ended=step_ended,
                status=_status(run) if run.outcome.bad and _failed(step) else None,
                events=events(step, step_ended),
            )
        )
    return made


def remark_span(key: str, title: str, at: datetime) -> ReadableSpan:
    """Return a span for a message that is about no run, as that of `tocsin channel test`."""
    context = _context(_id(32, "trace", key), "remark", key)
    return _span(title, context=context, parent=None, resource=resource("tocsin"), began=at, ended=at)


def _span(
    name: str,
    *,
    context: SpanContext,
    parent: SpanContext | None,
    resource: Resource,
    began: datetime,
    ended: datetime,
    attributes: _Attributes | None = None,
    status: Status | None = None,
    events: list[Event] | None = None,
) -> ReadableSpan:
    return ReadableSpan(
        readable(name),
        context=context,
        parent=parent,
        resource=resource,
        attributes=attributes,
        events=events or (),
        status=status or Status(),
        start_time=nanoseconds(began),
        end_time=nanoseconds(ended),
        instrumentation_scope=SCOPE,
    )


def _of_run(run: Run) -> _Attributes:
    words = {
        "tocsin.run.id": run.id,
        "tocsin.outcome": run.outcome.value,
        "tocsin.orchestrator": run.context.orchestrator,
        "tocsin.load_id": next(reversed(run.load_ids), None),
        "url.full": next((link.url for link in run.context.links), None),
        "error.type": _error_type(run) if run.outcome.bad else None,
        **database(run),
    }
    return {
        **{name: readable(word) for name, word in words.items() if word},
        "tocsin.rows": run.rows,
        "tocsin.attempt": run.attempt,
    }


def _raised(run: Run, at: datetime) -> Iterator[Event]:
    """Yield what was raised (https://opentelemetry.io/docs/specs/semconv/exceptions), redacted where the run was."""
    if (cause := run.cause) is not None:
        words = {
            "exception.type": cause.exception,
            "exception.message": cause.message,
            "exception.stacktrace": cause.traceback,
        }
        found = {name: readable(word) for name, word in words.items() if word}
        yield Event("exception", found, nanoseconds(at))


def _tables(run: Run, at: datetime) -> Iterator[Event]:
    """Yield what was sent to each table. When that was within the step nobody knows, so that they are no spans."""
    for load in own_tables(run):
        found: _Attributes = {"db.collection.name": readable(load.table), "tocsin.rows": load.rows}
        yield Event("tocsin.table", found, nanoseconds(at))


def _failed_jobs(run: Run, at: datetime) -> Iterator[Event]:
    for job in run.failed_jobs[:_MOST]:
        found = {"tocsin.job": job.job, "db.collection.name": job.table, "exception.message": job.message}
        yield Event("exception", {name: readable(word) for name, word in found.items()}, nanoseconds(at))


def _failed(step: Step) -> bool:
    return not step.ok or step.ended_at is None


def _status(run: Run) -> Status:
    said = summary(run.cause) if run.cause is not None else run.outcome.value
    return Status(StatusCode.ERROR, readable(said))


def _error_type(run: Run) -> str:
    cause = run.cause
    return cause.exception if run.outcome is Outcome.FAILED and cause is not None else run.outcome.value


def _remote(outer: Traceparent) -> SpanContext:
    flags = TraceFlags(TraceFlags.SAMPLED)
    return SpanContext(int(outer.trace_id, 16), int(outer.span_id, 16), is_remote=True, trace_flags=flags)


def _context(trace: str, *words: str) -> SpanContext:
    flags = TraceFlags(TraceFlags.SAMPLED)
    return SpanContext(int(trace, 16), int(_id(16, *words), 16), is_remote=False, trace_flags=flags)


def _id(digits: int, *words: str) -> str:
    """Return an id that is always made of these words in the same way."""
    return hashlib.sha256("\0".join(words).encode(errors="replace")).hexdigest()[:digits]
