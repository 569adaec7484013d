"""dlt's callbacks become snapshots of runs."""

from __future__ import annotations

import os
import sys
import threading
import uuid
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from types import FrameType
from typing import TYPE_CHECKING, Any

from tocsin.capture import convert
from tocsin.capture.after_load import check_after_load
from tocsin.capture.attempts import LogicalRuns, current_attempt
from tocsin.capture.convert import Info
from tocsin.capture.dlt_pipeline import active_pipeline, command_to_give_up, pending_packages, script_name, target
from tocsin.capture.guards import Sigterm, mark_told, was_told
from tocsin.capture.progress import unwatch_progress, watch_progress
from tocsin.capture.quiet import quiet
from tocsin.capture.recorder import recorder
from tocsin.core.run import Outcome, Run, Stage, Step

if TYPE_CHECKING:
    from dlt import Pipeline

#: The first stage of each of dlt's steps: `run` begins with the synchronization of its state.
_STAGES = {"run": Stage.SYNC, "extract": Stage.EXTRACT, "normalize": Stage.NORMALIZE, "load": Stage.LOAD}
#: Packages that were normalized here and never loaded here are forgotten beyond this many.
_MOST_PACKAGES = 1000


@dataclass
class _LiveRun:
    """A run that is under way, with what its end will need."""

    run: Run
    #: The exception that was being handled when the run began: it is not the run's.
    ambient: BaseException | None
    infos: dict[str, Info | None] = field(default_factory=dict)
    signalled: bool = False
    #: Whether this run put the handler of SIGTERM in place, and so has to take it away.
    guards: bool = False

    def error(self) -> BaseException | None:
        """The exception that is on its way through dlt; its callbacks do not get it, but run while it is handled."""
        error = sys.exc_info()[1]
        return None if error is self.ambient else error


class Tracker:
    """Follows the runs of this process. No method raises, and none changes what the pipeline does."""

    def __init__(self) -> None:
        """Start without any run."""
        self._live: dict[str, _LiveRun] = {}
        self._logical = LogicalRuns()
        self._rows: dict[str, convert.PackageRows] = {}
        #: The last run of each pipeline, in the order in which they ended.
        self._ended: dict[str, Run] = {}
        self._sigterm = Sigterm(self._signal_received, self._signal_ends)

    # dlt's callbacks; their names and arguments are dlt's SupportsTracking.

    def on_start_trace(self, trace: Any, step: str, pipeline: Pipeline) -> None:  # noqa: ANN401
        """A run begins."""
        with self._sigterm.held():
            # The frame is taken here, because a decorator's frame between us would be one more to pass.
            self._begin(trace.transaction_id, step, pipeline, sys.exc_info()[1], sys._getframe())  # noqa: SLF001

    def on_start_trace_step(self, trace: Any, step: str, pipeline: Pipeline) -> None:  # noqa: ANN401, ARG002
        """A step begins."""
        with self._sigterm.held():
            self._begin_step(trace.transaction_id, step)

    def on_end_trace_step(
        self,
        trace: Any,  # noqa: ANN401
        step: Any,  # noqa: ANN401
        pipeline: Pipeline,  # noqa: ARG002
        step_info: Any,  # noqa: ANN401
        send_state: bool,  # noqa: ARG002, FBT001
    ) -> None:
        """A step ends."""
        with self._sigterm.held():
            self._end_step(trace.transaction_id, step.step, step_info)

    def on_end_trace(self, trace: Any, pipeline: Pipeline, send_state: bool) -> None:  # noqa: ANN401, ARG002, FBT001
        """A run ends."""
        with self._sigterm.held():
            run = self._end(trace.transaction_id, pipeline)
        # A signal finds the run ended and reported, however long its checks take.
        if run is not None and run.outcome.ok:
            check_after_load(run, pipeline)

    # Ends that dlt does not tell.

    @quiet
    def process_failed(self, error: BaseException, *, since: datetime, name: str | None = None) -> None:
        """An exception has reached the top of the program or task: report it, unless a run has done so.

        Args:
            error: The exception.
            since: When the program or the task began, as far as that is known.
            name: The pipeline of the task that has failed, where an orchestrator knows it.
        """
        if was_told(error) or not recorder().enabled:
            return
        pipeline = active_pipeline()
        if name is None:
            name = pipeline.pipeline_name if pipeline else next(reversed(self._ended), None) or script_name()
        elif pipeline is not None and pipeline.pipeline_name != name:
            pipeline = None
        after = self._ended.get(name)
        # A process may run one task of an orchestrator after the other.
        if after is not None and after.context.logical_id != recorder().context().logical_id:
            after = None
        logical_id = after.logical_id if after else None
        run = self._new_run(uuid.uuid4().hex, name, "run", pipeline=pipeline, logical_id=logical_id)
        run = replace(
            run,
            stage=Stage.AFTER if after else Stage.BEFORE,
            started_at=(after and after.ended_at) or since,
            ended_at=_now(),
        )
        recorder().report(self._with_error(run, error, pipeline, signalled=False))

    @quiet
    def process_ended(self, name: str | None = None) -> None:
        """The program, or the task of an orchestrator that runs this pipeline, has come to a good end."""
        if runs := [run for run in self._ended.values() if run.outcome.ok and name in {None, run.pipeline}]:
            recorder().finished_cleanly(runs)

    def before_fork(self) -> None:
        """Keep the signal handler of the runs that are under way out of the child."""
        self._sigterm.before_fork()

    def after_fork_in_parent(self) -> None:
        """Go on."""
        self._sigterm.after_fork_in_parent()

    def after_fork_in_child(self) -> None:
        """Start afresh: the runs are the parent's."""
        self._sigterm.after_fork_in_child()
        self._live = {}
        self._ended = {}

    def _signal_received(self) -> None:
        for live in self._live.values():
            live.signalled = True

    @quiet
    def _signal_ends(self) -> None:
        for live in self._live.values():
            run = replace(live.run, outcome=Outcome.INTERRUPTED, ended_at=_now(), note="ended by SIGTERM")
            recorder().finish(_steps_closed(run))
        self._live = {}

    @quiet
    def _begin(
        self,
        run_id: str,
        step: str,
        pipeline: Pipeline,
        ambient: BaseException | None,
        frame: FrameType,
    ) -> None:
        if not recorder().enabled:
            return
        run = self._new_run(run_id, pipeline.pipeline_name, step, pipeline=pipeline, attempt_of=frame)
        run = replace(run, stage=_STAGES[step], first_run=pipeline.first_run)
        live = self._live[run_id] = _LiveRun(run=run, ambient=ambient)
        live.guards = self._sigterm.install()
        enabled = recorder().config.pipeline(run.pipeline).enabled
        meter = watch_progress(pipeline, thread=threading.get_ident()) if enabled else None
        recorder().begin(live.run, progress=meter.read if meter else None)

    def _new_run(
        self,
        run_id: str,
        name: str,
        step: str,
        *,
        pipeline: Pipeline | None,
        attempt_of: FrameType | None = None,
        logical_id: str | None = None,
    ) -> Run:
        context = recorder().context()
        attempt = quiet(current_attempt)(attempt_of)
        number, allowed = context.attempt, context.max_attempts
        if attempt is not None:
            # An orchestrator repeats the program, and in each of its attempts tenacity starts anew.
            number = (number - 1) * (attempt.allowed or 0) + attempt.number
            allowed = allowed * attempt.allowed if allowed and attempt.allowed else attempt.allowed
        return Run(
            id=run_id,
            pipeline=name,
            environment=recorder().environment,
            started_at=_now(),
            logical_id=logical_id
            or self._logical.identify(
                run_id, name, step, scope=context.logical_id, scope_attempt=context.attempt, attempt=attempt
            ),
            attempt=number,
            max_attempts=allowed,
            context=context,
            **target(pipeline),
        )

    @quiet
    def _begin_step(self, run_id: str, step: str) -> None:
        if (live := self._live.get(run_id)) is None:
            return
        stage, now = _STAGES[step], _now()
        live.infos[step] = None
        # A step ends where the next one begins; only `sync` is not ended by dlt itself.
        steps = _closed(live.run.steps, now, ok=True)
        live.run = replace(live.run, stage=stage, steps=(*steps, Step(stage=stage, started_at=now)))
        recorder().update(live.run)

    @quiet
    def _end_step(self, run_id: str, step: str, info: Info | None) -> None:
        if (live := self._live.get(run_id)) is None:
            return
        live.infos[step] = info
        live.run = replace(live.run, steps=_closed(live.run.steps, _now(), ok=live.error() is None))
        if step == "normalize" and info is not None:
            self._rows.update(convert.normalized_rows(info))
            for forgotten in list(self._rows)[:-_MOST_PACKAGES]:
                del self._rows[forgotten]

    @quiet
    def _end(self, run_id: str, pipeline: Pipeline) -> Run | None:
        if (live := self._live.pop(run_id, None)) is None:
            return None
        unwatch_progress(pipeline)
        if live.guards:
            self._sigterm.restore()
        error = live.error()
        run = replace(self._with_facts(live, pipeline), ended_at=_now())
        if error is None:
            run = replace(run, outcome=convert.outcome_without_error(live.infos, self._rows))
        else:
            run = replace(run, stage=convert.failed_stage(error, run.stage))
            run = self._with_error(run, error, pipeline, signalled=live.signalled)
        self._ended.pop(run.pipeline, None)
        self._ended[run.pipeline] = run
        recorder().finish(run)
        for load_id in convert.load_ids([live.infos.get("load")]) if error is None else ():
            self._rows.pop(load_id, None)
        return run

    def _with_facts(self, live: _LiveRun, pipeline: Pipeline) -> Run:
        """Add what the steps returned. A fact that cannot be read costs the run no more than this fact."""
        load = live.infos.get("load")
        last = load or next((info for info in reversed(live.infos.values()) if info), None)
        facts: dict[str, Any] = {
            "failed_jobs": quiet(convert.failed_jobs)(load, recorder().redact) if load else (),
            "tables": quiet(convert.tables_loaded)(load, self._rows) if load else (),
            "schema_changes": quiet(convert.schema_changes)(load),
            "schemas": quiet(convert.schemas)(load),
            "location": quiet(convert.location)(load),
            "load_ids": quiet(convert.load_ids)(live.infos.values()),
            "pending_packages": pending_packages(pipeline),
            "first_run": last.first_run if last else None,
            "refreshed": quiet(convert.is_refresh)(load),
        }
        known = {name: fact for name, fact in facts.items() if fact is not None}
        return replace(live.run, **{**target(pipeline), **known})

    @staticmethod
    def _with_error(run: Run, error: BaseException, pipeline: Pipeline | None, *, signalled: bool) -> Run:
        """Add the outcome and the cause."""
        # Imported where a run has failed, because runs that go well do without.
        from tocsin.core.explain import RunFacts, explain

        mark_told(error)
        redact = recorder().redact
        note = None
        if isinstance(error, SystemExit):
            note = redact(f"the program ended itself with exit code {_exit_code(error)}")
        elif signalled:
            note = "SIGTERM was received"
        facts = RunFacts(
            pipeline=run.pipeline,
            destination=run.destination,
            pending_packages=run.pending_packages,
            give_up=command_to_give_up(pipeline),
        )
        return replace(
            run,
            outcome=convert.outcome_of_error(error, signalled=signalled),
            cause=quiet(explain)(error, redact=redact, step=run.stage.value, facts=facts),
            note=note,
        )


def _closed(steps: tuple[Step, ...], now: datetime, *, ok: bool) -> tuple[Step, ...]:
    """Return the steps with the last one ended, if it is still open."""
    if not steps or steps[-1].ended_at is not None:
        return steps
    return (*steps[:-1], replace(steps[-1], ended_at=now, ok=ok))


def _steps_closed(run: Run) -> Run:
    return replace(run, steps=_closed(run.steps, run.ended_at or _now(), ok=False))


def _exit_code(error: SystemExit) -> int:
    """Return what the shell sees: nothing is 0, a number is itself, anything else is printed and counts as 1."""
    if error.code is None:
        return 0
    return error.code if isinstance(error.code, int) else 1


def _now() -> datetime:
    return datetime.now(UTC)


_tracker = Tracker()


def tracker() -> Tracker:
    """Return the tracker of this process."""
    return _tracker


if hasattr(os, "register_at_fork"):
    os.register_at_fork(
        before=_tracker.before_fork,
        after_in_parent=_tracker.after_fork_in_parent,
        after_in_child=_tracker.after_fork_in_child,
    )
