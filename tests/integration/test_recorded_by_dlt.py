"""Runs from before Tocsin was there, as real dlt remembers them."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dlt
import pytest
from dlt.pipeline.exceptions import PipelineStepFailed

from tocsin.capture.history.loads import read_loads
from tocsin.capture.history.traces import read_traces
from tocsin.core.run import Outcome, Stage, TableLoad
from tocsin.errors import ConfigError

pytestmark = pytest.mark.dlt_versions


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder of its own for everything that dlt leaves behind; nobody watches its pipelines."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DLT_DATA_DIR", str(tmp_path / "dlt"))
    monkeypatch.setenv("DESTINATION__DUCKDB__CREDENTIALS", str(tmp_path / "data.duckdb"))
    return tmp_path


def _pipeline(folder: Path, name: str = "orders") -> Any:
    return dlt.pipeline(name, pipelines_dir=str(folder / "pipelines"), destination="duckdb", dataset_name="shop")


def _rows(number: int) -> Any:
    return dlt.resource([{"id": index} for index in range(number)], name="orders")


def test_traces_are_runs(folder: Path) -> None:
    """A folder of copies of `trace.pickle` tells rows, steps and how each run ended."""
    copies = folder / "copies"
    copies.mkdir()
    pipeline = _pipeline(folder)
    for number in (3, 5):
        pipeline.run(_rows(number))
        shutil.copy(folder / "pipelines/orders/trace.pickle", copies / f"{number}.pickle")
    (copies / "other.pickle").write_text("no trace")

    found = read_traces(copies, environment="prod")

    first, second = found.runs
    assert [run.tables for run in found.runs] == [
        (TableLoad(table="_dlt_pipeline_state", rows=1), TableLoad(table="orders", rows=3)),
        (TableLoad(table="orders", rows=5),),
    ]
    assert [(run.pipeline, run.environment, run.outcome) for run in found.runs] == [
        ("orders", "prod", Outcome.SUCCEEDED)
    ] * 2
    assert (first.first_run, second.first_run) == (True, False)
    assert [step.stage for step in second.steps] == [Stage.EXTRACT, Stage.NORMALIZE, Stage.LOAD]
    assert second.duration is not None
    assert 0 < second.duration.total_seconds() < 600
    assert (second.destination, second.dataset) == ("duckdb", "shop")
    (unread,) = found.unread
    assert unread.startswith(f"{copies / 'other.pickle'}: UnpicklingError")


def test_a_trace_of_a_run_that_failed_says_so(folder: Path) -> None:
    """A run that raised counts as one that failed, in the stage that it came to."""

    @dlt.resource
    def broken() -> Iterator[dict[str, int]]:
        yield {"id": 1}
        raise ValueError("no more")

    with pytest.raises(PipelineStepFailed):
        _pipeline(folder, "broken").run(broken())

    (run,) = read_traces(folder / "pipelines", environment="default").runs

    assert (run.pipeline, run.outcome, run.stage) == ("broken", Outcome.FAILED, Stage.EXTRACT)


def test_loads_are_runs_with_the_rows_that_are_there(folder: Path) -> None:
    """`_dlt_loads` tells when; the tables that rows are added to tell how many."""
    pipeline = _pipeline(folder)
    pipeline.run([_rows(3), dlt.resource([{"id": 1}], name="latest", write_disposition="replace")])
    pipeline.run([_rows(5), dlt.resource([{"id": 2}], name="latest", write_disposition="replace")])

    first, second = read_loads("orders", environment="default", destination="duckdb", dataset="shop")

    assert (first.tables, second.tables) == ((TableLoad(table="orders", rows=3),), (TableLoad(table="orders", rows=5),))
    assert (first.first_run, second.first_run) == (True, False)
    assert first.ended_at is not None
    assert first.started_at <= first.ended_at <= second.started_at


def test_a_destination_that_holds_no_loads_is_named(folder: Path) -> None:
    """The message says which pipeline, and what its destination answered."""
    with pytest.raises(ConfigError, match=r"^the loads of nobody cannot be read from its destination: "):
        read_loads("nobody", environment="default", destination="duckdb", dataset=f"empty_{folder.name[:4]}")
