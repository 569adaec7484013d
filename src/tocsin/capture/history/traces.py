"""Runs from the traces that dlt keeps: `trace.pickle` of each pipeline, or a folder of copies of it."""

from __future__ import annotations

import pickle
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tocsin.capture import convert
from tocsin.core.run import Outcome, Run, Stage, Step

if TYPE_CHECKING:
    from dlt.pipeline.trace import PipelineTrace

_STAGES = {"sync": Stage.SYNC, "extract": Stage.EXTRACT, "normalize": Stage.NORMALIZE, "load": Stage.LOAD}


@dataclass(frozen=True, kw_only=True)
class Traces:
    """What was found in a folder."""

    runs: tuple[Run, ...]
    #: Files that are no trace, or one of another version of dlt, with the reason.
    unread: tuple[str, ...] = ()


def read_traces(folder: Path, *, environment: str) -> Traces:
    """Return the runs of all traces in a folder and the folders in it.

    A trace is a pickle, as dlt keeps it: reading one runs what is in it, so read only what you have written.

    Args:
        folder: Where to look for files that end with ".pickle".
        environment: Where the runs ran.
    """
    runs: dict[str, Run] = {}
    unread = []
    for path in sorted(folder.rglob("*.pickle")):
        try:
            trace = pickle.loads(path.read_bytes())  # noqa: S301  # dlt writes traces so, and the user names the folder
            run = run_of_trace(trace, environment)
        except Exception as error:  # noqa: BLE001  # unpickling can fail in any way
            unread.append(f"{path}: {type(error).__name__}: {error}")
        else:
            runs[run.id] = run
    return Traces(runs=tuple(runs.values()), unread=tuple(unread))


def run_of_trace(trace: PipelineTrace, environment: str) -> Run:
    """Return the run that a trace tells of."""
    infos: dict[str, Any] = {step.step: step.step_info for step in trace.steps if step.step_info is not None}
    rows = convert.normalized_rows(infos["normalize"]) if "normalize" in infos else {}
    load = infos.get("load")
    failed = any(step.step_exception for step in trace.steps)
    steps = tuple(
        Step(
            stage=_STAGES[step.step],
            started_at=_utc(step.started_at),
            ended_at=_utc(step.finished_at),
            ok=not step.step_exception,
        )
        for step in trace.steps
        if step.step in _STAGES and step.finished_at is not None
    )
    last = load or next(reversed(infos.values()), None)
    return Run(
        id=trace.transaction_id,
        pipeline=trace.pipeline_name,
        environment=environment,
        started_at=_utc(trace.started_at),
        ended_at=_utc(trace.finished_at or trace.started_at),
        outcome=Outcome.FAILED if failed else convert.outcome_without_error(infos, rows),
        stage=steps[-1].stage if steps else Stage.BEFORE,
        logical_id=trace.transaction_id,
        steps=steps,
        tables=convert.tables_loaded(load, rows) if load is not None else (),
        schema_changes=convert.schema_changes(load),
        load_ids=convert.load_ids(infos.values()),
        destination=getattr(load, "destination_name", None),
        dataset=getattr(load, "dataset_name", None),
        first_run=bool(last is not None and last.first_run),
        refreshed=convert.is_refresh(load),
    )


def _utc(moment: datetime) -> datetime:
    return datetime.fromtimestamp(moment.timestamp(), UTC)
