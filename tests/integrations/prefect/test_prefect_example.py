"""The example with Prefect: what is told of a flow that goes wrong in several ways at once."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestrated import Project, until

EXAMPLE = Path(__file__).parents[3] / "examples" / "prefect"


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory, server: str) -> Project:
    """Run the nightly flow of the example once, as its README says."""
    project = Project(tmp_path_factory.mktemp("example"), EXAMPLE, PREFECT_API_URL=f"{server}/api")
    ended = project.run("python", "shop.py")
    assert ended.returncode == 1, ended.stderr
    assert "Tocsin could not watch this" not in ended.stderr
    until(lambda: "customers recovered" in " ".join(project.titles()), project.titles)
    return project


def test_retries_of_a_pipeline_are_one_run_with_its_links(project: Project, server: str) -> None:
    """The first attempt says when the next one comes, the last one that none is left, both in one alert."""
    assert project.about("orders") == ["orders failed (attempt 1 of 2)", "orders failed (attempt 2 of 2)"]
    first, last = (project.message(title) for title in project.about("orders"))
    assert first["alert_id"] == last["alert_id"]
    assert "attempt 2 of 2 is expected at" in first["text"]
    assert "Task: task load_orders of Prefect flow nightly, flow run " in last["text"]
    assert "401 Client Error: Unauthorized" in last["text"]
    assert "for the first time" in last["text"]
    assert "no retry is left" in last["text"]
    run_id = last["data"]["run"]["context"]["names"]["run_id"]
    assert [link["label"] for link in last["links"]] == ["Prefect task run", "Prefect flow run"]
    assert last["links"][1]["url"].startswith(server)
    assert last["links"][1]["url"].endswith(f"/flow-run/{run_id}")


def test_a_second_attempt_that_succeeds_ends_the_alert(project: Project) -> None:
    """One run with two attempts: it failed and recovered."""
    first, last = project.about("customers")
    assert first == "customers failed (attempt 1 of 2)"
    assert last.startswith("customers recovered after")


def test_the_hook_tells_of_a_task_without_dlt(project: Project) -> None:
    """Flow and task are the name, and the exception of the state the cause."""
    assert project.about("nightly.report") == ["nightly.report failed"]
    told = project.message("nightly.report failed")
    assert "the template report.html is missing" in told["text"]
    assert "shop.py" in told["text"]


def test_what_is_told_already_is_not_told_of_tasks_and_flows_around_it(project: Project) -> None:
    """The task of a pipeline, and the flow of both, fail with an error that has been told."""
    assert {title.split()[0] for title in project.titles()} == {"orders", "customers", "nightly.report"}


def test_what_was_not_started_is_known_as_blocked(project: Project) -> None:
    """It has no alert of its own, and the list of runs says what it waited for."""
    listed = project.run("tocsin", "show", "nightly.sum_up")
    assert "blocked" in listed.stdout
    assert "not started, because nightly.load_orders failed" in listed.stdout, listed.stdout
