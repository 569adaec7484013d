"""What dlt tells its collector becomes how far a run has come."""

from __future__ import annotations

import os
import queue
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from made import at, run
from tocsin.capture.progress import CountingCollector, Meter
from tocsin.capture.stacks import stack
from tocsin.core.run import Outcome, Progress, Run, Stage, Step


class _Collector:
    """Writes down what it is told, with the arguments of dlt's own collectors."""

    def __init__(self) -> None:
        self.told: list[tuple[object, ...]] = []

    def __call__(self, step: str) -> _Collector:
        self.told.append((step,))
        return self

    def update(
        self,
        name: str,
        inc: int = 1,
        total: int | None = None,
        inc_total: int | None = None,
        message: str | None = None,
        label: str | None = None,
    ) -> None:
        self.told.append((name, inc, total, inc_total, message, label))


@pytest.fixture
def meter(tmp_path: Path) -> Meter:
    """Return a meter of a run of the present thread."""
    return Meter(working_dir=str(tmp_path), thread=threading.get_ident())


def _running(stage: Stage = Stage.EXTRACT) -> Run:
    steps = (Step(stage=Stage.SYNC, started_at=at(0)), Step(stage=stage, started_at=at(0)))
    return run(outcome=Outcome.RUNNING, ended_at=None, stage=stage, steps=steps)


def _said(progress: Progress) -> tuple[str | None, int, int | None]:
    return progress.subject, progress.done, progress.total


_UPDATES: list[tuple[list[Callable[[Any], Any]], tuple[str | None, int, int | None]]] = [
    # Nothing has come yet, of three resources.
    ([lambda c: c.update("Resources", 0, 3)], (None, 0, 3)),
    # Pages of rows: dlt gives the number by its name while extracting, and by its place while normalizing.
    ([lambda c: c.update("orders", inc=100), lambda c: c.update("orders", 50)], ("orders", 150, None)),
    ([lambda c: c.update("orders")], ("orders", 1, None)),
    # What came last is told, with its own count.
    ([lambda c: c.update("orders", inc=9), lambda c: c.update("items", inc=2)], ("items", 2, None)),
    # An empty page is a movement without rows.
    ([lambda c: c.update("orders", inc=9), lambda c: c.update("items", inc=0)], ("items", 0, None)),
    # A resource has ended: nobody knows which.
    ([lambda c: c.update("orders", inc=9), lambda c: c.update("Resources", 1)], (None, 1, None)),
    # Failed jobs are counted among the jobs too, and following jobs are added.
    (
        [
            lambda c: c.update("Jobs", 0, 5),
            lambda c: c.update("Jobs"),
            lambda c: c.update("Jobs", 1, message="WARNING", label="Failed"),
            lambda c: c.update("Jobs", inc=0, inc_total=2),
        ],
        (None, 1, 7),
    ),
    # Counters of a source or a package end with it.
    ([lambda c: c.update("orders", inc=9), lambda c: c("Extract shop")], (None, 0, None)),
    # What cannot be counted is no concern of ours.
    ([lambda c: c.update("orders", inc="many")], ("orders", 0, None)),
]


@pytest.mark.parametrize(("updates", "said"), _UPDATES)
def test_updates_are_counted(
    meter: Meter, updates: list[Callable[[Any], Any]], said: tuple[str | None, int, int | None]
) -> None:
    """What came last is told with its count, and the collector hears all of it as it was said."""
    theirs, plain = _Collector(), _Collector()
    for update in updates:
        update(CountingCollector(theirs, meter))
        update(plain)

    assert _said(meter.read(_running(), at(1))) == said
    assert theirs.told == plain.told


def test_what_moves_has_moved_now(tmp_path: Path) -> None:
    """What has moved since the last beat has moved now; where nothing has, the place is told."""
    with _thread("own", _users_code) as own:
        _until(own, "_users_code")
        meter = Meter(working_dir=str(tmp_path), thread=own)
        read = [meter.read(_running(), at(1))]
        read.append(meter.read(_running(), at(2)))
        CountingCollector(_Collector(), meter).update("orders", inc=0)
        read.append(meter.read(_running(), at(3)))
        read.append(meter.read(_running(), at(4)))
        read.append(meter.read(_running(Stage.NORMALIZE), at(5)))

    assert [progress.moved_at for progress in read] == [at(1), at(1), at(3), at(3), at(5)]
    assert [bool(progress.stack) for progress in read] == [False, True, False, True, False]
    assert read[1].stack[0].startswith("test_progress.py:")


def test_loading_tells_the_job_that_was_begun_first(meter: Meter, tmp_path: Path) -> None:
    """Of the load jobs that are under way the oldest is told by its table; a job that begins is a movement."""
    started = tmp_path / "load" / "normalized" / "1763.5" / "started_jobs"
    started.mkdir(parents=True)
    (tmp_path / "zeta.0001.0.insert_values").touch()
    loading = _running(Stage.LOAD)
    CountingCollector(_Collector(), meter).update("Jobs", 0, 2)
    assert _said(meter.read(loading, at(1))) == (None, 0, 2)

    (tmp_path / "zeta.0001.0.insert_values").rename(started / "zeta.0001.0.insert_values")
    first = meter.read(loading, at(2))
    _later(started / "zeta.0001.0.insert_values", started / "alpha.0002.0.insert_values")
    both = meter.read(loading, at(3))
    still = meter.read(loading, at(4))

    assert [_said(progress) for progress in (first, both, still)] == [("zeta", 0, 2)] * 3
    assert [progress.moved_at for progress in (first, both, still)] == [at(2), at(3), at(3)]


def _later(than: Path, path: Path) -> None:
    """Make a file that is later than another one by the clock of the disk."""
    path.touch()
    while path.stat().st_ctime_ns <= than.stat().st_ctime_ns:
        os.utime(path)


@contextmanager
def _thread(name: str, wait: Callable[[threading.Barrier], object]) -> Iterator[int]:
    """Run a thread that waits at a barrier, and return its identifier."""
    barrier = threading.Barrier(2)
    thread = threading.Thread(target=wait, args=(barrier,), name=name)
    thread.start()
    try:
        yield thread.ident or 0
    finally:
        barrier.wait()
        thread.join()


def _users_code(barrier: threading.Barrier) -> None:
    barrier.wait()


def _until(thread: int, place: str) -> None:
    """Wait until the work of a thread is told to stand in a function: it takes its time to get there."""
    for _ in range(1000):
        told = stack(thread)
        if any(each.endswith(f" in {place}") for each in told):
            return
        threading.Event().wait(0.01)
    pytest.fail(f"stood at {told}")


def test_code_of_the_users_is_told_first() -> None:
    """A thread that dlt started for the run tells, where its own thread stands in no code of the user's."""
    with _thread("own", threading.Barrier.wait) as own, _thread(f"dlt-pool-{own}-1", _users_code):
        _until(own, "_users_code")


def test_a_driver_is_told_where_there_is_no_code_of_the_users() -> None:
    """Where no code of the user's is at work, the thread that works for the run is told and not the one that waits."""
    items: queue.Queue[None] = queue.Queue()
    with (
        _thread("own", threading.Barrier.wait) as own,
        ThreadPoolExecutor(1, thread_name_prefix=f"dlt-pool-{own}-") as pool,
    ):
        _until(own, "_wait")
        pool.submit(items.get)
        _until(own, "get")
        items.put(None)
        # A thread of a pool that has nothing to do says nothing.
        _until(own, "_wait")


def test_threads_of_other_runs_are_not_told() -> None:
    """A run is told by its own threads only."""
    with _thread("own", threading.Barrier.wait) as own, _thread("dlt-pool-1-1", _users_code) as other:
        _until(other, "_users_code")
        assert not any("_users_code" in place for place in stack(own))


def test_thread_that_has_ended() -> None:
    """Of a thread that has ended nothing is told."""
    with _thread("own", threading.Barrier.wait) as own:
        pass
    assert stack(own) == ()
