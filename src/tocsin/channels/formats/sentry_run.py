"""What Sentry is told of a run in every payload: names that stay the same, and words that can be searched for."""

from __future__ import annotations

import uuid
from collections.abc import Mapping

from tocsin.channels.formats.literal import cut, one_line
from tocsin.core.cause import CauseClass
from tocsin.core.run import OUT_OF_MEMORY, Outcome, Run

_NAMES = uuid.UUID("c1d3b0f6-6a0c-5c62-9a83-2f4e6c9d8b17")
#: Characters of a tag's value and of an environment's name that Sentry keeps.
_TAG, _ENVIRONMENT = 200, 64
#: Tables whose rows are told; more of them than anybody reads.
_TABLES = 50
#: How a run that did not go well ended, in the words of Sentry's traces.
_STATUSES = {
    Outcome.RUNNING: "unknown",
    Outcome.PARTIAL: "data_loss",
    Outcome.ABORTED: "cancelled",
    Outcome.BLOCKED: "cancelled",
    Outcome.INTERRUPTED: "cancelled",
    Outcome.EXITED: "aborted",
    Outcome.DIED: "aborted",
}
#: The same for a run that failed, by its cause; what is missing here is "internal_error".
_REASONS = {
    CauseClass.CONFIGURATION: "failed_precondition",
    CauseClass.CREDENTIALS: "unauthenticated",
    CauseClass.RATE_LIMIT: "resource_exhausted",
    CauseClass.NETWORK: "unavailable",
    CauseClass.SERVER_ERROR: "unavailable",
    CauseClass.SCHEMA_CONTRACT: "invalid_argument",
    CauseClass.DATA: "invalid_argument",
    CauseClass.INTERRUPTED: "cancelled",
}


def id_of(*words: str) -> str:
    """Return 32 hex digits that are the same wherever they are made of the same words."""
    return uuid.uuid5(_NAMES, "\0".join(words)).hex


def trace_of(run: Run) -> dict[str, object]:
    """Return where a run stands among all traces: the attempts of one logical run are one trace."""
    return {"trace_id": id_of("trace", run.logical_id or run.id), "span_id": id_of("run", run.id)[:16]}


def status_of(run: Run) -> str:
    """Return how a run ended in the words of Sentry's traces."""
    if run.outcome.ok:
        return "ok"
    if run.outcome is Outcome.DIED and (run.ended_by or "").startswith(OUT_OF_MEMORY):
        return "resource_exhausted"
    if run.outcome is not Outcome.FAILED:
        return _STATUSES[run.outcome]
    if run.cause is not None and "Timeout" in run.cause.exception.rpartition(".")[2]:
        return "deadline_exceeded"
    return _REASONS.get(run.cause.cause_class, "internal_error") if run.cause is not None else "internal_error"


def tags_of(run: Run) -> dict[str, str]:
    """Return what events and traces of this run can be found by."""
    cause = run.cause
    return tags(
        pipeline=run.pipeline,
        step=(cause.step if cause is not None else None) or run.stage.value,
        resource=cause.resource if cause is not None else None,
        table=cause.table if cause is not None else None,
        destination=run.destination,
        dataset=run.dataset,
        load_id=(cause.load_id if cause is not None else None) or next(reversed(run.load_ids), None),
        outcome=run.outcome.value,
        orchestrator=run.context.orchestrator,
    )


def tags(**words: str | None) -> dict[str, str]:
    """Return tags as Sentry takes them: in one line, not too long, and none that are empty."""
    return {name: cut(one_line(word), _TAG) for name, word in words.items() if word and one_line(word)}


def frame_of(key: str, *, at: float, environment: str, release: str, host: str = "") -> dict[str, object]:
    """Return the attributes that events and transactions have in common.

    Args:
        key: The message's own; a repetition has the same, and Sentry stores it once.
        at: Seconds since the epoch.
        environment: Where it happened; empty where that is not known.
        release: What was deployed there; may be empty.
        host: Name of the machine; may be empty.
    """
    made = {
        "event_id": id_of("event", key),
        "timestamp": at,
        "platform": "python",
        "environment": environment_of(environment),
        "release": release,
        "server_name": host,
    }
    return {name: value for name, value in made.items() if value}


def environment_of(name: str) -> str:
    """Return a name that Sentry takes for an environment."""
    return one_line(name).replace("/", "-")[:_ENVIRONMENT]


def rows_of(run: Run) -> Mapping[str, int]:
    """Return the rows that a run sent to each table of the user's, most first, and under "+3 more tables" the rest."""
    loads = sorted((t for t in run.tables if not t.table.startswith("_dlt")), key=lambda t: -t.rows)
    rows = {one_line(load.table): load.rows for load in loads[:_TABLES]}
    if rest := loads[_TABLES:]:
        rows[f"+{len(rest)} more tables"] = sum(load.rows for load in rest)
    return rows
