"""The age of rows, asked of a real destination: rows that are new to the table can be old by themselves."""

from __future__ import annotations

import pytest

from dlt_scripts import Ended, RunScript
from tocsin.core.check import CheckKind, CheckResult, severity_of
from tocsin.core.codec import decode
from tocsin.core.severity import Severity

_SCRIPT = """
    from datetime import UTC, datetime, timedelta

    import dlt

    def load(name, age):
        rows = [{"id": 1, "created_at": datetime.now(UTC) - age}]
        dlt.pipeline(name, destination="duckdb", dataset_name="data").run(rows, table_name="events")

    load("fresh", timedelta(hours=1))
    load("stale", timedelta(days=3))
"""


@pytest.fixture(scope="module")
def ended(run_script: RunScript) -> Ended:
    """Load a row of today, and one of three days ago."""
    asked = {
        f"TOCSIN__PIPELINES__{name}__TABLES__EVENTS__{key}": value
        for name in ("FRESH", "STALE")
        for key, value in {"FRESH_WITHIN": "26h", "FRESH_COLUMN": "created_at"}.items()
    }
    return run_script(_SCRIPT, same=True, **asked)


def result_of(ended: Ended, pipeline: str) -> CheckResult:
    """Return what came of the only check of a pipeline."""
    [found] = [
        result
        for event in ended.events
        for result in (decode(CheckResult, one) for one in event.get("checks", ()))
        if result.check.pipeline == pipeline
    ]
    return found


def test_the_newest_value_is_asked_after_a_load(ended: Ended) -> None:
    """A load of old rows does not make a table fresh, though rows have come."""
    fresh, stale = result_of(ended, "fresh"), result_of(ended, "stale")
    assert (stale.check.name, stale.check.kind) == ("events_created_at_fresh", CheckKind.FRESHNESS)
    assert (fresh.error, severity_of(fresh)) == ("", None)
    assert (stale.error, severity_of(stale)) == ("", Severity.ERROR)
