"""How far a dlt run has come: what dlt tells its progress collector, counted on the way there."""

from __future__ import annotations

import contextlib
from collections import defaultdict
from collections.abc import Callable, Hashable
from datetime import datetime
from pathlib import Path
from typing import Any

from tocsin.capture.quiet import quiet
from tocsin.core.run import Progress, Run, Stage

#: Counters of dlt that stand for a whole step. All others have the name of a table.
_WHOLE = {"Resources", "Files", "Items", "Jobs"}
_NOT_GIVEN = object()
#: Where dlt keeps the load jobs that were begun and have not ended, in the working directory of a pipeline.
_STARTED_JOBS = "load/normalized/*/started_jobs/*"


class Meter:
    """Counts what moves in one run.

    The pipeline's thread only adds up. What it means is worked out by the heartbeat's thread, which has the clock: it
    compares what it sees with what it saw a beat ago.
    """

    def __init__(self, *, working_dir: str, thread: int) -> None:
        """Begin to count.

        Args:
            working_dir: The pipeline's own directory, where its load packages are.
            thread: Identifier of the thread that runs the pipeline.
        """
        self._working_dir = Path(working_dir).absolute()
        self._thread = thread
        #: Written by the pipeline's thread without a lock: a race would lose one count, and hide no movement.
        self.updates = 0
        self.last: str | None = None
        self.done: defaultdict[str, int] = defaultdict(int)
        self._totals: dict[str, int] = {}
        self._seen: Hashable = None
        self._moved_at: datetime | None = None

    def restart(self) -> None:
        """Forget the counters: dlt begins with a source or a load package, and counts from zero."""
        self.updates += 1
        self.last = None
        self.done.clear()
        self._totals.clear()

    @quiet
    def count(
        self,
        name: str,
        inc: int = 1,
        total: int | None = None,
        inc_total: int | None = None,
        message: str | None = None,  # noqa: ARG002
        label: str | None = None,
    ) -> None:
        """Count one update; the arguments are those of dlt's `Collector.update`."""
        self.updates += 1
        if label:
            # A part of another counter, which counts it too.
            return
        self.last = name
        self.done[name] += inc
        if total or inc_total:
            self._totals[name] = (total or self._totals.get(name, 0)) + (inc_total or 0)

    def read(self, run: Run, now: datetime) -> Progress:
        """Return how far `run` has come.

        Args:
            run: The newest snapshot of the run.
            now: The time of the beat. What moved since the last call has moved now.
        """
        loading = _started_jobs(self._working_dir) if run.stage is Stage.LOAD else ()
        seen = (run.stage, len(run.steps), self.updates, loading)
        still = seen == self._seen
        if self._moved_at is None or not still:
            self._seen, self._moved_at = seen, now
        counter = self.last or ""
        subject = None if counter in _WHOLE else self.last
        if loading:
            # The job that was begun first is the one that the others leave behind.
            subject = loading[0].partition(".")[0]
        return Progress(
            moved_at=self._moved_at,
            stage=run.stage,
            subject=subject,
            done=self.done.get(counter, 0),
            total=self._totals.get(counter),
            stack=(_stack(self._thread) or ()) if still else (),
        )


class CountingCollector:
    """Stands in front of a pipeline's collector while a run lasts, counts, and is otherwise that collector.

    dlt compares its own collector that does nothing by identity in one place, where normalize works in this process
    and would not report to it; nothing but these reports comes of it.
    """

    __slots__ = ("_collector", "_meter", "update")

    def __init__(self, collector: Any, meter: Meter) -> None:  # noqa: ANN401  # dlt's Collector, or anything like it
        """Stand in front of `collector`."""
        object.__setattr__(self, "_collector", collector)
        object.__setattr__(self, "_meter", meter)
        object.__setattr__(self, "update", _counted(collector, meter))

    def __call__(self, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401
        """A part of a step begins; dlt enters the collector that this returns."""
        self._meter.restart()
        return self._collector(*args, **kwargs)

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401
        """Everything else is the collector's own."""
        return getattr(self._collector, name)

    def __setattr__(self, name: str, value: object) -> None:
        """What is set is set on the collector: we are gone after the run."""
        setattr(self._collector, name, value)

    def __reduce_ex__(self, protocol: Any) -> Any:  # noqa: ANN401
        """A copy is one of the collector: `Pipeline.drop` copies it for another pipeline, which is not ours to count.

        Without this the lookup of `__setstate__` on a half made copy would come back here for ever.
        """
        return self._collector.__reduce_ex__(protocol)

    @property  # type: ignore[misc]  # a class for isinstance(); type() still tells the truth
    def __class__(self) -> type:
        """Be taken for the collector by `isinstance` and in dlt's log messages."""
        return type(self._collector)


def _counted(collector: Any, meter: Meter) -> Callable[..., Any]:  # noqa: ANN401
    """Return `collector.update`, counted.

    It is called for each item that a resource yields. A plain function with an argument of its own for what dlt
    passes each time takes a third of the time of a method that passes on whatever comes.
    """
    done = meter.done

    def update(name: str, inc: Any = _NOT_GIVEN, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401
        if type(inc) is int and not args and not kwargs:
            meter.updates += 1
            meter.last = name
            done[name] += inc
            return collector.update(name, inc=inc)
        given = args if inc is _NOT_GIVEN else (inc, *args)
        meter.count(name, *given, **kwargs)
        return collector.update(name, *given, **kwargs)

    return update


@quiet
def watch_progress(pipeline: Any, *, thread: int) -> Meter:  # noqa: ANN401  # dlt's Pipeline
    """Count the progress of `pipeline` until `unwatch_progress`.

    Called when a run begins: dlt's steps take the collector from the pipeline when they begin, and before the run
    others compare it with dlt's default.
    """
    meter = Meter(working_dir=pipeline.working_dir, thread=thread)
    pipeline.collector = CountingCollector(pipeline.collector, meter)
    return meter


@quiet
def unwatch_progress(pipeline: Any) -> None:  # noqa: ANN401  # dlt's Pipeline
    """Give the pipeline its own collector back; one that was set during the run stays."""
    if type(pipeline.collector) is CountingCollector:
        pipeline.collector = pipeline.collector._collector  # noqa: SLF001  # ours


@quiet
def _stack(thread: int) -> tuple[str, ...]:
    # Imported where nothing moves, because runs that go well do without.
    from tocsin.capture.stacks import stack

    return stack(thread)


def _started_jobs(working_dir: Path) -> tuple[str, ...]:
    """Return the file names of the load jobs that are under way, the first begun first."""
    began: list[tuple[int, str]] = []
    for path in working_dir.glob(_STARTED_JOBS):
        # It was renamed when it was begun, which only changes the time of the change of its entry.
        with contextlib.suppress(OSError):
            began.append((path.stat().st_ctime_ns, path.name))
    return tuple(name for _, name in sorted(began))
