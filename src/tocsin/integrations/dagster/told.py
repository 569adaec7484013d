"""Runs of steps of which their own process has told nothing, as Dagster knows them."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from dagster import DagsterRun, JobDefinition

from tocsin.capture.orchestrators.dagster import (
    dlt_pipeline,
    job_name,
    logical_run,
    names_of,
    run_link,
    task_of,
)
from tocsin.capture.recorder import recorder
from tocsin.core.cause import Cause
from tocsin.core.run import Context, Outcome, Run, Stage

#: The same end of the same attempt is the same report, whoever makes it.
_IDS = uuid.UUID("5d1c3f0e-7a0b-5c1e-9a57-2b9a4f7c6e11")


@dataclass(frozen=True, kw_only=True)
class End:
    """How an attempt of a step ended."""

    outcome: Outcome
    started_at: datetime
    ended_at: datetime
    #: Which attempt of how many, within one run of Dagster.
    attempt: int = 1
    cause: Cause | None = None
    note: str | None = None
    #: As `Run.ended_by`.
    ended_by: str | None = None


class Teller:
    """Makes runs of Tocsin of the steps of one run of Dagster."""

    def __init__(self, run: DagsterRun, job: JobDefinition) -> None:
        """Take the run and the job, which knows the steps."""
        self._run = run
        self._job = job

    def name(self, handle: Any) -> str:  # noqa: ANN401  # a NodeHandle
        """Return the name to which a step's alerts belong."""
        return job_name(self._job, handle)

    def told(self, key: str, handle: Any, end: End, *, blocks: Collection[str] = ()) -> Run:  # noqa: ANN401
        """Return the run that a step was; `blocks` are the names of what is not started because of it."""
        run, name, policy = self._run, self.name(handle), self._job.get_retry_policy_for_handle(handle)
        tries = policy.max_retries + 1 if policy else 1
        attempt = int(run.tags.get("dagster/retry_number", 0)) * tries + end.attempt
        scope = f"{logical_run(run)}/{key}"
        return Run(
            id=uuid.uuid5(_IDS, f"{run.run_id}\0{key}\0{attempt}\0{end.outcome}").hex,
            pipeline=name,
            environment=recorder().environment,
            started_at=end.started_at,
            ended_at=end.ended_at,
            outcome=end.outcome,
            stage=Stage.BEFORE if end.outcome is Outcome.BLOCKED else Stage.JOB,
            # As the plugin calls the first run of a pipeline in a step.
            logical_id=f"{scope}/{name}/1" if dlt_pipeline(self._job, handle) else f"{scope}/{name}",
            attempt=attempt,
            max_attempts=attempt + 1 if run.tags.get("dagster/will_retry") == "true" else tries if policy else None,
            context=Context(
                orchestrator="dagster",
                links=run_link(recorder().config.dagster_url or "", run.run_id),
                names=names_of(run, self._job, handle, key),
                task=task_of(run, self._job, handle, key),
                logical_id=scope,
                attempt=attempt,
                blocks=tuple(dict.fromkeys(blocks)),
            ),
            cause=end.cause,
            note=end.note,
            ended_by=end.ended_by,
            second_hand=True,
        )

    def blocked(self, key: str, handle: Any, because: str, *, at: datetime) -> Run:  # noqa: ANN401  # a NodeHandle
        """Return what a step was that did not start; `because` is a clause: "orders failed"."""
        note = f"not started, because {because}"
        return self.told(key, handle, End(outcome=Outcome.BLOCKED, started_at=at, ended_at=at, note=note))
