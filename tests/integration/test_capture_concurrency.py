"""Runs beside each other: threads, asyncio, pools of processes. Each is told once, by the process it ran in."""

from __future__ import annotations

import pytest

from dlt_scripts import Ended, RunScript
from tocsin.core.run import Outcome, Stage

pytestmark = pytest.mark.dlt_versions

_SCRIPT = """
    import asyncio, multiprocessing, os, sys
    from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
    import dlt

    def work(name):
        # A pipeline keeps its database to itself, because a DuckDB file belongs to one process at a time.
        pipeline = dlt.pipeline(name, destination="duckdb", dataset_name="data")
        rows = [{"id": 1}] if "bad" not in name else dlt.resource((1 / 0 for _ in range(1)), name="rows")
        try:
            pipeline.run(rows, table_name="orders")
        except Exception as error:
            return type(error).__name__
        return os.getpid()

    async def gather():
        names = ["task_a", "task_bad"]
        return await asyncio.gather(*[asyncio.to_thread(work, name) for name in names])

    def with_pool(kind):
        with ProcessPoolExecutor(2, mp_context=multiprocessing.get_context(kind)) as pool:
            list(pool.map(work, [f"{kind}_a", f"{kind}_bad"]))

    def with_terminated_pool():
        with multiprocessing.get_context("fork").Pool(1) as pool:
            pool.map(work, ["pool_a"])

    def inside_a_run():
        # A child that is forked in the middle of a run of its parent, and killed as pools kill their workers.
        child = multiprocessing.get_context("fork").Process(target=__import__("time").sleep, args=(60,))
        child.start()
        child.terminate()
        child.join()
        yield {"id": child.exitcode}

    if __name__ == "__main__":
        with ThreadPoolExecutor(2) as pool:
            list(pool.map(work, ["thread_a", "thread_bad"]))
        asyncio.run(gather())
        with_pool("fork")
        with_terminated_pool()
        with_pool("spawn")
        parent = dlt.pipeline("parent", destination="duckdb", dataset_name="data")
        parent.run(dlt.resource(inside_a_run, name="codes"))
        with parent.sql_client() as client:
            print(client.execute_sql("SELECT id FROM codes"), file=sys.__stdout__)
        many = dlt.pipeline("many", destination="duckdb", dataset_name="data")
        many.extract([dlt.resource([{"id": 1}], name=name) for name in "abc"])
        many.normalize(workers=2)
        # Old versions of dlt redirect sys.stdout in threads that meet, and may leave it so, also without us.
        print("over", file=sys.__stdout__)
"""


@pytest.fixture(scope="module")
def ended(run_script: RunScript) -> Ended:
    """One program that runs pipelines in every kind of concurrency."""
    return run_script(_SCRIPT)


@pytest.mark.parametrize("kind", ["thread", "task", "fork", "spawn"])
def test_each_run_is_told_once(ended: Ended, kind: str) -> None:
    """Of two runs side by side each is told once, with its own outcome."""
    assert ended.only(f"{kind}_a").outcome is Outcome.SUCCEEDED
    failed = ended.only(f"{kind}_bad")
    assert (failed.outcome, failed.stage) == (Outcome.FAILED, Stage.EXTRACT)


def test_child_is_a_process_of_its_own(ended: Ended) -> None:
    """A run in a child process is told as a run of that process."""
    [parent] = {run.process for run in ended.ended("parent")}
    children = [ended.only(name).process for name in ("fork_a", "pool_a", "spawn_a")]
    assert parent is not None
    assert all(child is not None and child.pid != parent.pid for child in children)


def test_child_forked_inside_a_run(ended: Ended) -> None:
    """A child that is terminated during a run of its parent dies by the signal, and the run goes on."""
    assert ended.out == "[(-15,)]\nover\n"
    assert ended.only("parent").outcome is Outcome.SUCCEEDED


def test_workers_of_normalize(ended: Ended) -> None:
    """Worker processes of dlt's own report nothing."""
    assert [run.stage for run in ended.ended("many")] == [Stage.EXTRACT, Stage.NORMALIZE]


def test_nothing_is_left_alive(ended: Ended) -> None:
    """No run is left without its end."""
    assert ended.alive == []
    assert len(ended.told("run.started")) == len(ended.ended())
