"""`[tocsin.pipelines.NAME.tables.TABLE]`: how old a table may become."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from tocsin.config.layer import Layer
from tocsin.config.load import load
from tocsin.config.model import Config
from tocsin.core.check import CheckKind
from tocsin.core.limits import FreshLimit
from tocsin.core.severity import Severity


def configured(pipeline: dict[str, object]) -> Config:
    """Return the configuration with one pipeline."""
    tree = {"tocsin": {"pipelines": {"orders": pipeline}}}
    return load([Layer(origin="config.toml", values=tree, secrets_allowed=False)], home=Path("home"))


def test_how_old_a_table_may_become() -> None:
    """The age of a table is asked by its loads."""
    config = configured({"tables": {"events": {"fresh_within": "26h"}}})
    assert config.problems == ()
    assert config.pipeline("orders").limits.fresh == {"events": FreshLimit(within=timedelta(hours=26))}
    assert config.checks == ()


def test_a_column_is_asked_by_a_check() -> None:
    """With a column, its newest value is asked after each load of the table."""
    [check] = configured({"tables": {"events": {"fresh_within": "26h", "fresh_column": "created_at"}}}).checks
    assert (check.pipeline, check.table, check.columns) == ("orders", "events", ("created_at",))
    assert (check.kind, check.max_age, check.severity) == (CheckKind.FRESHNESS, timedelta(hours=26), Severity.ERROR)


def test_a_column_without_a_time_says_nothing() -> None:
    """Whoever names a column has to say how old it may be."""
    config = configured({"tables": {"events": {"fresh_column": "created_at"}}})
    [problem] = config.problems
    assert str(problem) == (
        "config.toml: tocsin.pipelines.orders.tables.events.fresh_column = 'created_at': says nothing without "
        'fresh_within; write for example fresh_within = "26h" beside it'
    )
    assert config.checks == ()


def test_how_much_new_columns_matter() -> None:
    """`schema_changes` is a severity, or off; anything else is a problem."""
    assert configured({}).pipeline("orders").schema_changes is Severity.INFO
    assert configured({"schema_changes": "error"}).pipeline("orders").schema_changes is Severity.ERROR
    assert configured({"schema_changes": "off"}).pipeline("orders").schema_changes is None
    [problem] = configured({"schema_changes": "loud"}).problems
    assert "expected one of: info, warning, error, off" in str(problem)
