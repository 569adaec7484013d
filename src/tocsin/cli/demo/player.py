"""Plays the scenes: starts each run when it is its turn, and says what came of it."""

from __future__ import annotations

import subprocess
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

from tocsin.capture.spool import Spool
from tocsin.cli.demo.judgement import about, wrong_messages
from tocsin.cli.demo.patience import Late, wait_until
from tocsin.cli.demo.project import Project
from tocsin.cli.demo.receiver import Received, Receiver
from tocsin.cli.demo.scenes import PlannedRun
from tocsin.cli.demo.source import Shop
from tocsin.config.load import load
from tocsin.core.outbox import Status
from tocsin.core.run import Outcome, Run, Stage
from tocsin.errors import TocsinError
from tocsin.store.open import open_store

T = TypeVar("T")

#: Seconds for the companion processes to end.
_GRACE = 10.0
#: Characters of what a pipeline printed.
_LOG_SHOWN = 1_500


@dataclass(frozen=True, kw_only=True)
class Played:
    """What came of a run."""

    planned: PlannedRun
    #: The messages about its pipeline from its start until everything about it was decided and sent.
    received: tuple[Received, ...] = ()
    #: Seconds from the end of the run to the first message.
    delay: float | None = None
    #: What is not as it should be.
    problems: tuple[str, ...] = ()


class Player:
    """Runs pipelines side by side, and the runs of one pipeline one after the other."""

    def __init__(self, *, project: Project, shop: Shop, receiver: Receiver) -> None:
        """Take the project, the API that its pipelines load, and the receiver that they are to tell."""
        self._project = project
        self._shop = shop
        self._receiver = receiver
        home = project.data_dir / "tocsin"
        self._spool = Spool(home)
        self._store = open_store(load((), home=home).store)
        self._processes: list[subprocess.Popen[bytes]] = []
        self._lanes: list[threading.Thread] = []
        self._starting = threading.Lock()
        self._stop = threading.Event()

    def play(self, lanes: Sequence[Sequence[PlannedRun]]) -> dict[PlannedRun, Future[Played]]:
        """Begin to play, and return at once; the runs of a lane follow each other."""
        coming: dict[PlannedRun, Future[Played]] = {run: Future() for lane in lanes for run in lane}
        for lane in lanes:
            thread = threading.Thread(target=self._play_all, args=(lane, coming), daemon=True)
            self._lanes.append(thread)
            thread.start()
        return coming

    def close(self) -> None:
        """End what still runs, wait until the companion processes have told all and have ended, and close the store."""
        with self._starting:
            self._stop.set()
        for process in self._processes:
            process.kill()
            process.wait()
        for lane in self._lanes:
            lane.join()
        # One that waits for longer has nothing to tell: all runs that were not killed right now have been decided.
        with suppress(Late):
            wait_until(self._is_settled, "the companion processes", stop=threading.Event(), ceiling=_GRACE)
        self._store.close()

    def _play_all(self, lane: Sequence[PlannedRun], coming: dict[PlannedRun, Future[Played]]) -> None:
        for planned in lane:
            try:
                played = self._play(planned)
            except TocsinError as error:
                played = Played(planned=planned, problems=(f"{planned.pipeline}: {error}",))
            except Exception as error:  # noqa: BLE001  # whoever waits for the run hears of it
                coming[planned].set_exception(error)
                continue
            coming[planned].set_result(played)

    def _play(self, planned: PlannedRun) -> Played:
        """Run a pipeline, and wait until everything about it is decided and sent."""
        pipeline = planned.pipeline
        before, begun = len(self._ended(pipeline)), len(self._receiver.received)
        self._shop.set_trouble(pipeline, planned.trouble)
        exit_code, killed_at = self._execute(planned)
        run = self._wait_until(lambda: self._decided(pipeline, before + 1), f"Tocsin's word on a run of {pipeline}")
        received = about(pipeline, self._receiver.received[begun:])
        failed_at = killed_at or run.ended_at
        delay = (received[0].at - failed_at).total_seconds() if received and failed_at else None
        problems = wrong_messages(planned, received)
        if exit_code != planned.exit_code:
            log = self._project.log(pipeline).read_text(errors="replace")[-_LOG_SHOWN:]
            problems = [f"{pipeline}: exit code {exit_code}, expected {planned.exit_code}\n{log}", *problems]
        return Played(planned=planned, received=received, delay=delay, problems=tuple(problems))

    def _execute(self, planned: PlannedRun) -> tuple[int, datetime | None]:
        """Return the exit code, and when the process was killed."""
        with self._starting:
            if self._stop.is_set():
                raise Late("not started, because the demo was stopped")
            process = self._project.start(planned.pipeline)
            self._processes.append(process)
        killed_at = None
        if planned.killed:
            self._wait_until(
                lambda: self._extracts(planned.pipeline) or process.poll() is not None,
                f"a sign of life of {planned.pipeline}",
            )
            process.kill()
            killed_at = datetime.now(UTC)
        self._wait_until(lambda: process.poll() is not None, f"the end of {planned.pipeline}.py")
        return process.returncode, killed_at

    def _wait_until(self, condition: Callable[[], T | None], what: str) -> T:
        return wait_until(condition, what, stop=self._stop)

    def _extracts(self, pipeline: str) -> bool:
        """Whether a run is known to be in extract: it asked for a page, and a heartbeat has told so."""
        beats = (event.run for _, event in self._spool.heartbeats())
        known = any(run is not None and (run.pipeline, run.stage) == (pipeline, Stage.EXTRACT) for run in beats)
        return known and self._shop.somebody_waits.is_set()

    def _ended(self, pipeline: str) -> list[Run]:
        with self._store.reading() as tx:
            return [run for run in tx.runs(pipeline=pipeline) if run.outcome is not Outcome.RUNNING]

    def _decided(self, pipeline: str, runs: int) -> Run | None:
        """Return the newest run, once so many have ended and nothing about the pipeline waits to be sent.

        A run ends in the transaction that decides whom to tell.
        """
        ended = self._ended(pipeline)
        with self._store.reading() as tx:
            alerts = tx.alerts(subject=pipeline)
            waiting = any(tx.notifications(alert_id=alert.id, status=Status.WAITING) for alert in alerts)
        return ended[0] if len(ended) >= runs and not waiting else None

    def _is_settled(self) -> bool:
        """Whether all is told and nobody else has the store open: the last one to close it takes its log away."""
        if self._spool.waiting() or any(self._spool.heartbeats()):
            return False
        with self._store.reading():
            # Connections are opened when they are used.
            pass
        self._store.close()
        return not Path(f"{self._store.url.removeprefix('sqlite:///')}-wal").exists()
