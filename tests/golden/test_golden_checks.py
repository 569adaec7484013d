"""What checks ask of warehouses that do not run here, and what is told of their answers, as it was looked at."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import dlt
import pytest

from check_samples import CHECKS, NOW, check, result
from made import good_run
from tocsin.capture.checks.compile import compile_check
from tocsin.capture.checks.place import Place
from tocsin.channels.formats.text import text
from tocsin.core.alert import Alert, advance
from tocsin.core.check import CheckResult
from tocsin.core.compose import Surroundings, compose
from tocsin.core.notify import Reason
from tocsin.core.rules.checks import judge_check

#: The path to a table as dlt's clients of these destinations give it.
_PATHS: dict[str, Callable[[str], list[str]]] = {
    "bigquery": lambda table: ["acme-project", "support_data", table],
    "snowflake": lambda table: ["SUPPORT_DATA", table.upper()],
    "databricks": lambda table: ["main", "support_data", table],
    "clickhouse": lambda table: ["acme", f"support_data___{table}"],
    "redshift": lambda table: ["support_data", table],
    "mssql": lambda table: ["support_data", table],
}


@pytest.mark.parametrize("destination", _PATHS)
def test_sql_of_every_kind(destination: str, same_as_golden: Callable[[str, str], None]) -> None:
    """Each kind is asked in the dialect of the destination, with its spelling of names."""
    capabilities = getattr(dlt.destinations, destination)().capabilities()
    place = Place(dialect=capabilities.sqlglot_dialect, path=_PATHS[destination], fold=capabilities.casefold_identifier)

    said = []
    for name, one in CHECKS.items():
        compiled = compile_check(one, place, now=NOW, load_ids=["1764000000.5"])
        said += [f"-- {name}", f"{compiled.failing};", "", f"{compiled.count};", ""]
        said += [f"{compiled.sample};", ""] if compiled.sample else []
    same_as_golden(f"checks/{destination}.sql", "\n".join(said).rstrip())


_RUN = good_run("1a001b9dfeed", pipeline="support", dataset="support_data")
_FAILING = result(
    check=replace(CHECKS["not_null"], owner="customer-support", question="every support call belongs to a customer"),
    columns=("id", "agent"),
    rows=(("0", "a"), ("5", "a"), ("12", "bob")),
    run_id=_RUN.id,
    logical_id=_RUN.id,
)
_PASSING = replace(_FAILING, failing=0, rows=(), at=NOW + timedelta(hours=26))


def _later(one: CheckResult, hours: float, **changes: Any) -> CheckResult:
    return replace(one, at=NOW + timedelta(hours=hours), logical_id=f"{hours}", **changes)


def _told(*results: CheckResult, reason: Reason = Reason.NEW) -> str:
    """Return what is said after the last of these results, each of which was judged with those before."""
    alert: Alert | None = None
    for number, one in enumerate(results):
        found = judge_check(one, [*reversed(results[:number])])
        alert, _ = advance(alert, found, new_id="737391de0c1f")
    assert alert is not None
    return text(compose(alert, reason, Surroundings(run=_RUN, owner=alert.traits.get("owner", ""))))


#: Each with the reason for which a channel hears, and the results up to then.
_STORIES: dict[str, tuple[Reason, list[CheckResult]]] = {
    "failing": (Reason.NEW, [_FAILING]),
    "failing_again": (
        Reason.REPEAT,
        [_FAILING, _later(_FAILING, 1, failing=6), _later(_FAILING, 25, failing=51, checked=12_204)],
    ),
    "whole_table": (
        Reason.NEW,
        [result(check=CHECKS["row_count"], failing=1, columns=("row_count",), rows=(("20",),))],
    ),
    "not_unique": (Reason.NEW, [result(check=CHECKS["unique_together"], failing=1)]),
    "not_run": (
        Reason.NEW,
        [result(check=check(owner="bi"), failing=None, checked=None, sql="", error="no answer within 60 s")],
    ),
    "passes_again": (Reason.RECOVERED, [_FAILING, _PASSING]),
}


@pytest.mark.parametrize("name", _STORIES)
def test_what_is_told_of_a_check(name: str, same_as_golden: Callable[[str, str], None]) -> None:
    """The question in words, how many rows fail of how many, since when, the trend, a sample and the query."""
    reason, results = _STORIES[name]

    same_as_golden(f"checks/{name}.txt", _told(*results, reason=reason))
