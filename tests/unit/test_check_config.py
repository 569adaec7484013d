"""Checks as they are written: in the configuration, in files and in code."""

from __future__ import annotations

import functools
import logging
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

import tocsin
from tocsin.capture.checks.in_code import checks_in_code, forget_checks
from tocsin.capture.checks.sql_files import read_sql_files
from tocsin.config.layer import Layer
from tocsin.config.load import load
from tocsin.config.model import Config
from tocsin.core.check import Check, CheckKind, Threshold
from tocsin.core.severity import Severity

_WHOLE = {
    "pipeline": "support",
    "table": "calls",
    "kind": "range",
    "columns": ["minutes"],
    "min": 1,
    "max": "9.5",
    "where": "agent IS NOT NULL",
    "loaded_rows_only": "true",
    "question": "each call takes a while",
    "owner": "customer-support",
    "severity": "warning",
    "warn_over": 2,
    "error_over": "5%",
    "sample": "id, agent",
    "timeout": "5m",
}


def configured(**checks: Any) -> Config:
    """Return the configuration with these tables in `[tocsin.checks]`."""
    values = {"tocsin": {"checks": checks}}
    return load([Layer(origin="config.toml", values=values, secrets_allowed=False)], home=Path("/home"))


def test_a_check_is_read_with_all_its_settings() -> None:
    """Every key has its place."""
    assert configured(minutes=_WHOLE).checks == (
        Check(
            name="minutes",
            pipeline="support",
            kind=CheckKind.RANGE,
            question="each call takes a while",
            table="calls",
            columns=("minutes",),
            min=1,
            max=9.5,
            where="agent IS NOT NULL",
            loaded_rows_only=True,
            owner="customer-support",
            severity=Severity.WARNING,
            warn_over=Threshold(count=2),
            error_over=Threshold(percent=5),
            sample=("id", "agent"),
            timeout=timedelta(minutes=5),
            origin="config.toml",
        ),
    )


def test_a_query_says_its_kind() -> None:
    """Whoever writes SQL need not say that it is SQL."""
    [made] = configured(mine={"pipeline": "support", "sql": "SELECT 1"}).checks

    assert (made.kind, made.sql) == (CheckKind.SQL, "SELECT 1")


def test_values_may_be_numbers_and_texts() -> None:
    """They are compared as what they are; in the environment, commas are between them."""
    base = {"pipeline": "p", "table": "t", "kind": "accepted_values", "columns": "a"}

    [listed, in_text] = configured(one={**base, "values": ["open", 2]}, two={**base, "values": "open, 2"}).checks

    assert listed.values == in_text.values == ("open", 2)


_CALLS = {"pipeline": "support", "table": "calls"}


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (_CALLS, '"kind" is missing; it is one of not_null, unique, '),
        ({**_CALLS, "kind": "not_null"}, "not_null needs columns"),
        ({"kind": "unique"}, "unique needs pipeline and table and columns"),
        ({**_CALLS, "kind": "range", "columns": "minutes"}, "range needs min, max or both"),
        ({**_CALLS, "kind": "row_count"}, "row_count needs min, max or both"),
        (
            {**_CALLS, "kind": "freshness", "columns": "a, b", "max_age": "2h"},
            "freshness asks one column, found 2: write a check for each",
        ),
        (
            {**_CALLS, "kind": "relationship", "columns": "customer_id", "to": "customers"},
            '"to" names a table and a column: to = "customers.id"',
        ),
        (
            {"pipeline": "support", "sql": "SELECT 1", "warn_over": "1%"},
            "warn_over is a share of the rows of a table: name the table",
        ),
        (
            {"pipeline": "support", "sql": "SELECT 1", "where": "a = 1"},
            "where and loaded_rows_only limit the rows of a table: name the table",
        ),
        ({**_CALLS, "kind": "nul"}, "expected one of: not_null, "),
        ({**_CALLS, "kind": "not_null", "columns": 3}, 'expected a list of names, for example ["id", "agent"]'),
        ({**_CALLS, "kind": "not_null", "columns": "a,,b"}, "expected a list of names"),
        ({**_CALLS, "kind": "accepted_values", "columns": "a", "values": []}, "expected a list of values"),
        ({**_CALLS, "kind": "range", "columns": "a", "min": [1]}, "expected a number or text"),
        ({**_CALLS, "kind": "not_null", "column": "a"}, "did you mean 'columns'?"),
        ("calls", "expected a table: write [tocsin.checks.mine]"),
    ],
)
def test_what_cannot_be_used_is_told_and_left_out(given: object, said: str) -> None:
    """A mistake costs one check, and says what to write."""
    config = configured(mine=given, good={**_CALLS, "kind": "not_null", "columns": ["customer_id"]})

    assert [made.name for made in config.checks] == ["good"]
    [problem] = config.problems
    assert problem.key.startswith("tocsin.checks.mine")
    assert problem.origin == "config.toml"
    assert said in problem.remedy


def test_the_limits_of_all_checks_are_read() -> None:
    """How long, and how many at once; there has to be one."""
    values = {"tocsin": {"check_timeout": "5m", "check_budget": "10s", "check_parallel": 0}}
    config = load([Layer(origin="config.toml", values=values, secrets_allowed=False)], home=Path("/home"))

    assert (config.check_timeout, config.check_budget) == (timedelta(minutes=5), timedelta(seconds=10))
    assert config.check_parallel == 4
    assert [problem.remedy for problem in config.problems] == ["expected a whole number, 1 or more"]


def test_a_file_is_a_check(tmp_path: Path) -> None:
    """Its name is that of the file, its head holds settings, and other comments are none."""
    (tmp_path / "no_customer.sql").write_text(
        "-- pipeline: support\n-- Written by Ann: ask her.\n--owner:customer-support\n\n-- sample: id, agent\n"
        "SELECT * FROM calls -- table: nothing\nWHERE customer_id IS NULL\n-- severity: critical\n"
    )

    [made], problems = read_sql_files(tmp_path)

    assert (made.name, made.pipeline, made.owner, made.sample) == (
        "no_customer",
        "support",
        "customer-support",
        ("id", "agent"),
    )
    assert (made.table, made.severity) == ("", None)
    assert made.sql.endswith("-- severity: critical")
    assert made.origin == f"{tmp_path.name}/no_customer.sql"
    assert problems == []


def test_files_that_are_no_checks_are_told(tmp_path: Path) -> None:
    """One without a pipeline, one with an unknown setting, and one that cannot be read."""
    (tmp_path / "a.sql").write_text("SELECT 1")
    (tmp_path / "b.sql").write_text("-- pipeline: p\n-- ownr: me\nSELECT 1")
    (tmp_path / "c.sql").write_bytes(b"\xff\xfe\xff")
    (tmp_path / "d.txt").write_text("no SQL at all")

    found, problems = read_sql_files(tmp_path)

    assert found == []
    said = [str(problem).removeprefix(f"{tmp_path.name}/") for problem in problems]
    assert said[0] == f"a.sql: {tmp_path.name}/a.sql: sql needs pipeline"
    assert said[1].startswith(f"b.sql: {tmp_path.name}/b.sql.ownr = 'me': unknown key; did you mean 'owner'?")
    assert said[2].startswith("c.sql: (the whole file): cannot be read: ")


def test_no_folder_means_no_checks(tmp_path: Path) -> None:
    """Most projects have none."""
    assert read_sql_files(tmp_path / "checks") == ([], [])


@pytest.fixture
def _fresh() -> Iterator[None]:
    forget_checks()
    yield
    forget_checks()


@pytest.mark.usefixtures("_fresh")
def test_a_function_is_a_check_and_stays_a_function() -> None:
    """Its name is the check's, its first line the question, and calling it does what it did."""

    @tocsin.check(pipeline="support", table="calls", severity="warning", sample=("id",), error_over="5%")
    def no_customer(dataset: object) -> str:
        """Every call belongs to a customer.

        Ask Ann.
        """
        return f"SELECT * FROM {dataset}"  # noqa: S608  # nobody asks it

    assert no_customer("calls") == "SELECT * FROM calls"
    [made], _ = checks_in_code()
    assert made.write is no_customer
    assert (made.check.name, made.check.question) == ("no_customer", "Every call belongs to a customer")
    assert (made.check.severity, made.check.error_over) == (Severity.WARNING, Threshold(percent=5))
    assert made.check.sample == ("id",)
    assert made.check.origin.endswith("no_customer")


@pytest.mark.usefixtures("_fresh")
def test_sql_in_code_needs_no_function() -> None:
    """A second check of the same name takes the place of the first, as with any name in Python."""
    tocsin.check("SELECT 1", pipeline="support", name="mine")
    tocsin.check("SELECT 2", pipeline="support", name="mine")

    [made], _ = checks_in_code()
    assert (made.check.name, made.check.sql, made.write) == ("mine", "SELECT 2", None)


@pytest.mark.usefixtures("_fresh")
@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"ownr": "me"}, "unknown: ownr; known are: pipeline, "),
        ({"severity": "bad"}, "expected one of: info, warning, error, critical"),
        ({"warn_over": "1%"}, "name the table"),
    ],
)
def test_a_mistake_in_code_raises_nothing(settings: Any, said: str, caplog: pytest.LogCaptureFixture) -> None:
    """A pipeline is not to fail for its checks: the logger warns, and the function goes on."""
    with caplog.at_level(logging.WARNING, "tocsin"):
        made = tocsin.check(pipeline="support", **settings)(str)

    assert made is str
    checks, [problem] = checks_in_code()
    assert checks == ()
    assert str(problem).startswith("builtins.str: tocsin.check 'str': ")
    assert said in str(problem)
    assert str(problem) in caplog.text


@pytest.mark.usefixtures("_fresh")
def test_whatever_can_be_called_can_be_a_check() -> None:
    """Something without a name of its own is given one, and a mistake that was mended is none any more."""
    no_name = functools.partial(str.format, "SELECT 1 -- {}")

    tocsin.check(pipeline="support")(no_name)
    assert [problem.remedy for problem in checks_in_code()[1]] == ["name is missing"]
    tocsin.check(pipeline="support", name="mine", timeout=timedelta(minutes=2))(no_name)

    [made], problems = checks_in_code()
    assert (made.check.name, made.check.timeout, made.write) == ("mine", timedelta(minutes=2), no_name)
    assert problems == ()


@pytest.mark.usefixtures("_fresh")
def test_sql_without_a_name_is_left_out(caplog: pytest.LogCaptureFixture) -> None:
    """Alerts and history belong to a name."""
    tocsin.check("SELECT 1", pipeline="support", name="")

    assert checks_in_code()[0] == ()
    assert "name is missing" in caplog.text
