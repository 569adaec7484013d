"""The example with Dagster: what is told of a job that goes wrong in several ways at once."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestrated import Project, until

EXAMPLE = Path(__file__).parents[3] / "examples" / "dagster"


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Run the nightly job of the example once, as its README says."""
    folder = tmp_path_factory.mktemp("example")
    (folder / "dagster").mkdir()
    project = Project(folder, EXAMPLE, DAGSTER_HOME=str(folder / "dagster"))
    ended = project.run("dagster", "job", "execute", "-f", "shop.py", "-j", "nightly")
    assert "RUN_FAILURE" in ended.stderr, ended.stderr
    until(lambda: "customers recovered" in " ".join(project.titles()), project.titles)
    return project


def test_retries_of_a_pipeline_are_one_run_with_its_link_and_what_it_blocks(project: Project) -> None:
    """The first attempt says when the next one comes, the last one that none is left, both in one alert."""
    assert project.about("orders") == ["orders failed (attempt 1 of 2)", "orders failed (attempt 2 of 2)"]
    first, last = (project.message(title) for title in project.about("orders"))
    assert first["alert_id"] == last["alert_id"]
    assert "attempt 2 of 2 is expected at" in first["text"]
    assert "Task: asset dlt_shop_api_orders of Dagster job nightly" in last["text"]
    assert "401 Client Error: Unauthorized" in last["text"]
    assert "for the first time" in last["text"]
    assert "blocks revenue" in last["text"]
    assert "no retry is left" in last["text"]
    run_id = last["data"]["run"]["context"]["names"]["run_id"]
    assert last["links"] == [{"label": "Dagster run", "url": f"http://localhost:3000/runs/{run_id}"}]


def test_a_second_attempt_that_succeeds_ends_the_alert(project: Project) -> None:
    """One run with two attempts: it failed and recovered."""
    first, last = project.about("customers")
    assert first == "customers failed (attempt 1 of 2)"
    assert last.startswith("customers recovered after")


def test_the_hook_tells_of_an_asset_without_dlt(project: Project) -> None:
    """The asset is the name, and the exception the cause."""
    assert project.about("report") == ["report failed (attempt 1 of 2)", "report failed (attempt 2 of 2)"]
    told = project.message("report failed (attempt 2")
    assert "the template report.html is missing" in told["text"]
    assert "shop.py" in told["text"]
    assert "no retry is left" in told["text"]


def test_what_did_not_start_has_no_alert(project: Project) -> None:
    """Its upstream's alert names it."""
    assert project.about("revenue") == []
