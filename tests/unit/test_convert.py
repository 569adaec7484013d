"""Facts of a run from what dlt's steps return, where no real run shows the case easily."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest

from tocsin.capture.convert import (
    PackageRows,
    chain,
    failed_jobs,
    failed_stage,
    last_error,
    load_ids,
    normalized_rows,
    outcome_of_error,
    outcome_without_error,
    schema_changes,
    schemas,
    tables_loaded,
)
from tocsin.core.run import Outcome, Stage, TableLoad
from tocsin.core.schema import ColumnChange, SchemaChange, SchemaVersion


class SignalReceivedException(KeyboardInterrupt):
    """Named like dlt's."""


def _job(table: str, message: str | None = None, number: str = "1") -> Any:
    info = SimpleNamespace(table_name=table, job_id=lambda: f"{table}.{number}.insert_values")
    return SimpleNamespace(job_file_info=info, failed_message=message)


def _package(load_id: str = "1.1", *, state: str = "loaded", failed: tuple[Any, ...] = (), **kwargs: Any) -> Any:
    return SimpleNamespace(load_id=load_id, state=state, jobs={"failed_jobs": failed}, **kwargs)


def _info(*packages: Any, first_run: bool = False) -> Any:
    return SimpleNamespace(
        load_packages=packages, loads_ids=[package.load_id for package in packages], first_run=first_run
    )


def _rows(**tables: int) -> PackageRows:
    return PackageRows(by_table=tables, by_job={f"{table}.1.insert_values": count for table, count in tables.items()})


def _raised(error: BaseException, cause: BaseException | None = None) -> BaseException:
    error.__cause__ = cause
    return error


@pytest.mark.parametrize(
    ("error", "signalled", "outcome"),
    [
        (ValueError(), False, Outcome.FAILED),
        (SystemExit(0), False, Outcome.EXITED),
        (KeyboardInterrupt(), False, Outcome.INTERRUPTED),
        (asyncio.CancelledError(), False, Outcome.INTERRUPTED),
        # dlt wraps the signal into an error of the step.
        (_raised(RuntimeError(), SignalReceivedException()), False, Outcome.INTERRUPTED),
        # A handler of the user's may turn SIGTERM into any exception.
        (SystemExit(1), True, Outcome.INTERRUPTED),
        (ValueError(), True, Outcome.INTERRUPTED),
        # An error of the program, raised because of another one.
        (_raised(RuntimeError(), ValueError()), False, Outcome.FAILED),
    ],
)
def test_outcome_of_an_error(error: BaseException, signalled: bool, outcome: Outcome) -> None:  # noqa: FBT001
    """What reaches the top of a run decides how it ended."""
    assert outcome_of_error(error, signalled=signalled) is outcome


def test_chain_ends() -> None:
    """A chain of exceptions that leads back to itself is followed for a while only."""
    first, second = ValueError(), ValueError()
    first.__cause__, second.__cause__ = second, first
    assert len(list(chain(first))) == 50


def test_suppressed_context_is_not_followed() -> None:
    """`raise … from None` ends the chain, as in a traceback."""
    error = ValueError()
    error.__context__, error.__suppress_context__ = KeyboardInterrupt(), True
    assert list(chain(error)) == [error]


@pytest.mark.parametrize(
    ("infos", "outcome"),
    [
        ({"run": None}, Outcome.NO_DATA),
        ({"extract": _info()}, Outcome.NO_DATA),
        ({"load": _info()}, Outcome.NO_DATA),
        ({"load": _info(_package("1.1"))}, Outcome.SUCCEEDED),
        # Only dlt's own state was loaded.
        ({"run": None, "extract": None, "load": _info(_package("2.2"))}, Outcome.NO_DATA),
        # Normalized by another process: its rows are not known, but it is no empty package.
        ({"load": _info(_package("3.3"))}, Outcome.SUCCEEDED),
        ({"run": None, "load": _info(_package("1.1"))}, Outcome.PENDING_ONLY),
        ({"run": None, "extract": None, "load": _info(_package("1.1"))}, Outcome.SUCCEEDED),
        ({"load": _info(_package("1.1", failed=(_job("orders"),)))}, Outcome.PARTIAL),
        ({"load": _info(_package("1.1", state="aborted"))}, Outcome.ABORTED),
        # The failed job is why the package was aborted.
        ({"load": _info(_package("1.1", state="aborted", failed=(_job("orders"),)))}, Outcome.ABORTED),
        # One package was given up, another one went through with failed jobs.
        ({"load": _info(_package("2.2", state="aborted"), _package(failed=(_job("orders"),)))}, Outcome.PARTIAL),
        ({"normalize": _info(_package("1.1"))}, Outcome.SUCCEEDED),
        ({"normalize": _info(_package("2.2"))}, Outcome.NO_DATA),
    ],
)
def test_outcome_without_an_error(infos: dict[str, Any], outcome: Outcome) -> None:
    """What dlt calls "ok" is told apart by what the steps returned."""
    for info in infos.values():
        if info is not None:
            info.metrics = {}
    rows = {"1.1": _rows(orders=5, _dlt_pipeline_state=1), "2.2": _rows(_dlt_pipeline_state=1, orders=0)}
    assert outcome_without_error(infos, rows) is outcome


def test_rows_of_a_failed_job_were_not_loaded() -> None:
    """Of a table with several jobs only the rows of those that succeeded count."""
    counted = PackageRows(by_table={"orders": 7}, by_job={"orders.1.insert_values": 5, "orders.2.insert_values": 2})
    load = _info(_package("1.1", failed=(_job("orders"),)), _package("2.2", state="normalized"))
    assert tables_loaded(load, {"1.1": counted, "2.2": _rows(orders=9)}) == (TableLoad(table="orders", rows=2),)


def test_rows_of_several_packages_add_up() -> None:
    """A table that is in several packages of one run is one line."""
    load = _info(_package("1.1"), _package("2.2"))
    rows = {"1.1": _rows(orders=5), "2.2": _rows(orders=1, lines=2)}
    assert tables_loaded(load, rows) == (TableLoad(table="lines", rows=2), TableLoad(table="orders", rows=6))


def test_normalized_rows_of_nothing() -> None:
    """A normalize step that found nothing has no metrics."""
    info = _info()
    info.metrics = {}
    assert normalized_rows(info) == {}


_WRAPPED = """Traceback (most recent call last):
  File "a.py", line 1, in f
    g()
_duckdb.ConversionException: Conversion Error: first

The above exception was the direct cause of the following exception:

Traceback (most recent call last):
  File "b.py", line 2, in g
    raise
dlt.destinations.exceptions.DatabaseTerminalException: Conversion Error: no number
LINE 1: INSERT
  ^
"""


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("Constraint Error: Duplicate key", "Constraint Error: Duplicate key"),
        (_WRAPPED, "Conversion Error: no number\nLINE 1: INSERT\n  ^"),
        ("Traceback (most recent call last):\n  File\nValueError: busy\n", "busy"),
        ("Traceback (most recent call last):\n  File\nTimeoutError\n", "TimeoutError"),
        # A message that looks like a class name is kept, because it has words in it.
        ("Traceback (most recent call last):\n  File\nno such host: db", "no such host: db"),
        ("", ""),
    ],
)
def test_last_error(text: str, message: str) -> None:
    """Of a traceback the last message counts; the class of dlt's wrapper before it says nothing."""
    assert last_error(text) == message


def test_answer_of_the_destination_is_redacted_and_shortened() -> None:
    """A secret goes before the text is cut, and the cut is shown."""
    load = _info(_package("1.1", failed=(_job("orders", "hunter2 " + "x" * 2000),)))
    [job] = failed_jobs(load, lambda text: text.replace("hunter2", "[secret]"))
    assert job.message.startswith("[secret] xxx")
    assert job.message.endswith("x […]")
    assert len(job.message) < 1010
    assert (job.job, job.table, job.load_id) == ("orders.1.insert_values", "orders", "1.1")


def _schema(**tables: tuple[str, ...]) -> Any:
    columns = {name: {"columns": {column: {"data_type": "text"} for column in names}} for name, names in tables.items()}
    return SimpleNamespace(tables=columns)


def _update(**tables: tuple[str, ...]) -> dict[str, Any]:
    return {name: {"columns": {column: {} for column in columns}} for name, columns in tables.items()}


def test_schema_changes() -> None:
    """A table is new if the update holds all of its columns; dlt's own tables are no news."""
    package = _package(
        schema=_schema(orders=("id", "city"), lines=("value",)),
        schema_update=_update(orders=("city",), lines=("value",), _dlt_loads=("load_id",), untouched=()),
    )
    assert schema_changes(_info(package)) == (
        SchemaChange(table="lines", columns=(ColumnChange(name="value"),), new_table=True),
        SchemaChange(table="orders", columns=(ColumnChange(name="city"),)),
    )


@pytest.mark.parametrize(
    "load",
    [
        None,
        _info(_package(schema=_schema(orders=("id",)), schema_update=_update(orders=("id",))), first_run=True),
        _info(_package(refresh="drop_data", schema=_schema(), schema_update=_update(orders=("id",)))),
        _info(_package(schema=_schema(), schema_update=None)),
    ],
)
def test_no_schema_changes(load: Any) -> None:
    """A first run and a refresh make everything anew, which is no drift."""
    assert schema_changes(load) == ()


def test_schemas() -> None:
    """The last loaded package of each schema tells the user's tables, with the columns that have a type."""
    seen = {"x-normalizer": {"seen-data": True}}
    known = {
        "orders": {"columns": {"id": {"data_type": "bigint"}, "unseen": {}, "_dlt_id": {"data_type": "text"}}, **seen},
        "empty": {"columns": {"unseen": {}}, **seen},
        "declared": {"columns": {"id": {"data_type": "bigint"}}},
        "_dlt_loads": {"columns": {"load_id": {"data_type": "text"}}},
    }
    old = SimpleNamespace(name="shop", version_hash="a", tables={})
    new = SimpleNamespace(name="shop", version_hash="b", tables=known)
    aborted = SimpleNamespace(name="shop", version_hash="c", tables={})
    load = _info(_package(schema=old), _package(schema=new), _package(schema=aborted, state="aborted"))
    assert schemas(load) == (SchemaVersion(name="shop", version_hash="b", tables={"orders": {"id": "bigint"}}),)
    assert schemas(None) == ()


def test_a_schema_of_too_many_columns_is_not_described() -> None:
    """Its hash is told, and nothing is compared."""
    columns = {f"c{number}": {"data_type": "text"} for number in range(5001)}
    schema = SimpleNamespace(
        name="shop", version_hash="a", tables={"wide": {"columns": columns, "x-normalizer": {"seen-data": True}}}
    )
    assert schemas(_info(_package(schema=schema))) == (SchemaVersion(name="shop", version_hash="a", tables=None),)


def test_resource_of_nested_data() -> None:
    """A table that was made of nested data has the resource of the table around it; one without any has none."""
    schema = _schema(orders=("id",), lines=("n",), stray=("n",))
    schema.tables["orders"]["resource"] = "orders_api"
    schema.tables["lines"]["parent"] = "orders"
    package = _package(schema=schema, schema_update=_update(orders=("id",), lines=("n",), stray=("n",)))
    assert {change.table: change.resource for change in schema_changes(_info(package))} == {
        "orders": "orders_api",
        "lines": "orders_api",
        "stray": None,
    }


def test_stage_of_a_failure() -> None:
    """Dlt names the synchronization in its exception; for the rest the last stage that began counts."""
    error = RuntimeError()
    assert failed_stage(error, Stage.LOAD) is Stage.LOAD
    error.step = "sync"  # type: ignore[attr-defined]  # as dlt's PipelineStepFailed has it
    assert failed_stage(error, Stage.EXTRACT) is Stage.SYNC


def test_load_ids() -> None:
    """Each load id is told once, in the order of the steps."""
    assert load_ids([_info(_package("1.1")), None, _info(_package("2.2"), _package("1.1"))]) == ("1.1", "2.2")
