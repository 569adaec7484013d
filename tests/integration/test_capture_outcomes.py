"""How runs end: each row of the table of outcomes, told apart on real dlt."""

from __future__ import annotations

import importlib.metadata

import pytest

from dlt_scripts import Ended, RunScript
from tocsin.core.cause import CauseClass
from tocsin.core.run import Outcome, Stage, TableLoad
from tocsin.core.schema import ColumnChange, SchemaChange

pytestmark = pytest.mark.dlt_versions

_DLT = tuple(int(part) for part in importlib.metadata.version("dlt").split(".")[:2])
aborts_packages = pytest.mark.skipif(_DLT < (1, 31), reason="this version of dlt cannot abort packages")

_SCRIPT = """
    import dlt
    from dlt.destinations import duckdb

    def attempt(name, job):
        try:
            result = job(name)
            print(name, "returned", result[-1] if isinstance(result, list) else result)
        except BaseException as error:
            print(name, "raised", type(error).__name__, error)

    def pipeline(name, destination="duckdb"):
        return dlt.pipeline(name, destination=destination, dataset_name="data")

    @dlt.resource
    def broken():
        yield {"id": 1}
        raise ConnectionError("https://api.example.com/orders?api_key=hunter2hunter2 is gone")

    @dlt.resource
    def nothing():
        yield from ()

    @dlt.destination
    def sink(items, table):
        raise ValueError("busy")

    def load(name, rows=({"id": 1},), destination="duckdb", **kwargs):
        return pipeline(name, destination).run(list(rows), table_name="orders", **kwargs)

    def twice(name):
        load(name)
        with dlt.pipeline(name).sql_client() as client:
            client.execute_sql("CREATE UNIQUE INDEX one ON orders(id)")
        return load(name)

    not_null = {"data_type": "bigint", "nullable": False}

    def exit(code):
        raise SystemExit(code)

    def interrupt(item):
        raise KeyboardInterrupt

    attempt("good", load)
    attempt("drifting", lambda name: [load(name), load(name, [{"id": 2, "city": "Ulm", "lines": [1, 2]}])])
    attempt("extracting", lambda name: pipeline(name).run(broken()))
    attempt("normalizing", lambda name: load(name, [{"id": None}], columns={"id": not_null}))
    attempt("contract", lambda name: [load(name), load(name, [{"no": 1}], schema_contract="freeze")])
    attempt("loading", twice)
    attempt("retrying", lambda name: load(name, destination=sink))
    attempt("unreachable", lambda name: load(name, destination=duckdb("/nowhere/at/all.duckdb")))
    attempt("unconfigured", lambda name: load(name, destination="filesystem"))
    attempt("partial", twice)
    attempt("aborting", twice)
    if hasattr(dlt.Pipeline, "abort_packages"):
        attempt("loading", lambda name: dlt.attach(name).abort_packages())
    attempt("pending", lambda name: [load(name), dlt.pipeline().extract([{"id": 1}], table_name="orders"), load(name)])
    attempt("emptied", lambda name: [load(name), load(name, [], write_disposition="replace")])
    attempt("empty", lambda name: pipeline(name).run(nothing()))
    attempt("idle", lambda name: pipeline(name).run(None))
    attempt("exiting", lambda name: pipeline(name).run(dlt.resource(map(exit, [3]), name="rows")))
    attempt("finished", lambda name: pipeline(name).run(dlt.resource(map(exit, [None]), name="rows")))
    attempt("stopped", lambda name: pipeline(name).run(dlt.resource(map(interrupt, [1]), name="rows")))
    try:
        raise LookupError("of the caller's own")
    except LookupError:
        attempt("handling", load)
"""


@pytest.fixture(scope="module")
def ended(run_script: RunScript) -> Ended:
    """One program that runs a pipeline for each outcome and prints what each run returned or raised."""
    return run_script(
        _SCRIPT,
        LOAD__RAISE_ON_MAX_RETRIES="1",
        PARTIAL__LOAD__RAISE_ON_FAILED_JOBS="false",
        ABORTING__LOAD__AUTO_ABORT_ON_TERMINAL_ERROR="true",
    )


def test_good_run_tells_rows_steps_and_destination(ended: Ended) -> None:
    """A run that goes well is one started and one finished event with its rows, steps, load id and target."""
    [started] = ended.told("run.started", "good")
    run = ended.only("good")
    assert (started.id, started.outcome, started.stage) == (run.id, Outcome.RUNNING, Stage.SYNC)
    assert (run.outcome, run.stage, run.cause) == (Outcome.SUCCEEDED, Stage.LOAD, None)
    assert (run.destination, run.dataset, run.first_run) == ("duckdb", "data", True)
    assert (run.location or "").startswith("duckdb:///")
    assert TableLoad(table="orders", rows=1) in run.tables
    assert run.rows == 1
    assert [step.stage for step in run.steps] == [Stage.SYNC, Stage.EXTRACT, Stage.NORMALIZE, Stage.LOAD]
    assert all(step.ok and step.ended_at and step.started_at <= step.ended_at for step in run.steps)
    assert len(run.load_ids) == 1
    assert run.context.command == "script.py"
    assert not run.context.interactive
    assert run.process is not None
    assert not ended.alive
    assert not ended.told("process.ended")


def test_only_later_runs_tell_schema_changes(ended: Ended) -> None:
    """On a first run everything is new and nothing has drifted; afterwards new columns and tables are told."""
    first, second = ended.ended("drifting")
    assert first.schema_changes == ()
    assert not second.first_run
    orders, lines = second.schema_changes
    assert orders == SchemaChange(
        table="orders", columns=(ColumnChange(name="city", data_type="text"),), resource="orders"
    )
    assert (lines.table, lines.new_table) == ("orders__lines", True)


def test_error_in_a_resource(ended: Ended) -> None:
    """An error in a resource fails the run in extract; the cause names it without the secret, and nothing waits."""
    run = ended.only("extracting")
    assert (run.outcome, run.stage, run.steps[-1].ok) == (Outcome.FAILED, Stage.EXTRACT, False)
    assert run.cause is not None
    assert run.cause.resource == "broken"
    assert "api.example.com" in run.cause.message
    assert "hunter2" not in str(ended.events)
    assert run.pending_packages == ()
    assert run.rows == 0


def test_row_that_does_not_fit(ended: Ended) -> None:
    """An error in normalize leaves the extracted package pending."""
    run = ended.only("normalizing")
    assert (run.outcome, run.stage) == (Outcome.FAILED, Stage.NORMALIZE)
    assert run.cause is not None
    assert run.cause.table == "orders"
    assert run.pending_packages == run.load_ids
    assert len(run.pending_packages) == 1


def test_schema_contract(ended: Ended) -> None:
    """A column that the contract forbids is a violation of the schema contract."""
    _, run = ended.ended("contract")
    assert (run.outcome, run.stage) == (Outcome.FAILED, Stage.NORMALIZE)
    assert run.cause is not None
    assert (run.cause.cause_class, run.cause.column) == (CauseClass.SCHEMA_CONTRACT, "no")


def test_job_that_fails_for_good(ended: Ended) -> None:
    """A terminal error of a load job fails the run in load; what was not loaded is not counted."""
    first, run = ended.ended("loading")[:2]
    assert first.outcome is Outcome.SUCCEEDED
    assert (run.outcome, run.stage, run.rows) == (Outcome.FAILED, Stage.LOAD, 0)
    assert run.cause is not None
    assert run.cause.table == "orders"


def test_job_that_fails_again_and_again(ended: Ended) -> None:
    """A load job that has used up its retries fails the run, and its package waits for the next one."""
    run = ended.only("retrying")
    assert (run.outcome, run.stage, len(run.pending_packages)) == (Outcome.FAILED, Stage.LOAD, 1)


@pytest.mark.parametrize("pipeline", ["unreachable", "unconfigured"])
def test_destination_that_cannot_be_reached(ended: Ended, pipeline: str) -> None:
    """An error before extract, while state is synchronized, is one of the stage `sync`."""
    run = ended.only(pipeline)
    assert (run.outcome, run.stage) == (Outcome.FAILED, Stage.SYNC)
    assert [(step.stage, step.ok) for step in run.steps] == [(Stage.SYNC, False)]


def test_failed_jobs_in_a_run_that_dlt_calls_ok(ended: Ended) -> None:
    """Failed jobs make a run partial although nothing was raised; their rows did not reach the table."""
    _, run = ended.ended("partial")
    assert (run.outcome, run.stage, run.rows) == (Outcome.PARTIAL, Stage.LOAD, 0)
    [job] = run.failed_jobs
    assert (job.table, job.load_id) == ("orders", run.load_ids[0])
    assert job.job.startswith("orders.")
    assert job.message.startswith("Constraint Error: Duplicate key")
    assert "Traceback" not in job.message


@aborts_packages
def test_package_that_dlt_aborts(ended: Ended) -> None:
    """With automatic abort a failed job fails the run and leaves nothing pending."""
    _, run = ended.ended("aborting")
    assert (run.outcome, run.stage, run.pending_packages) == (Outcome.FAILED, Stage.LOAD, ())


@aborts_packages
def test_package_that_a_person_aborts(ended: Ended) -> None:
    """Aborting a package by hand is a load that dlt calls ok; it is told as aborted."""
    assert ended.ended("loading")[2].outcome is Outcome.ABORTED


def test_run_that_loads_only_an_old_package(ended: Ended) -> None:
    """A run that finds a pending package loads it and skips the new data, which is told."""
    _, extract, run = ended.ended("pending")
    assert (extract.outcome, extract.stage, extract.pending_packages) == (
        Outcome.SUCCEEDED,
        Stage.EXTRACT,
        extract.load_ids,
    )
    assert (run.outcome, run.stage, run.load_ids) == (Outcome.PENDING_ONLY, Stage.LOAD, extract.load_ids)
    assert (run.rows, run.pending_packages) == (1, ())


def test_table_that_was_emptied(ended: Ended) -> None:
    """Replacing a table by nothing is a run without data that names the table with zero rows."""
    _, run = ended.ended("emptied")
    assert run.outcome is Outcome.NO_DATA
    assert TableLoad(table="orders", rows=0) in run.tables


@pytest.mark.parametrize("pipeline", ["empty", "idle"])
def test_run_without_data(ended: Ended, pipeline: str) -> None:
    """A source that yields nothing, and a run that is given nothing, are runs without data."""
    run = ended.only(pipeline)
    assert (run.outcome, run.rows, run.cause) == (Outcome.NO_DATA, 0, None)


@pytest.mark.parametrize(("pipeline", "code"), [("exiting", 3), ("finished", 0)])
def test_exit_inside_a_run(ended: Ended, pipeline: str, code: int) -> None:
    """A run that ends by SystemExit, which dlt reports as success, has exited, whatever the exit code."""
    run = ended.only(pipeline)
    assert (run.outcome, run.stage) == (Outcome.EXITED, Stage.EXTRACT)
    assert run.note == f"the program ended itself with exit code {code}"
    assert not run.steps[-1].ok


def test_ctrl_c_inside_a_run(ended: Ended) -> None:
    """Ctrl-C interrupts a run, also where dlt wraps it into an error of the step."""
    run = ended.only("stopped")
    assert (run.outcome, run.stage) == (Outcome.INTERRUPTED, Stage.EXTRACT)
    assert run.cause is not None
    assert run.cause.cause_class is CauseClass.INTERRUPTED


def test_exception_of_the_caller(ended: Ended) -> None:
    """An exception that the caller was handling when the run began is not the run's."""
    run = ended.only("handling")
    assert (run.outcome, run.cause) == (Outcome.SUCCEEDED, None)
