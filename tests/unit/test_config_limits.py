"""What the configuration asks of what pipelines bring."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tocsin.config.layer import Layer
from tocsin.config.load import load
from tocsin.config.merge import environment_layer
from tocsin.config.model import Config
from tocsin.core.limits import Limits, RowLimits


def _load(table: dict[str, Any], **environment: str) -> Config:
    file = Layer(origin="config.toml", values={"tocsin": table}, secrets_allowed=False)
    return load([environment_layer(environment), file], home=Path("/data"))


def test_limits_stand_at_the_pipeline_and_at_its_tables() -> None:
    """The environment can say them too; who says nothing gets the defaults."""
    config = _load(
        {
            "false_alerts": 1,
            "pipelines": {"orders": {"duration": False, "tables": {"items": {"min_rows": 1}, "log": {"max_rows": 9}}}},
        },
        TOCSIN__PIPELINES__ORDERS__TABLES__ITEMS__MAX_ROWS="5000",
    )

    assert config.problems == ()
    assert config.false_alerts == 1
    assert config.pipeline("orders").limits == Limits(
        duration=False, rows={"items": RowLimits(least=1, most=5000), "log": RowLimits(most=9)}
    )
    assert config.pipeline("other").limits == Limits()


@pytest.mark.parametrize(
    ("table", "problem"),
    [
        ({"false_alerts": "few"}, "tocsin.false_alerts = 'few': expected a number above 0, for example 0.3"),
        ({"false_alerts": 0}, "tocsin.false_alerts = '0': expected a number above 0, for example 0.3"),
        (
            {"pipelines": {"a": {"tables": {"items": 5}}}},
            "tocsin.pipelines.a.tables.items = '5': expected a table: write [tocsin.pipelines.a.tables.items]",
        ),
        (
            {"pipelines": {"orders": {"tables": {"items": {"min_rows": 9, "max_rows": 5}}}}},
            "tocsin.pipelines.orders.tables.items.min_rows: 9 is more than max_rows = 5",
        ),
        (
            {"pipelines": {"orders": {"tables": {"items": {"min_row": 9}}}}},
            "tocsin.pipelines.orders.tables.items.min_row = '9': unknown key; did you mean 'min_rows'?",
        ),
    ],
)
def test_what_cannot_be_used_is_a_problem(table: dict[str, Any], problem: str) -> None:
    """With the file, the key and what to write instead; nothing is asked of the table then."""
    config = _load(table)

    assert [str(each) for each in config.problems] == [f"config.toml: {problem}"]
