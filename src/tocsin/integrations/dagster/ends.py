"""How the steps of a run ended, by Dagster's log of events."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from dagster import DagsterEventType, DagsterRunStatus, RunStatusSensorContext
from dagster._core.definitions.dependency import NodeHandle

from tocsin.capture.orchestrators.dagster import dlt_pipeline, waiting_for
from tocsin.capture.recorder import recorder
from tocsin.core.explain.told import explain_told
from tocsin.core.run import Outcome, Run
from tocsin.integrations.dagster.error import cause_of, told_by_plugin
from tocsin.integrations.dagster.hook import NAME
from tocsin.integrations.dagster.told import End, Teller

_BEGINS = {DagsterEventType.STEP_START, DagsterEventType.STEP_RESTARTED}
_ENDS = {DagsterEventType.STEP_SUCCESS, DagsterEventType.STEP_FAILURE, DagsterEventType.STEP_SKIPPED}
_READ = {*_BEGINS, *_ENDS, DagsterEventType.HOOK_COMPLETED, DagsterEventType.ENGINE_EVENT}
#: What Dagster says of a process that ended without a word.
_CRASHED = re.compile(r"was terminated by signal \d+ \((?P<signal>\w+)\)|unexpectedly exited with code (?P<code>\d+)")
_WORDS = {Outcome.FAILED: "failed", Outcome.DIED: "died", Outcome.INTERRUPTED: "was interrupted"}


@dataclass
class _Step:
    """What the log tells of one step."""

    handle: Any
    begun: datetime | None = None
    attempt: int = 0
    ended: datetime | None = None
    last: DagsterEventType | None = None
    #: Dagster's SerializableErrorInfo.
    error: Any = None
    #: As `Run.ended_by`.
    ended_by: str | None = None
    #: Whether our hook has seen its end.
    hooked: bool = False


def ends_of(context: RunStatusSensorContext) -> list[Run]:
    """Return the runs that the steps of a run of Dagster were, but for those that have told of themselves."""
    run, instance = context.dagster_run, context.instance
    if context.repository_def is None or run.execution_plan_snapshot_id is None:
        return []
    job = context.repository_def.get_job(run.job_name)
    plan = instance.get_execution_plan_snapshot(run.execution_plan_snapshot_id)
    wanted = {each.key: each for each in plan.steps if each.key in plan.step_keys_to_execute}
    steps = {key: _Step(handle=NodeHandle.from_string(each.node_handle_id)) for key, each in wanted.items()}
    _read(steps, instance.all_logs(run.run_id, of_type=_READ))
    upstreams = {
        key: {handle.step_key for given in each.inputs for handle in given.upstream_output_handles}
        for key, each in wanted.items()
    }
    teller = Teller(run, job)
    ended = _Ended(context, steps)
    told = dict(ended.news(job))
    broken = {key: outcome for key, step in steps.items() if (outcome := ended.outcome(step)) in _WORDS}
    if not broken and run.status is not DagsterRunStatus.SUCCESS:
        # It ended before or between steps: that is told of what should have been the next.
        done = {key for key, step in steps.items() if step.last is not None}
        broken = {key: ended.of_run for key in steps.keys() - done if not upstreams[key] & steps.keys() - done}
        told |= dict.fromkeys(broken, ended.never_began())
    reached = {key: waiting_for(key, upstreams) for key in broken}
    blocks = {key: [teller.name(steps[each].handle) for each in waiting] for key, waiting in reached.items()}
    ends = [teller.told(key, steps[key].handle, end, blocks=blocks.get(key, ())) for key, end in told.items()]
    return [*ends, *_blocked(teller, steps, reached, broken, ended.at)]


def _read(steps: Mapping[str, _Step], log: Any) -> None:  # noqa: ANN401  # entries of Dagster's log
    for entry in log:
        event, at = entry.dagster_event, datetime.fromtimestamp(entry.timestamp, UTC)
        if (step := steps.get(event.step_key)) is None:
            continue
        if event.event_type in _BEGINS:
            step.begun, step.attempt, step.last = at, step.attempt + 1, event.event_type
            step.hooked, step.ended_by = False, None
        elif event.event_type in _ENDS:
            step.ended, step.last = at, event.event_type
            step.error = event.step_failure_data.error if event.is_step_failure else None
        elif crashed := _CRASHED.search(event.message or ""):
            step.ended_by = crashed["signal"] or f"exit code {crashed['code']}"
        else:
            step.hooked = step.hooked or f'"{NAME}"' in (event.message or "")


class _Ended:
    """How the steps of one run ended."""

    def __init__(self, context: RunStatusSensorContext, steps: Mapping[str, _Step]) -> None:
        self._event = context.dagster_event
        self._steps = steps
        canceled = context.dagster_run.status is DagsterRunStatus.CANCELED
        #: How what was under way has ended.
        self.of_running = Outcome.INTERRUPTED if canceled else Outcome.DIED
        self.of_run = Outcome.INTERRUPTED if canceled else Outcome.FAILED
        record = context.instance.get_run_record_by_id(context.dagster_run.run_id)
        self.at = datetime.fromtimestamp(record.end_time, UTC) if record and record.end_time else datetime.now(UTC)

    def outcome(self, step: _Step) -> Outcome | None:
        """Return how a step ended; None where it never began."""
        match step.last:
            case None | DagsterEventType.STEP_SKIPPED:
                return None
            case DagsterEventType.STEP_SUCCESS:
                return Outcome.SUCCEEDED
            case DagsterEventType.STEP_FAILURE:
                return _outcome_of(step.error)
        return self.of_running

    def news(self, job: Any) -> Iterator[tuple[str, End]]:  # noqa: ANN401  # a JobDefinition
        """Yield the ends of which the process of the step did not tell."""
        for key, step in self._steps.items():
            outcome = self.outcome(step)
            if outcome is None or step.hooked:
                continue
            if outcome is Outcome.SUCCEEDED and dlt_pipeline(job, step.handle):
                continue
            if step.error is not None and told_by_plugin(step.error):
                continue
            yield key, self._end(step, outcome)

    def never_began(self) -> End:
        """Return the end of what should have been the first."""
        error = getattr(self._event.event_specific_data, "error", None)
        said = self._event.message or "Dagster could not start the run"
        cause = cause_of(error) if error else explain_told(said, redact=recorder().redact)
        return End(outcome=self.of_run, started_at=self.at, ended_at=self.at, cause=cause)

    def _end(self, step: _Step, outcome: Outcome) -> End:
        return End(
            outcome=outcome,
            started_at=step.begun or step.ended or self.at,
            ended_at=step.ended or self.at,
            attempt=max(step.attempt, 1),
            cause=cause_of(step.error) if step.error and outcome is Outcome.FAILED else None,
            note=None if step.last in _ENDS else self._event.message,
            ended_by=step.ended_by if outcome is Outcome.DIED else None,
        )


def _blocked(
    teller: Teller,
    steps: Mapping[str, _Step],
    reached: Mapping[str, Collection[str]],
    broken: Mapping[str, Outcome | None],
    at: datetime,
) -> Iterator[Run]:
    """Yield what did not start because of a step that is broken; `reached` is what waits for each of those."""
    for key, step in steps.items():
        if step.last is None and key not in broken and broken:
            why = next((one for one, waiting in reached.items() if key in waiting), next(iter(broken)))
            because = f"{teller.name(steps[why].handle)} {_WORDS[broken[why] or Outcome.FAILED]}"
            yield teller.blocked(key, step.handle, because, at=at)


def _outcome_of(error: Any) -> Outcome:  # noqa: ANN401  # a SerializableErrorInfo
    match error and error.cls_name:
        case "ChildProcessCrashException":
            return Outcome.DIED
        case "DagsterExecutionInterruptedError":
            return Outcome.INTERRUPTED
    return Outcome.FAILED
