"""`tocsin check`, on a pipeline of dlt that has run on this machine."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import dlt
import pytest

from cli_project import TO_A_FILE, Project
from tocsin.capture.checks.in_code import forget_checks

CHECKS = (
    TO_A_FILE
    + """
[tocsin.checks.customer_known]
pipeline = "support"
kind = "not_null"
table = "calls"
columns = ["customer_id"]
owner = "customer-support"
sample = ["id"]

[tocsin.checks.enough]
pipeline = "support"
kind = "row_count"
table = "calls"
min = 3
"""
)
#: Of four calls one has no customer.
CALLS: list[dict[str, Any]] = [
    {"id": 1, "customer_id": 7},
    {"id": 2, "customer_id": None},
    {"id": 3, "customer_id": 7},
    {"id": 4},
]


def _load(calls: list[dict[str, Any]]) -> None:
    columns: Any = {"customer_id": {"data_type": "bigint"}}
    pipeline = dlt.pipeline("support", destination="duckdb", dataset_name="support_data")
    pipeline.run(calls, table_name="calls", write_disposition="replace", columns=columns)


@pytest.fixture
def support(project: Project, monkeypatch: pytest.MonkeyPatch) -> Iterator[Project]:
    """A project whose pipeline has loaded calls; its credentials stand where dlt finds them."""
    monkeypatch.setenv("DESTINATION__DUCKDB__CREDENTIALS", str(project.folder / "support.duckdb"))
    project.configure(CHECKS)
    _load(CALLS)
    yield project
    forget_checks()


def test_failures_are_listed_told_and_make_the_command_fail(support: Project) -> None:
    """What a check in CI finds is told as after a load, to its channels, and ends the build."""
    result = support.tocsin("check", "run")

    assert result.exit_code == 1, result.output
    head, first, second = result.stdout.splitlines()
    assert head.split()[:6] == ["CHECK", "PIPELINE", "STATUS", "SEVERITY", "FAILING", "OF"]
    assert first.split()[:6] == ["customer_known", "support", "failed", "error", "2", "4"]
    assert "customer_id of calls is never empty" in first
    assert first.endswith("2 of 4 rows fail (50 %)")
    assert second.split()[:6] == ["enough", "support", "passed", "-", "0", "4"]
    assert support.told() == [
        "check customer_known of support: customer_id of calls is never empty: 2 of 4 rows fail (50 %)"
    ]


def test_what_was_told_ends_with_the_rows(support: Project) -> None:
    """The problem is closed by the first run of the check that finds none."""
    support.tocsin("check", "run")
    _load(CALLS[:1] + CALLS[2:3] + [{"id": 5, "customer_id": 8}])

    assert support.tocsin("check", "run").exit_code == 0
    assert support.told()[1].startswith("check customer_known of support passes again")


def test_a_dry_run_tells_nobody(support: Project) -> None:
    """The exit code is the same, and nothing is kept."""
    assert support.tocsin("check", "run", "--dry-run").exit_code == 1
    assert (support.told(), support.json("alerts", "--all")) == ([], [])


def test_results_are_read_by_programs(support: Project) -> None:
    """As JSON each result holds what the message does."""
    result = support.tocsin("check", "run", "customer_known", "--json")

    [found] = json.loads(result.stdout)
    assert found.pop("took_seconds") >= 0
    assert datetime.fromisoformat(found.pop("at")).tzinfo is not None
    assert found == {
        "pipeline": "support",
        "environment": "default",
        "run_id": None,
        "check": "customer_known",
        "kind": "not_null",
        "table": "calls",
        "question": "customer_id of calls is never empty",
        "status": "failed",
        "severity": "error",
        "failing": 2,
        "checked": 4,
        "columns": ["id"],
        "rows": [["2"], ["4"]],
        "sql": 'SELECT\n  *\nFROM "support_data"."calls" AS "calls"\nWHERE\n  "calls"."customer_id" IS NULL',
        "error": "",
    }


def test_functions_of_a_module_are_run(support: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """A module in this folder is found, as a script in it would find it."""
    monkeypatch.setattr(sys, "path", [*sys.path])
    (support.folder / "checks_of_support.py").write_text(
        "import tocsin\n\n@tocsin.check(pipeline='support', severity='warning')\n"
        "def no_late_id(dataset):\n    return dataset['calls'].where('id', 'gt', 3)\n"
    )

    result = support.tocsin("check", "run", "no_late_id", "--module", "checks_of_support")

    assert result.exit_code == 0, result.output
    assert "no late id" in result.stdout
    assert result.stdout.splitlines()[1].split()[2:4] == ["failed", "warning"]


def test_a_destination_may_be_named(support: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a machine where the pipeline never ran, its data are found by destination and dataset."""
    monkeypatch.setenv("DLT_DATA_DIR", str(support.folder / "another machine"))

    unknown = support.tocsin("check", "run", "enough")
    result = support.tocsin("check", "run", "enough", "--destination", "duckdb", "--dataset", "support_data")

    assert unknown.exit_code == 1
    assert (
        "pipeline 'support' has not run on this machine as this user: say where its data are with --destination "
        "NAME --dataset NAME"
    ) in unknown.stderr
    assert result.exit_code == 0, result.output
    assert result.stdout.splitlines()[1].split()[:3] == ["enough", "support", "passed"]


def test_a_check_that_cannot_be_run_makes_the_command_fail(support: Project) -> None:
    """Nobody knows whether the data are right."""
    support.configure(CHECKS.replace('"calls"', '"cals"'))

    result = support.tocsin("check", "run", "enough")

    assert result.exit_code == 1
    assert result.stdout.splitlines()[1].split()[:4] == ["enough", "support", "error", "error"]
    assert "Table with name cals does not exist" in result.stdout
    assert support.told()[0].startswith("check enough of support: could not be run: DatabaseUndefinedRelation")


def test_checks_are_listed_with_where_they_are_written(support: Project) -> None:
    """Files and tables, without asking anybody."""
    (support.folder / "checks").mkdir()
    (support.folder / "checks" / "late.sql").write_text("-- pipeline: support\n-- owner: bi\nSELECT 1")

    lines = [line.split() for line in support.says("check", "list").splitlines()]

    assert lines[1][:6] == ["customer_known", "support", "not_null", "calls", "customer-support", ".dlt/config.toml"]
    assert lines[3][:6] == ["late", "support", "sql", "-", "bi", "checks/late.sql"]
    assert [one["name"] for one in support.json("check", "list", "--pipeline", "support")] == [
        "customer_known",
        "enough",
        "late",
    ]


def test_what_nobody_can_read_makes_the_command_fail(support: Project) -> None:
    """A check that is left out would look like one that passes."""
    support.configure(CHECKS + '[tocsin.checks.broken]\npipeline = "support"\n')
    (support.folder / "checks").mkdir()
    (support.folder / "checks" / "late.sql").write_text("SELECT 1")

    result = support.tocsin("check", "run", "enough")

    assert result.exit_code == 2
    first, second = result.stderr.splitlines()
    assert first.startswith('left out: .dlt/config.toml: tocsin.checks.broken: "kind" is missing; it is one of')
    assert second == "left out: checks/late.sql: checks/late.sql: sql needs pipeline"
    assert "enough" in result.stdout


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["check", "run", "nothing"], "there is no check 'nothing'; there are: customer_known, enough"),
        (["check", "list", "--pipeline", "orders"], "there is no check of pipeline 'orders': write [tocsin.checks."),
        (["check", "list", "--module", "nowhere"], "--module nowhere cannot be imported: ModuleNotFoundError: "),
    ],
)
def test_what_is_not_there_is_said(support: Project, words: list[str], said: str) -> None:
    """The error names what there is, or what to write."""
    result = support.tocsin(*words)

    assert result.exit_code == 1
    assert said in result.stderr


def test_without_dlt_nothing_can_be_asked(support: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only dlt knows where the data are."""
    monkeypatch.setitem(sys.modules, "dlt", None)

    result = support.tocsin("check", "run")

    assert result.exit_code == 1
    assert "dlt is not installed here, which knows the destination: pip install dlt" in result.stderr


def test_without_sqlglot_each_check_says_what_to_install(support: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """Older versions of dlt do without it."""
    monkeypatch.delitem(sys.modules, "tocsin.capture.checks.ask", raising=False)
    monkeypatch.setitem(sys.modules, "sqlglot", None)
    for name in [name for name in sys.modules if name.startswith("tocsin.capture.checks.") and "in_code" not in name]:
        monkeypatch.delitem(sys.modules, name)

    result = support.tocsin("check", "run", "enough", "--dry-run")

    assert 'type: pip install "dlt-tocsin[checks]"' in result.stdout
