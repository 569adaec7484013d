"""Results of other tools, from the files that these tools have written."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from tocsin.core.check import CheckResult, severity_of
from tocsin.core.check_words import failure_of, question_of
from tocsin.core.finding import Kind
from tocsin.core.foreign_checks import read_results
from tocsin.core.foreign_checks.result import Source
from tocsin.core.rules.checks import judge_check
from tocsin.core.severity import Severity

CORPUS = Path(__file__).parents[1] / "corpus" / "check_results"
SCHEMA = Path(__file__).parents[2] / "docs" / "check-results.schema.json"
NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


def document(name: str) -> Any:
    """Return what a file of the corpus holds."""
    return json.loads((CORPUS / f"{name}.json").read_text(encoding="utf-8"))


def read(content: Any, *, pipeline: str = "", manifest: Any = None) -> dict[str, CheckResult]:
    """Return the results by the names of the checks."""
    source = Source(file="results.json", environment="prod", at=NOON, pipeline=pipeline, manifest=manifest)
    results = read_results(content, source)
    found = {result.check.name: result for result in results}
    assert len(found) == len(results)
    return found


def summary(result: CheckResult) -> tuple[object, ...]:
    """Return what decides what is told of a result."""
    severity = severity_of(result) if not result.error else None
    return (result.check.pipeline, result.check.table, result.check.owner, severity, result.failing, result.checked)


def test_dbt_with_its_manifest() -> None:
    """Tests become checks, with the owner of the test or else of its model; models do not."""
    found = read(document("dbt_run_results"), manifest=document("dbt_manifest"))
    assert {name: summary(result) for name, result in found.items()} == {
        "unique_customers_id": ("shop", "customers", "", None, 0, None),
        "unique_orders_id": ("shop", "orders", "sales", Severity.ERROR, 1, None),
        "not_null_orders_id": ("shop", "orders", "sales", None, 0, None),
        "not_null_orders_customer_id": ("shop", "orders", "support", Severity.WARNING, 2, None),
        "accepted_values_orders_status__open__paid": ("shop", "orders", "sales", Severity.ERROR, 1, None),
        "orders_are_right": ("shop", "", "", None, None, None),
    }
    failed = found["not_null_orders_customer_id"]
    assert "where customer_id is null" in failed.sql
    assert failed.at == datetime(2026, 11, 23, 9, 16, 27, 598916, tzinfo=UTC)
    assert timedelta(0) < failed.took < timedelta(minutes=1)
    assert 'Referenced column "no_such_column" not found' in found["orders_are_right"].error


def test_dbt_without_its_manifest() -> None:
    """The results alone tell names, states and numbers."""
    found = read(document("dbt_run_results"), pipeline="warehouse")
    assert len(found) == 6
    assert summary(found["not_null_orders_customer_id"]) == ("warehouse", "", "", Severity.WARNING, 2, None)


@pytest.mark.parametrize(
    ("status", "failures", "severity", "error"),
    [
        # More rows than none, which the test allows.
        ("pass", 5, None, ""),
        ("runtime error", None, None, "dbt says nothing more"),
        # A unit test counts nothing.
        ("fail", None, Severity.ERROR, ""),
    ],
)
def test_rare_states_of_dbt(status: str, failures: int | None, severity: Severity | None, error: str) -> None:
    """Whether it is too many was decided by dbt."""
    one = {"unique_id": "unit_test.shop.t", "status": status, "failures": failures}
    content = {"metadata": {"dbt_schema_version": "https://schemas.getdbt.com/dbt/run-results/v6.json"}}
    [result] = read({**content, "results": [one]}).values()
    assert (result.error, severity_of(result) if not error else None) == (error, severity)
    assert read({**content, "results": [{**one, "status": "skipped"}]}) == {}


def test_a_scan_of_soda() -> None:
    """Checks keep their names, owners and numbers; that the scan came to its end is a check too."""
    found = read(document("soda_scan"))
    assert {name: summary(result) for name, result in found.items()} == {
        "scan of shop": ("shop", "", "", None, 0, None),
        "row_count > 0": ("shop", "orders", "", None, 0, None),
        "every order has a customer": ("shop", "orders", "support", Severity.ERROR, 2, None),
        "duplicate_count(id) warn when > 0 fail when > 10": ("shop", "orders", "", Severity.WARNING, 1, None),
    }


def test_a_scan_of_soda_that_broke_off() -> None:
    """No check was evaluated, which is told and does not look like success."""
    [result] = read(document("soda_scan_broken")).values()
    assert result.check.name == "scan of shop"
    assert 'Referenced column "no_such_column" not found' in result.error
    content = document("soda_scan")
    content["checks"] = [
        {"name": "odd", "outcome": None},
        {"name": "sum", "outcome": "fail", "diagnostics": {"value": 7}},
    ]
    found = read(content)
    assert found["odd"].error == "Soda did not evaluate it"
    assert failure_of(found["sum"]) == "the value is 7"


def test_a_validation_of_great_expectations() -> None:
    """Rows are counted where the expectation is about rows, and else the observed value is told."""
    found = read(document("great_expectations_validation"))
    assert {name.removeprefix("orders_are_right "): summary(result) for name, result in found.items()} == {
        "missing column_max_to_be_between": ("shop", "orders", "", None, None, None),
        "customer_id column_values_to_not_be_null": ("shop", "orders", "support", Severity.ERROR, 2, 3),
        "id column_values_to_be_unique": ("shop", "orders", "", Severity.ERROR, 2, 3),
        "table_row_count_to_be_between": ("shop", "orders", "", Severity.ERROR, 1, None),
        "status column_values_to_be_in_set": ("shop", "orders", "", None, 0, 3),
    }
    assert found["orders_are_right missing column_max_to_be_between"].error == (
        'Error: The column "missing" in BatchData does not exist.'
    )
    count = found["orders_are_right table_row_count_to_be_between"]
    assert (question_of(count.check), failure_of(count)) == (
        "table row count to be between: min_value 10",
        "the observed value is 3",
    )


def test_a_checkpoint_of_great_expectations() -> None:
    """What `describe()` returns tells the same, but for owners and reasons."""
    found = read(document("great_expectations_checkpoint"))
    assert summary(found["orders id column_values_to_be_unique"]) == ("shop", "orders", "", Severity.ERROR, 2, 3)


def test_older_validations_of_great_expectations() -> None:
    """Before 1.0 the kind had another name, and the suite stood with the time of the run."""
    one = {"success": False, "expectation_config": {"expectation_type": "expect_x", "kwargs": {}}, "result": {}}
    meta = {"expectation_suite_name": "suite", "run_id": {"run_time": "2026-11-23T09:00:00+00:00"}}
    found = read({"results": [one, one], "meta": meta})
    assert list(found) == ["suite x", "suite x 2"]
    assert found["suite x"].at == datetime(2026, 11, 23, 9, tzinfo=UTC)


def test_own_format() -> None:
    """Every field of the documented format arrives, and the example keeps to its schema."""
    content = document("own")
    jsonschema.validate(content, json.loads(SCHEMA.read_text(encoding="utf-8")))
    found = read(content)
    failed = found["calls have customers"]
    assert summary(failed) == ("support", "calls", "customer-support", Severity.WARNING, 12, 340)
    assert (failed.at, failed.took) == (datetime(2026, 11, 23, 5, 30, tzinfo=UTC), timedelta(seconds=1.5))
    assert failed.tool == "a stored procedure"
    assert failure_of(found["calls are fresh"]) == "the newest call is 3 days old"
    assert severity_of(found["agents are known"]) is None
    assert found["queues add up"].error == "permission denied for table queues"


@pytest.mark.docs
def test_the_example_in_the_docs() -> None:
    """What the page shows keeps to the schema, and is read."""
    page = (SCHEMA.parent / "checks.md").read_text(encoding="utf-8")
    [example] = re.findall(r"^```json\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    jsonschema.validate(json.loads(example), json.loads(SCHEMA.read_text(encoding="utf-8")))
    assert list(read(json.loads(example))) == ["calls have customers", "queues add up"]


def test_what_is_told_of_a_result_names_the_tool_and_the_file() -> None:
    """Whoever mends it knows what to run again; `tocsin check run` does not know the check."""
    result = read(document("own"))["calls have customers"]
    finding = judge_check(result, ())
    assert (finding.kind, finding.severity) == (Kind.CHECK, Severity.WARNING)
    assert finding.summary == "every support call belongs to a customer: 12 of 340 rows fail (3.53 %)"
    assert finding.hint == (
        "Mend the rows, the query below returns them, run a stored procedure once more, then type: "
        "tocsin check import results.json"
    )


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ([], "is in no format that is known; these are: Tocsin's own format, dbt (run_results.json), Soda"),
        ({"results": []}, "is in no format that is known"),
        ({"tocsin_check_results": 2, "checks": []}, '"tocsin_check_results" is 2; this version of Tocsin reads 1'),
        ({"tocsin_check_results": 1, "checks": []}, '"pipeline" is missing; add it, or name it with --pipeline'),
        ({"tocsin_check_results": 1, "pipeline": "p", "checks": [{"status": "passed"}]}, 'a check has no "name"'),
        (
            {"tocsin_check_results": 1, "pipeline": "p", "checks": [{"name": "n", "status": "green"}]},
            "check 'n': \"status\" is 'green'; it is one of passed, failed, error",
        ),
        ({"tocsin_check_results": 1, "pipeline": "p"}, "looks like Tocsin's own format, but cannot be read: KeyError"),
        (
            {"metadata": {"dbt_schema_version": "/run-results/"}, "results": [{}]},
            "looks like dbt (run_results.json), but cannot be read: KeyError: 'unique_id'",
        ),
    ],
)
def test_what_cannot_be_read(content: object, said: str) -> None:
    """The message names the format that was recognized, and what is wrong with it."""
    with pytest.raises(ValueError) as raised:  # noqa: PT011  # the text is compared
        read(content)
    assert said in str(raised.value)
