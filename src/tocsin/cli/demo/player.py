"""Plays the scenes: does with each pipeline what is planned when it is its turn, and says what came of it."""

from __future__ import annotations

import subprocess
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TypeVar

from tocsin.cli.demo.judgement import about, wrong_messages
from tocsin.cli.demo.patience import Late, wait_until
from tocsin.cli.demo.project import Project
from tocsin.cli.demo.receiver import Received, Receiver
from tocsin.cli.demo.records import Records
from tocsin.cli.demo.scenes import Act, PlannedRun
from tocsin.cli.demo.source import Shop
from tocsin.errors import TocsinError

T = TypeVar("T")

#: Seconds for the companion processes to end.
_GRACE = 10.0
#: Characters of what a process printed.
_LOG_SHOWN = 1_500


@dataclass(frozen=True, kw_only=True)
class Played:
    """What came of a planned run."""

    planned: PlannedRun
    #: The messages about its pipeline from its start until everything about it was decided and sent.
    received: tuple[Received, ...] = ()
    #: "the kill": what the delay is counted from.
    since: str = ""
    #: Seconds from then to the first message.
    delay: float | None = None
    #: What is not as it should be.
    problems: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class _Done:
    """What was done, and when it is to be told."""

    #: What `at` is, for people.
    since: str
    at: datetime
    problems: tuple[str, ...] = ()


class Player:
    """Plays pipelines side by side, and what is planned for one pipeline one after the other."""

    def __init__(self, *, project: Project, shop: Shop, receiver: Receiver) -> None:
        """Take the project, the API that its pipelines load, and the receiver that they are to tell."""
        self._project = project
        self._shop = shop
        self._receiver = receiver
        self._records = Records(project.home)
        self._processes: list[subprocess.Popen[bytes]] = []
        self._begun: dict[str, subprocess.Popen[bytes]] = {}
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

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Let a watcher look; it is asked to end at the end of the block.

        Raises:
            Late: It ended before, or does not end.
        """
        watcher = self._started(self._project.watch)
        yield
        watcher.terminate()
        self._wait_until(lambda: watcher.poll() is not None, "the end of tocsin watch")
        if watcher.returncode:
            raise Late(f"tocsin watch ended with exit code {watcher.returncode}\n{self._printed('watch')}")

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
            wait_until(self._records.is_settled, "the companion processes", stop=threading.Event(), ceiling=_GRACE)
        self._records.close()

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
        """Do what is planned, and wait until everything about it is decided and sent."""
        pipeline, begun = planned.pipeline, len(self._receiver.received)
        match planned.act:
            case Act.RUN:
                done = self._run(planned)
            case Act.LEAVE:
                done = self._leave(planned)
            case Act.BEGIN:
                done = self._begin(planned)
            case Act.END:
                done = self._end(planned)
        self._wait_until(lambda: self._records.all_sent(pipeline), f"the end of what is told about {pipeline}")
        received = about(pipeline, self._receiver.received[begun:])
        return Played(
            planned=planned,
            received=received,
            since=done.since,
            delay=(received[0].at - done.at).total_seconds() if received else None,
            problems=(*done.problems, *wrong_messages(planned, received)),
        )

    def _run(self, planned: PlannedRun) -> _Done:
        """Run the script to its end, or to that of its process."""
        pipeline = planned.pipeline
        before = len(self._records.ended(pipeline))
        self._shop.set_trouble(pipeline, planned.trouble)
        process = self._started(lambda: self._project.start(pipeline, days=planned.days))
        killed_at = None
        if planned.killed:
            self._wait_until(
                lambda: (self._records.extracts(pipeline) and self._shop.somebody_waits.is_set()) or _ended(process),
                f"a sign of life of {pipeline}",
            )
            process.kill()
            killed_at = datetime.now(UTC)
        ended_at, problems = self._ended(planned, process, runs=before + planned.days)
        if killed_at is not None:
            return _Done(since="the kill", at=killed_at, problems=problems)
        return _Done(since="the error" if planned.exit_code else "the end of the run", at=ended_at, problems=problems)

    def _leave(self, planned: PlannedRun) -> _Done:
        """Start nothing, and wait until its grace has passed and its case is decided."""
        pipeline = planned.pipeline
        self._wait_until(lambda: self._records.judged(pipeline), f"Tocsin's word on {pipeline}, which does not start")
        slot = self._records.first_slot(pipeline)
        return _Done(since="its grace had passed", at=slot.start_by if slot is not None else datetime.now(UTC))

    def _begin(self, planned: PlannedRun) -> _Done:
        """Start the script, when it is due if it has a schedule, and wait until it is told of or has ended."""
        pipeline, begun = planned.pipeline, len(self._receiver.received)
        self._shop.set_trouble(pipeline, planned.trouble)
        if planned.scheduled:
            due = self._wait_until(lambda: self._records.next_due(pipeline), f"the schedule of {pipeline}")
            self._wait_until(lambda: datetime.now(UTC) >= due, f"the time of {pipeline}")
        process = self._begun[pipeline] = self._started(lambda: self._project.start(pipeline))
        self._wait_until(
            lambda: about(pipeline, self._receiver.received[begun:]) or _ended(process),
            f"a message about {pipeline} while it runs",
        )
        slot, run = self._records.first_slot(pipeline), self._records.latest(pipeline)
        if slot is not None and slot.finish_by is not None:
            return _Done(since="it should have ended", at=slot.finish_by)
        moved = run.progress.moved_at if run is not None and run.progress is not None else datetime.now(UTC)
        return _Done(since="it last moved", at=moved)

    def _end(self, planned: PlannedRun) -> _Done:
        """Let what was begun come to its end."""
        pipeline = planned.pipeline
        if pipeline not in self._begun:
            raise Late("not ended, because it was not begun")
        let_go_at = datetime.now(UTC)
        self._shop.let_go(pipeline)
        _, problems = self._ended(planned, self._begun[pipeline], runs=len(self._records.ended(pipeline)) + 1)
        # It is well when it moves again, and told so then, be it before or after its end.
        return _Done(since="it could go on", at=let_go_at, problems=problems)

    def _ended(
        self, planned: PlannedRun, process: subprocess.Popen[bytes], *, runs: int
    ) -> tuple[datetime, tuple[str, ...]]:
        """Wait until the process has ended and so many runs are decided, which happens in the moment they end.

        Returns:
            When the newest run ended, and what is wrong with the end of the process.
        """
        pipeline = planned.pipeline
        self._wait_until(lambda: _ended(process), f"the end of {pipeline}.py")
        ended = self._wait_until(
            lambda: found if len(found := self._records.ended(pipeline)) >= runs else None,
            f"Tocsin's word on a run of {pipeline}",
        )
        problems: tuple[str, ...] = ()
        if process.returncode != planned.exit_code:
            said = f"exit code {process.returncode}, expected {planned.exit_code}"
            problems = (f"{pipeline}: {said}\n{self._printed(pipeline)}",)
        return ended[0].ended_at or ended[0].started_at, problems

    def _started(self, start: Callable[[], subprocess.Popen[bytes]]) -> subprocess.Popen[bytes]:
        with self._starting:
            if self._stop.is_set():
                raise Late("not started, because the demo was stopped")
            process = start()
            self._processes.append(process)
        return process

    def _printed(self, name: str) -> str:
        return self._project.log(name).read_text(errors="replace")[-_LOG_SHOWN:]

    def _wait_until(self, condition: Callable[[], T | None], what: str) -> T:
        return wait_until(condition, what, stop=self._stop)


def _ended(process: subprocess.Popen[bytes]) -> bool:
    return process.poll() is not None
