"""Checks ask real databases through dlt: DuckDB, SQLite, PostgreSQL and files in a folder."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import dlt
import pytest

from check_samples import CHECKS, NOW, check
from real_postgres import Postgres
from tocsin.capture.checks.ask import Question
from tocsin.capture.checks.runner import Job, run_jobs
from tocsin.core.check import Check, CheckKind, CheckResult

#: Of ten calls, what fails and of how many. Calls 0 and 5 have no customer; customer 3 is not known.
_EXPECTED = {
    "not_null": (2, 10),
    "not_null_of_two": (3, 10),  # call 7 has no agent
    "not_null_of_loaded_rows": (1, 5),  # the second load brought the last five
    "unique": (0, 10),
    "unique_together": (1, 10),  # agent a called customer 1 twice
    "accepted_values": (2, 10),  # "closed"
    "accepted_numbers": (8, 10),
    "relationship": (2, 10),  # 3 and 8 are of customer 3
    "row_count": (1, 10),
    "row_count_met": (0, 10),
    "range": (1, 10),  # 0 minutes
    "range_of_some": (0, 8),
    "freshness": (1, 10),
    "freshness_met": (0, 10),
    "expression": (6, 10),
    "sql": (4, 10),
}
_SAMPLES = {
    "not_null": [("0", "a"), ("5", "a")],
    "unique_together": [("a", "2")],
    "accepted_values": [("closed",), ("closed",)],
    "relationship": [("3",), ("3",)],
    "row_count": [("10",)],
    "sql": [("0",), ("3",), ("5",), ("8",)],
}
_STATUS = ("open", "on hold: 10%", "it's done", "closed", "open")


@dlt.resource(
    columns={
        "customer_id": {"data_type": "bigint"},
        "agent": {"data_type": "text"},
        "minutes": {"data_type": "double"},
        "called_at": {"data_type": "timestamp"},
    }
)
def calls(numbers: range) -> Iterator[dict[str, Any]]:
    """Yield calls, the newest a day old."""
    for i in numbers:
        yield {
            "id": i,
            "customer_id": [None, 1, 2, 3, 1][i % 5],
            "agent": {7: None}.get(i, "a" if i in {0, 1, 5, 6} else f"b{i}"),
            "status": _STATUS[i % 5],
            "minutes": float(i),
            "called_at": NOW - timedelta(days=10 - i),
        }


def _loaded(destination: Any, folder: Path) -> dlt.Pipeline:
    pipeline = dlt.pipeline(
        "support", destination=destination, dataset_name="support_data", pipelines_dir=str(folder / "pipelines")
    )
    pipeline.run(calls(range(5)))
    pipeline.run(calls(range(5, 10)))
    pipeline.run([{"id": 1}, {"id": 2}], table_name="customers")
    return pipeline


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for all databases."""
    return tmp_path_factory.mktemp("databases")


@pytest.fixture(scope="module")
def duckdb_pipeline(folder: Path) -> dlt.Pipeline:
    """A pipeline that has loaded into DuckDB."""
    return _loaded(dlt.destinations.duckdb(str(folder / "support.duckdb")), folder / "duckdb")


@pytest.fixture(scope="module")
def sqlite_pipeline(folder: Path) -> dlt.Pipeline:
    """A pipeline that has loaded into SQLite."""
    return _loaded(dlt.destinations.sqlalchemy(f"sqlite:///{folder / 'support.db'}"), folder / "sqlite")


@pytest.fixture(scope="module")
def filesystem_pipeline(folder: Path) -> dlt.Pipeline:
    """A pipeline that has written files."""
    return _loaded(dlt.destinations.filesystem(f"file://{folder / 'files'}"), folder / "filesystem")


@pytest.fixture(scope="module")
def postgres_pipeline(folder: Path, postgres: Postgres) -> dlt.Pipeline:
    """A pipeline that has loaded into PostgreSQL."""
    return _loaded(dlt.destinations.postgres(postgres.empty_database()), folder / "postgres")


@pytest.fixture(params=["duckdb", "sqlite", "filesystem", "postgres"])
def pipeline(request: pytest.FixtureRequest) -> dlt.Pipeline:
    """A pipeline that has loaded calls and customers, once a database."""
    found: dlt.Pipeline = request.getfixturevalue(f"{request.param}_pipeline")
    return found


def ask(pipeline: dlt.Pipeline, *checks: Check, timeout: float = 60, **changes: Any) -> dict[str, CheckResult]:
    """Run checks, and return their results by name."""
    jobs = []
    for one in checks:
        blank = CheckResult(check=one, environment="default", at=NOW)
        question = Question(blank=blank, destination=str(pipeline.destination.destination_name), redact=str)
        jobs.append(Job(blank=blank, ask=replace(question, **changes), timeout=timedelta(seconds=timeout)))
    return {one.check.name: one for one in run_jobs(jobs, pipeline.sql_client, parallel=3)}


def test_every_kind_finds_what_fails(pipeline: dlt.Pipeline) -> None:
    """Each kind of check counts the rows that fail, of as many as it asks, and shows only what it may."""
    found = ask(pipeline, *CHECKS.values())

    assert {name: one.error for name, one in found.items() if one.error} == {}
    assert {name: (one.failing, one.checked) for name, one in found.items()} == _EXPECTED
    shown = {name: sorted(one.rows) for name, one in found.items() if one.rows and name != "freshness"}
    assert shown == _SAMPLES
    assert found["freshness"].rows[0][0].startswith("2026-11-22 12:00:00")


def test_the_query_that_is_told_returns_the_failing_rows(pipeline: dlt.Pipeline) -> None:
    """What a person copies from a message returns as many rows as the message says."""
    found = ask(pipeline, *CHECKS.values())

    with pipeline.sql_client() as client:
        for name, one in found.items():
            # A person's tool takes no parameters; SQLAlchemy does.
            sql = one.sql.replace(":", "\\:") if hasattr(client, "dialect_name") else one.sql
            assert len(client.execute_sql(sql) or []) == one.failing, name


def test_rows_of_a_run_are_asked_by_its_loads(pipeline: dlt.Pipeline) -> None:
    """With the loads of a run at hand, its rows are asked and not those of the newest load."""
    with pipeline.sql_client() as client:
        table = client.make_qualified_table_name("calls")
        [(first,)] = client.execute_sql(f"SELECT MIN(_dlt_load_id) FROM {table}") or []  # noqa: S608  # our own table

    found = ask(pipeline, check(loaded_rows_only=True), load_ids=[first])

    assert (found["has_customer"].failing, found["has_customer"].checked) == (1, 5)
    assert first in found["has_customer"].sql


#: Queries that cannot be asked, and a part of what is said.
_BROKEN = {
    "DELETE FROM calls": "expected one query",
    "SELECT 1; SELECT 2": "expected one query",
    "SELECT * FROM (": "the SQL cannot be read",
    "SELECT * FROM nowhere": "nowhere",
    "SELECT nothing FROM calls": "nothing",
}


def test_a_check_that_cannot_be_run_says_why(pipeline: dlt.Pipeline) -> None:
    """An error of one check is its own: it says what the destination said, and the others are run."""
    broken = [check(name=sql, kind=CheckKind.SQL, columns=(), sql=sql) for sql in _BROKEN]

    found = ask(pipeline, *broken, check())

    assert {name: said in found[name].error for name, said in _BROKEN.items()} == dict.fromkeys(_BROKEN, True)
    assert found["has_customer"].failing == 2


def test_a_function_may_return_a_relation(duckdb_pipeline: dlt.Pipeline) -> None:
    """What a function makes of dlt's dataset is asked as if it had been written as SQL."""
    dataset = duckdb_pipeline.dataset()

    found = ask(
        duckdb_pipeline,
        check(kind=CheckKind.SQL, columns=()),
        write=lambda: dataset["calls"].where("minutes", "lt", 3),
    )

    assert (found["has_customer"].error, found["has_customer"].failing) == ("", 3)


#: Queries that would go on for hours, by the fixture of their database.
_ENDLESS = {
    "duckdb": "SELECT COUNT(*) AS n FROM range(1000000) a, range(1000000) b, range(1000) c WHERE a.range <> b.range",
    "sqlite": "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n WHERE i < 0",
    "postgres": "SELECT pg_sleep(3600)",
}


@pytest.mark.parametrize("database", _ENDLESS)
def test_a_query_that_does_not_end_is_left_behind(database: str, request: pytest.FixtureRequest) -> None:
    """It is told as an error after its time, and the checks after it are run on another connection."""
    pipeline = request.getfixturevalue(f"{database}_pipeline")
    endless = check(name="endless", kind=CheckKind.SQL, columns=(), sql=_ENDLESS[database], timeout=None)

    found = ask(pipeline, endless, endless, endless, timeout=0.5)

    assert found["endless"].error.startswith("no answer within 0.")
    assert ask(pipeline, check())["has_customer"].failing == 2


def test_a_query_that_is_left_behind_is_cancelled(postgres_pipeline: dlt.Pipeline) -> None:
    """The warehouse is not left working on what nobody waits for."""
    endless = check(name="endless", kind=CheckKind.SQL, columns=(), sql=_ENDLESS["postgres"])

    ask(postgres_pipeline, endless, timeout=0.5)

    running = "SELECT COUNT(*) FROM pg_stat_activity WHERE query ILIKE '%pg_sleep(3600)%' AND pid <> pg_backend_pid()"
    with postgres_pipeline.sql_client() as client:
        _wait_until(lambda: client.execute_sql(f"{running} AND state = 'active'") == [(0,)])


def _wait_until(holds: Any) -> None:
    for _ in range(600):
        if holds():
            return
        threading.Event().wait(0.1)
    raise AssertionError("it did not come true within a minute")
