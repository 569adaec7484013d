"""Ops and assets tell of their own end, in the process in which they ran."""

from __future__ import annotations

import time
from collections.abc import Collection, Sequence
from datetime import UTC, datetime
from typing import Any

from dagster import DagsterEvent, HookContext, HookDefinition
from dagster._core.definitions.events import HookExecutionResult
from dagster._core.errors import DagsterExecutionInterruptedError

from tocsin.capture.context import given
from tocsin.capture.guards import was_told
from tocsin.capture.orchestrators.dagster import describe, dlt_pipeline, job_name, upstreams_of, waiting_for
from tocsin.capture.quiet import quiet
from tocsin.capture.recorder import recorder
from tocsin.capture.task import report_task
from tocsin.capture.tracker import tracker
from tocsin.core.run import Outcome, Run
from tocsin.integrations.dagster.error import cause_of, told_by_plugin
from tocsin.integrations.dagster.told import End, Teller

NAME = "tocsin_on_failure"


def _hook(context: HookContext, events: Sequence[DagsterEvent]) -> HookExecutionResult:
    _tell(context, events)
    return HookExecutionResult(hook_name=NAME, is_skipped=False)


@quiet
def _tell(context: HookContext, events: Sequence[DagsterEvent]) -> None:
    step = context._step_execution_context  # noqa: SLF001  # there is no public way to its plan and its job
    # Dagster's own variable, which a run of dlt reads, is empty by now.
    where = describe(step, recorder().config.dagster_url or "")
    with given(where):
        # In the process of several steps those that are skipped because of this one are among the events.
        for event in (each for each in events if each.step_key == context.step_key):
            if event.is_step_failure:
                _failed(context, step)
                recorder().told(_blocked(step))
            elif event.is_step_up_for_retry:
                _tried(context, step, event.step_retry_data.error, where.blocks)
            elif event.is_step_success:
                _succeeded(context, step)


def _tried(context: HookContext, step: Any, error: Any, blocks: Collection[str]) -> None:  # noqa: ANN401
    """Report an attempt after which another one comes: of its exception Dagster keeps no more than the texts."""
    if error is not None and not told_by_plugin(error):
        end = End(
            outcome=Outcome.FAILED,
            started_at=_started_at(context),
            ended_at=datetime.now(UTC),
            attempt=step.previous_attempt_count + 1,
            cause=cause_of(error),
        )
        teller = Teller(step.dagster_run, step.job_def)
        recorder().told([teller.told(context.step_key, step.node_handle, end, blocks=blocks)])


def _failed(context: HookContext, step: Any) -> None:  # noqa: ANN401  # a StepExecutionContext
    error = context.op_exception
    if error is not None and not was_told(error):
        since = _started_at(context)
        if pipeline := dlt_pipeline(step.job_def, step.node_handle):
            # Before or after dlt ran: that is still about its pipeline.
            tracker().process_failed(error, since=since, name=pipeline)
        else:
            outcome = Outcome.INTERRUPTED if isinstance(error, DagsterExecutionInterruptedError) else None
            report_task(job_name(step.job_def, step.node_handle), started_at=since, error=error, outcome=outcome)


def _succeeded(context: HookContext, step: Any) -> None:  # noqa: ANN401  # as above
    if pipeline := dlt_pipeline(step.job_def, step.node_handle):
        tracker().process_ended(pipeline)
    else:
        report_task(job_name(step.job_def, step.node_handle), started_at=_started_at(context))


def _blocked(step: Any) -> list[Run]:  # noqa: ANN401  # as above
    """Return what does not start because of a step, of which nobody else in a process can tell."""
    plan = {each.key: each for each in step.execution_plan.step_dict.values()}
    teller = Teller(step.dagster_run, step.job_def)
    upstreams = {key: upstreams_of(each) for key, each in plan.items()}
    waiting = waiting_for(step.step.key, upstreams)
    because = f"{job_name(step.job_def, step.node_handle)} failed"
    return [teller.blocked(key, plan[key].node_handle, because, at=datetime.now(UTC)) for key in waiting]


def _started_at(context: HookContext) -> datetime:
    stats = context.instance.get_run_step_stats(context.run_id, [context.step_key])
    attempts = stats[0].attempts_list if stats else []
    begun = attempts[-1].start_time if attempts else stats[0].start_time if stats else None
    return datetime.fromtimestamp(begun or time.time(), UTC)


#: For `@job(hooks={…})`, `@asset(hooks={…})`, `@dlt_assets(hooks={…})` and `with_hooks`. It tells of each failed
#: attempt of a step with its cause, of the steps that do not start because of it, and of the success that ends the
#: alert.
tocsin_on_failure = HookDefinition(name=NAME, hook_fn=_hook)
