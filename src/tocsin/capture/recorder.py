"""Writes down what runs begin and end in this process, and hands it over."""

from __future__ import annotations

import importlib
import logging
import os
import sys
import threading
import uuid
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from tocsin.capture import providers
from tocsin.capture.context import detect
from tocsin.capture.handover import Companion, Handover
from tocsin.capture.heartbeat import Heartbeat
from tocsin.capture.logtail import LogTail, end_of, write_log
from tocsin.capture.process import this_process
from tocsin.capture.quiet import quiet
from tocsin.capture.spool import Spool
from tocsin.config.layer import Layer
from tocsin.config.load import load
from tocsin.core.check import CheckResult
from tocsin.core.event import Event, EventType, Note
from tocsin.core.marker import marker_name
from tocsin.core.run import Context, Progress, Run, Stage
from tocsin.errors import SpoolError

if TYPE_CHECKING:
    from tocsin.core.redact import Redactor

#: Tells how far a run has come, given its newest snapshot and the time.
ProgressSource: TypeAlias = Callable[[Run, datetime], Progress | None]

#: pytest sets these for its tests and for the programs that they start; the first of them since version 8.2.
_OF_PYTEST = frozenset({"PYTEST_VERSION", "PYTEST_CURRENT_TEST"})
#: Seconds between two signs of life: mostly, and where runs are taken for dead very soon.
_BEAT_EVERY, _BEAT_AT_MOST_EVERY = 5.0, 0.1
#: Characters of a log that go to a server with the report of a failure.
_SENT_OF_LOG = 8000
_log = logging.getLogger("tocsin")


class Recorder:
    """The one recorder of a process. No method raises, and none takes longer than the configured budget."""

    def __init__(self) -> None:
        """Read the configuration."""
        layers = _layers()
        self.config = load(layers, home=providers.home())
        self._spool = Spool(self.config.home)
        self._log_tail = LogTail()
        self._active: dict[str, Run] = {}
        self._progress: dict[str, ProgressSource] = {}
        self._lock = threading.Lock()
        self._heartbeat = self._new_heartbeat()
        self._redactor: Redactor | None = None
        self._warned = False
        # Tests make pipelines fail on purpose; whoever wants to hear of that says so.
        self._in_a_test = "TOCSIN__ENABLED" not in os.environ and not _OF_PYTEST.isdisjoint(os.environ)
        #: Events that the spool could not take; the engine gets them by hand while this process lives.
        self._unspooled: list[Event] = []
        companion = Companion(layers, self.config.home)
        self._handover = Handover(self.config, companion, self._take_unspooled)
        self._tell_problems()

    @property
    def enabled(self) -> bool:
        """Whether anything is recorded at all."""
        return self.config.enabled and not self._in_a_test

    @property
    def environment(self) -> str:
        """Name of the configured environment."""
        return self.config.environment

    def context(self) -> Context:
        """Return where a run runs that begins now; settings for its links count like the variables of their names."""
        links = {"TOCSIN__LOG_URL": self.config.log_url, "TOCSIN__DAGSTER_URL": self.config.dagster_url}
        return detect({**os.environ, **{name: url for name, url in links.items() if url}}, sys.modules)

    def job(self, name: str, started_at: datetime) -> Run:
        """Return a run of a job that is no dlt pipeline; its id is new, and it has not been reported."""
        run_id, context = uuid.uuid4().hex, self.context()
        return Run(
            id=run_id,
            pipeline=name,
            environment=self.environment,
            started_at=started_at,
            stage=Stage.JOB,
            logical_id=f"{context.logical_id}/{name}" if context.logical_id else run_id,
            attempt=context.attempt,
            max_attempts=context.max_attempts,
            context=context,
        )

    def redact(self, text: str) -> str:
        """Return a text without the secrets of this process; they are looked up with the first text of a run."""
        from tocsin.core.redact import Redactor  # not paid for by runs that go well

        redactor = self._redactor = self._redactor or Redactor(providers.secret_values())
        return redactor(text)

    @quiet
    def begin(self, run: Run, *, progress: ProgressSource | None = None) -> None:
        """Report that a run has begun, and keep reporting that it lives.

        Args:
            run: The run.
            progress: Asked with each sign of life how far the run has come; None where nobody can tell.
        """
        if not self.enabled or not self.config.pipeline(run.pipeline).enabled:
            return
        # Since the last run dlt may have read secrets that were not known before.
        self._redactor = None
        run = replace(run, process=this_process(), heartbeat_at=run.started_at)
        with self._lock:
            self._active[run.id] = run
            if progress is not None:
                self._progress[run.id] = quiet(progress)
        self._log_tail.attach()
        self._put(EventType.RUN_STARTED, run, at=run.started_at)
        self._beat_one(run.id, run.started_at)
        self._heartbeat.ensure()
        self._handover.begin()

    @quiet
    def update(self, run: Run) -> None:
        """Take a newer snapshot of a run. A new stage is told at once, because the process may die in it."""
        with self._lock:
            if (known := self._active.get(run.id)) is None:
                return
            self._active[run.id] = replace(run, process=known.process)
        if run.stage is not known.stage:
            self._beat_one(run.id, _now())

    @quiet
    def finish(self, run: Run, *, log: str = "") -> None:
        """Report that a run has ended. Bad news, and the end of bad news, is waited for within the budget.

        Args:
            run: The run with its end.
            log: The end of its own log, where it was not this process that wrote it.
        """
        with self._lock:
            known = self._active.pop(run.id, None)
            self._progress.pop(run.id, None)
        if known is None:
            return
        run = replace(run, process=known.process, heartbeat_at=run.ended_at)
        if run.outcome.bad:
            run = self._keep_log(run, log)
        self._put(EventType.RUN_FINISHED, run, at=run.ended_at or _now(), durable=run.outcome.bad)
        self._spool.still(run.id)
        self._hand_over(urgent=run.outcome.bad or self._alert_is_open(run))
        if run.outcome.bad:
            self._tell_that_nobody_hears()

    @quiet
    def report(self, run: Run) -> None:
        """Report a run that is known only at its end: a script that failed before or after its pipeline ran."""
        if self.enabled and self.config.pipeline(run.pipeline).enabled:
            self._handover.begin()
            with self._lock:
                self._active[run.id] = replace(run, process=this_process())
            self.finish(run)

    @quiet
    def told(self, runs: Sequence[Run]) -> None:
        """Report runs that ended elsewhere, or never began: their orchestrator tells of them."""
        told = [run for run in runs if self.enabled and self.config.pipeline(run.pipeline).enabled]
        if not told:
            return
        self._handover.begin()
        for run in told:
            self._put(EventType.RUN_FINISHED, run, at=run.ended_at or _now(), durable=run.outcome.bad)
        self._hand_over(urgent=any(run.outcome.bad or self._alert_is_open(run) for run in told))

    @quiet
    def finished_cleanly(self, runs: list[Run]) -> None:
        """Report that the process ends without an error after these runs, where an open alert may wait to hear it."""
        # What is open on a server is not known here.
        waiting = runs if self.config.server is not None else [run for run in runs if self._alert_is_open(run)]
        for run in waiting:
            self._put(EventType.PROCESS_ENDED, run, at=_now())
        if waiting:
            self._hand_over(urgent=self.config.server is None)

    @quiet
    def checked(self, run: Run, results: Sequence[CheckResult]) -> None:
        """Report what came of the checks after a run; failures are waited for within the budget."""
        run = replace(run, process=this_process())
        at = max(result.at for result in results)
        run = self._declared(run)
        event = Event(id=f"{EventType.CHECK_FINISHED.value}-{run.id}", type=EventType.CHECK_FINISHED, at=at, run=run)
        bad = any(result.failing or result.error for result in results)
        self._save(replace(event, checks=tuple(results)), durable=bad)
        self._hand_over(urgent=bad)

    @quiet
    def note(self, note: Note) -> None:
        """Hand a plain message to the routes."""
        if self.enabled:
            self._handover.begin()
            self._save(Event(id=uuid.uuid4().hex, type=EventType.NOTE, at=_now(), note=note), durable=True)
            self._hand_over(urgent=True)

    def pause(self) -> None:
        """Stand still while this process forks."""
        self._heartbeat.pause()
        self._handover.pause()

    def resume(self) -> None:
        """Go on in the parent."""
        self._heartbeat.resume()

    def forget(self) -> None:
        """Start afresh in a forked child: the runs, the thread and the companion are the parent's."""
        self._active = {}
        self._progress = {}
        self._lock = threading.Lock()
        self._heartbeat = self._new_heartbeat()
        self._unspooled = []
        self._handover.forget()

    def _put(self, kind: EventType, run: Run, *, at: datetime, durable: bool = False) -> None:
        self._save(Event(id=f"{kind.value}-{run.id}", type=kind, at=at, run=self._declared(run)), durable=durable)

    def _declared(self, run: Run) -> Run:
        """Return what is reported of a run: with what is configured here, where a server judges it."""
        if self.config.server is None:
            return run
        from tocsin.capture.declared import declare  # not paid for by those who need no server

        return declare(self.config, run)

    def _save(self, event: Event, *, durable: bool) -> None:
        try:
            self._spool.put(event, durable=durable)
        except SpoolError as error:
            _log.warning("%s", error)
            if durable:
                self._unspooled.append(event)

    def _hand_over(self, *, urgent: bool) -> None:
        self._handover.finish(urgent=urgent, in_hand=bool(self._unspooled))

    def _take_unspooled(self) -> list[Event]:
        events, self._unspooled = self._unspooled, []
        return events

    def _beat(self) -> bool:
        now = _now()
        active = list(self._active)
        for run_id in active:
            self._beat_one(run_id, now)
        if active:
            self._handover.keep_alive()
        return bool(active)

    def _beat_one(self, run_id: str, now: datetime) -> None:
        # Written under the lock: no older snapshot replaces a newer one, and no sign of life follows the end.
        with self._lock:
            if (run := self._active.get(run_id)) is None:
                return
            source = self._progress.get(run_id)
            try:
                run = replace(run, heartbeat_at=now, progress=source(run, now) if source else None)
                self._spool.beat(self._declared(run), now)
            except SpoolError as error:
                _log.debug("%s", error)

    def _new_heartbeat(self) -> Heartbeat:
        """Return a heartbeat that may be missed twice before a run is taken for dead."""
        limits = [pipeline.died_after for pipeline in self.config.pipelines.values()]
        shortest = min([self.config.died_after, *filter(None, limits)])
        every = max(_BEAT_AT_MOST_EVERY, min(_BEAT_EVERY, shortest.total_seconds() / 3))
        return Heartbeat(self._beat, self._warm_up, every=every)

    @staticmethod
    @quiet
    def _warm_up() -> None:
        """Import and compile what a failure will need, while the run is busy with other things."""
        importlib.import_module("tocsin.core.explain")
        # One of its own: dlt may read further secrets before the run ends.
        redaction = importlib.import_module("tocsin.core.redact")
        redaction.Redactor(providers.secret_values())("a first text")

    def _alert_is_open(self, run: Run) -> bool:
        return (self.config.home / "open" / marker_name(run.environment, run.pipeline)).exists()

    def _keep_log(self, run: Run, log: str) -> Run:
        """Write the log tail where no orchestrator links to a log, and return the run with its path."""
        if run.context.links or run.cause is None:
            return run
        path = self.config.home / "logs" / f"{run.id}.log"
        lines = [*self._log_tail.lines, log or run.cause.traceback]
        text = self.redact("\n".join(line for line in lines if line)) + "\n"
        if self.config.server is not None:
            run = replace(run, context=replace(run.context, log_tail=end_of(text, most=_SENT_OF_LOG)))
        try:
            write_log(path, text)
        except OSError as error:
            _log.warning("cannot keep the log of run %s: %s", run.id, error)
            return run
        return replace(run, context=replace(run.context, log_path=str(path)))

    def _tell_problems(self) -> None:
        if self.config.problems:
            first, *others = self.config.problems
            more = f" (and {len(others)} more)" if others else ""
            _log.warning("%s%s; `tocsin config check` tells all", first, more)

    def _tell_that_nobody_hears(self) -> None:
        if not self.config.channels and self.config.server is None and not self._warned:
            self._warned = True
            _log.warning("a run has failed and nobody is told, because no channel is configured; type `tocsin init`")


_recorder: Recorder | None = None
_making = threading.Lock()


def recorder() -> Recorder:
    """Return the recorder of this process."""
    global _recorder  # noqa: PLW0603  # one process has one recorder
    with _making:
        if _recorder is None:
            _recorder = Recorder()
        return _recorder


def _layers() -> Sequence[Layer]:
    if find_spec("dlt") is not None:
        return providers.layers()
    # A process with dlt has no need of a reader of TOML.
    from tocsin.config.files import file_layers

    return file_layers(Path.cwd())


def _after_fork_in_child() -> None:
    global _making  # noqa: PLW0603  # the lock may have been held by a thread that the child does not have
    _making = threading.Lock()
    if _recorder is not None:
        _recorder.forget()


def _before_fork() -> None:
    if _recorder is not None:
        _recorder.pause()


def _after_fork_in_parent() -> None:
    if _recorder is not None:
        _recorder.resume()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_before_fork, after_in_parent=_after_fork_in_parent, after_in_child=_after_fork_in_child)


def _now() -> datetime:
    return datetime.now(UTC)
