"""One check of each kind, on the calls that a support team took."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from tocsin.core.check import Check, CheckKind, CheckResult

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)


def check(**changes: Any) -> Check:
    """Return a check that no call is without a customer."""
    made = Check(
        name="has_customer",
        pipeline="support",
        kind=CheckKind.NOT_NULL,
        table="calls",
        columns=("customer_id",),
        origin=".dlt/config.toml",
    )
    return replace(made, **changes)


def result(**changes: Any) -> CheckResult:
    """Return that 4 of 20 calls have no customer."""
    made = CheckResult(
        check=check(), environment="default", at=NOW, failing=4, checked=20, sql="SELECT *\nFROM calls", took=_SECOND
    )
    return replace(made, **changes)


_SECOND = timedelta(seconds=1)
#: A check of each kind, by its name, and more than one where they differ in what they ask.
CHECKS = {
    one.name: one
    for one in (
        check(name="not_null", sample=("id", "agent")),
        check(name="not_null_of_two", columns=("customer_id", "agent")),
        check(name="not_null_of_loaded_rows", loaded_rows_only=True),
        check(name="unique", kind=CheckKind.UNIQUE, columns=("id",)),
        check(
            name="unique_together", kind=CheckKind.UNIQUE, columns=("customer_id", "agent"), sample=("agent", "times")
        ),
        check(
            name="accepted_values",
            kind=CheckKind.ACCEPTED_VALUES,
            columns=("status",),
            values=("open", "on hold: 10%", "it's done"),
            sample=("status",),
        ),
        check(name="accepted_numbers", kind=CheckKind.ACCEPTED_VALUES, columns=("id",), values=(1, 2)),
        check(name="relationship", kind=CheckKind.RELATIONSHIP, to="customers.id", sample=("customer_id",)),
        check(name="row_count", kind=CheckKind.ROW_COUNT, columns=(), min=100),
        check(name="row_count_met", kind=CheckKind.ROW_COUNT, columns=(), min=1, max=100),
        check(name="range", kind=CheckKind.RANGE, columns=("minutes",), min=1, max=9.5),
        check(name="range_of_some", kind=CheckKind.RANGE, columns=("minutes",), min=1, where="id > 1 OR agent IS NULL"),
        check(name="freshness", kind=CheckKind.FRESHNESS, columns=("called_at",), max_age=timedelta(hours=2)),
        check(name="freshness_met", kind=CheckKind.FRESHNESS, columns=("called_at",), max_age=timedelta(days=2)),
        check(name="expression", kind=CheckKind.EXPRESSION, columns=(), expression="minutes >= 5 AND minutes < 9"),
        check(
            name="sql",
            kind=CheckKind.SQL,
            columns=(),
            sql="""
            -- owner: customer-support
            WITH known AS (SELECT id FROM customers)
            SELECT calls.id, calls.agent FROM calls LEFT JOIN known ON known.id = calls.customer_id
            WHERE known.id IS NULL
            ORDER BY calls.id
            """,
            sample=("id",),
        ),
    )
}
