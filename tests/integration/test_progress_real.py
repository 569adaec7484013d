"""What a run of dlt says of itself while it runs: how far it has come, and where it stands while nothing moves."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from dlt_scripts import RunScript, start, wait
from tocsin.core.codec import decode
from tocsin.core.run import Outcome, Progress, Run, Stage

pytestmark = pytest.mark.dlt_versions

#: A script under load may take a while to come to the point.
_PATIENCE = 60

#: Runs a pipeline; what calls `hang()` stays there until the test has seen it.
_HEAD = """
import asyncio, time
from pathlib import Path
import dlt

def is_over():
    return Path("go").exists()

def hang():
    while not is_over():
        time.sleep(0.02)  # hang

async def hang_async():
    while not is_over():
        await asyncio.sleep(0.02)

def run(data, destination="duckdb", **settings):
    dlt.pipeline("orders", destination=destination, dataset_name="shop").run(data, **settings)
"""


def _line(source: str, marker: str) -> int:
    """Return the number of the line that ends with `marker`, in the script that `source` is a part of."""
    before = 0 if source is _HEAD else _HEAD.count("\n")
    [number] = [n for n, line in enumerate(source.splitlines(), start=1) if line.strip().endswith(marker)]
    return before + number


def _seen(body: str, folder: Path, told: Callable[[Progress], bool], **environment: str) -> Progress:
    """Run a script until its sign of life satisfies `told`; let it end well, and return what it said."""
    process = start(_HEAD + body, folder, {"TOCSIN__DIED_AFTER": "1s", **environment})
    try:
        until = time.monotonic() + _PATIENCE
        while (progress := _progress(folder)) is None or not told(progress):
            assert process.poll() is None, process.communicate()
            assert time.monotonic() < until, progress
            time.sleep(0.02)
    finally:
        (folder / "go").touch()
        ended = wait(process, folder)
    assert ended.code == 0, ended.err
    assert ended.alive == []
    return progress


def _progress(folder: Path) -> Progress | None:
    for path in (folder / "tocsin" / "spool" / "alive").glob("*.json"):
        try:
            return decode(Run, json.loads(path.read_text())["run"]).progress
        except FileNotFoundError:
            return None
    return None


def _hangs(progress: Progress) -> bool:
    return any(" in hang" in place for place in progress.stack)


def test_resource_that_hangs(tmp_path: Path) -> None:
    """A resource that hangs is told by file, line and function, with what it had yielded before."""
    body = """
@dlt.resource
def orders():
    yield [{"id": 1}, {"id": 2}]
    yield [{"id": 3}]
    hang()  # orders

run(orders)
"""
    progress = _seen(body, tmp_path, _hangs)

    assert (progress.stage, progress.subject, progress.done) == (Stage.EXTRACT, "orders", 3)
    assert progress.stack == (_sleeping(), f"script.py:{_line(body, '# orders')} in orders")


def test_first_request_hangs(tmp_path: Path) -> None:
    """A resource that hangs before it has yielded anything is told too; nothing is said to have moved."""
    body = """
@dlt.resource
def orders():
    hang()  # orders
    yield {"id": 1}

run(orders)
"""
    progress = _seen(body, tmp_path, _hangs)

    assert (progress.stage, progress.subject, progress.done, progress.total) == (Stage.EXTRACT, None, 0, 1)
    assert progress.stack == (_sleeping(), f"script.py:{_line(body, '# orders')} in orders")


def test_resource_in_a_pool_of_dlt(tmp_path: Path) -> None:
    """A parallelized resource hangs in a thread of dlt's, and is told as it stands there."""
    body = """
@dlt.resource(parallelized=True)
def customers():
    yield {"id": 1}

@dlt.resource(parallelized=True)
def orders():
    yield {"id": 1}
    hang()  # orders

run([customers, orders])
"""
    progress = _seen(body, tmp_path, _hangs)

    assert progress.stage is Stage.EXTRACT
    assert progress.stack == (_sleeping(), f"script.py:{_line(body, '# orders')} in orders")


def test_asynchronous_resource(tmp_path: Path) -> None:
    """An asynchronous resource that waits is on no thread's stack, and is told where it is suspended."""
    body = """
@dlt.resource
async def orders():
    yield {"id": 1}
    await hang_async()  # orders

run(orders)
"""
    progress = _seen(body, tmp_path, _hangs)

    assert progress.stage is Stage.EXTRACT
    waiting = _line(_HEAD, "await asyncio.sleep(0.02)")
    assert progress.stack == (f"script.py:{waiting} in hang_async", f"script.py:{_line(body, '# orders')} in orders")


def test_event_loop_of_the_users(tmp_path: Path) -> None:
    """A resource that runs an event loop of its own is told with the line at which its task waits."""
    body = """
@dlt.resource
def orders():
    asyncio.run(hang_async())  # orders
    yield {"id": 1}

run(orders)
"""
    progress = _seen(body, tmp_path, _hangs)

    waiting = _line(_HEAD, "await asyncio.sleep(0.02)")
    assert progress.stack == (f"script.py:{waiting} in hang_async", f"script.py:{_line(body, '# orders')} in orders")


def test_pipeline_in_a_thread(tmp_path: Path) -> None:
    """Of pipelines that run in threads, each is told by its own thread."""
    body = """
@dlt.resource
def orders():
    hang()  # orders
    yield {"id": 1}

def elsewhere():
    hang()

from threading import Thread
threads = [Thread(target=elsewhere), Thread(target=run, args=(orders,))]
for each in threads:
    each.start()
for each in threads:
    each.join()
"""
    progress = _seen(body, tmp_path, _hangs)

    assert progress.stack == (_sleeping(), f"script.py:{_line(body, '# orders')} in orders")


def test_long_load(tmp_path: Path) -> None:
    """While one job loads, the table it loads is told, and how many jobs are done; a job that ends has moved."""
    body = """
@dlt.destination(batch_size=10)
def slow(items, table):
    if table["name"] == "orders":
        hang()  # slow

run([dlt.resource([{"id": 1}], name="customers"), dlt.resource([{"id": 1}], name="orders")], destination=slow)
"""
    progress = _seen(body, tmp_path, lambda told: _hangs(told) and told.total == told.done + 1)

    # The third job is that of dlt's own state.
    assert (progress.stage, progress.subject, progress.done, progress.total) == (Stage.LOAD, "orders", 2, 3)
    assert progress.stack == (_sleeping(), f"script.py:{_line(body, '# slow')} in slow")


def test_run_that_moves(tmp_path: Path) -> None:
    """While rows come in, each sign of life tells a later movement, and no stack is taken."""
    body = """
@dlt.resource
def orders():
    while not is_over():
        yield {"id": 1}
        time.sleep(0.01)

run(orders)
"""
    told: list[Progress] = []

    def three_beats(progress: Progress) -> bool:
        if progress.subject and (not told or progress.moved_at > told[-1].moved_at):
            told.append(progress)
        return len(told) == 3

    _seen(body, tmp_path, three_beats)

    assert [progress.stack for progress in told] == [(), (), ()]
    assert told[0].done < told[1].done < told[2].done


_COLLECTOR = """
import copy, pickle
import dlt
from dlt.common.runtime.collector import Collector, LogCollector, NULL_COLLECTOR, NullCollector

class Mine(Collector):
    def update(self, name, inc=1, total=None, inc_total=None, message=None, label=None):
        self.updates.append(f"{name} {inc} {total} {inc_total} {message} {label}")

    def _start(self, step):
        print("start", step)
        self.updates = []

    def _stop(self):
        # Normalize takes the files in the order in which the disk lists them.
        print("stop", *sorted(self.updates), sep="\\n")

    def on_start_trace_step(self, trace, step, pipeline):
        print("step", step)

    def on_end_trace(self, trace, pipeline, send_state):
        print("end")

@dlt.resource
def orders():
    yield [{"id": 1}, {"id": 2}]
    yield {"id": 3}

pipeline = dlt.pipeline("orders", destination="duckdb", dataset_name="shop", progress=PROGRESS)
collector = pipeline.collector
"""


def test_collector_of_the_users(run_script: RunScript) -> None:
    """A collector of the user's gets every call, in the same order, with the same values."""
    ended = run_script(_COLLECTOR.replace("PROGRESS", "Mine()") + "pipeline.run(orders)")

    assert "orders 2 None None None None" in ended.out


def test_collector_of_dlt(run_script: RunScript) -> None:
    """A collector of dlt's goes on to show what it shows."""
    ended = run_script(_COLLECTOR.replace("PROGRESS", "LogCollector(0)") + "pipeline.run(orders)", same=False)

    assert ended.code == 0
    assert re.search("^orders: 3 ", ended.out, re.MULTILINE)
    assert ended.only().outcome is Outcome.SUCCEEDED


@pytest.mark.parametrize("progress", ["Mine()", "None"])
def test_collector_is_itself(run_script: RunScript, progress: str) -> None:
    """Inside a run the collector passes for itself, also when it is copied; after the run it is in its place."""
    body = """
@dlt.resource
def looks():
    inside = pipeline.collector
    inside.seen = "by the resource"
    assert isinstance(inside, type(collector)) and inside.seen == collector.seen
    for same in copy.copy(inside), copy.deepcopy(inside), pickle.loads(pickle.dumps(inside)):
        assert type(same) is type(collector) and same.seen == collector.seen
    yield {"id": 1}

for _ in range(2):
    pipeline.run(looks)
    assert pipeline.collector is collector
assert collector is NULL_COLLECTOR or not isinstance(collector, NullCollector)
"""
    ended = run_script(_COLLECTOR.replace("PROGRESS", progress) + body, same=False)

    assert (ended.code, ended.err) == (0, "")
    assert len(ended.ended("orders")) == 2


def test_collector_that_is_replaced(run_script: RunScript) -> None:
    """A collector that is set while a run is under way stays after it."""
    body = """
@dlt.resource
def replaces():
    pipeline.collector = Mine()
    yield {"id": 1}

pipeline.run(replaces)
print(type(pipeline.collector).__name__)
"""
    ended = run_script(_COLLECTOR.replace("PROGRESS", "None") + body)

    assert ended.out.endswith("Mine\n")


def _sleeping() -> str:
    return f"script.py:{_line(_HEAD, '# hang')} in hang"
