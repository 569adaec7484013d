"""What people hear of tasks and DAGs that a real Airflow has run."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[3]

#: Airflow 2 writes dates of runs in the same way, and has other pages.
OF_AIRFLOW_3 = int(version("apache-airflow").partition(".")[0]) > 2


def test_a_failed_task_is_told_with_all_that_leads_to_it(told: Any) -> None:
    """Task, DAG, date, try, owner, cause, place in the code and what is not started: and the log is a link."""
    said = told.lines("night.export")

    assert said["Task"] == "export of Airflow DAG night, logical date 1 Nov 2026 06:00:00 UTC, scheduled, try 2 of 2"
    assert said["Why"].startswith("RuntimeError: no way to postgresql://")
    assert "night.py" in said["Why"]
    assert said["Impact"].endswith("blocks night.mail, night.archive")
    assert said["Next"] == "no retry is left"
    assert said["Owner"] == "night-shift"
    [log, *_] = told.about("night.export")[-1]["links"]
    assert log["label"] == "Airflow log"
    assert {"night", "export"} <= set(log["url"].replace("?", "/").replace("&", "/").replace("=", "/").split("/"))


def test_no_secret_leaves_airflow(told: Any) -> None:
    """The password in the text of the exception stays behind, wherever the message shows it."""
    assert "hunter2" not in str(told.messages) + str(told.runs)


def test_a_try_that_is_followed_by_another_is_a_warning_and_gets_worse_with_the_last_one(told: Any) -> None:
    """All tries of a task are one run, and one alert."""
    first, last = told.about("night.export")

    assert (first["severity"], last["severity"]) == ("warning", "error")
    assert first["alert_id"] == last["alert_id"]
    assert (first["title"], last["title"]) == (
        "night.export failed (attempt 1 of 2)",
        "night.export failed (attempt 2 of 2)",
    )
    assert last["data"]["alert"]["occurrences"] == 1


def test_a_retry_that_goes_well_ends_the_alert(told: Any) -> None:
    """Whoever heard of the first try hears that the second one went well."""
    assert told.titles("night.flaky") == ["night.flaky failed (attempt 1 of 2)", "night.flaky recovered"]


def test_a_pipeline_that_fails_in_a_task_is_told_once(told: Any) -> None:
    """The plugin has seen it from within, and knows of Airflow what the notifier does."""
    said = told.lines("parcels")

    assert told.titles("parcels") == ["parcels failed"]
    assert told.about("night.load") == []
    assert said["Task"].startswith("load of Airflow DAG night, logical date 1 Nov 2026 06:00:00 UTC")
    assert said["What"] == "extract of resource parcels → duckdb.shop"
    assert said["Impact"].endswith("blocks night.look")


def test_a_pipeline_that_fails_in_a_process_of_a_task_is_told_once(told: Any) -> None:
    """Airflow sees no more than an exit code, and what the process itself has told says why."""
    assert told.titles("books") == ["books failed"]
    assert told.about("night.load_books") == []
    assert told.outcomes("night.load_books") == ["failed"]


def test_tasks_that_are_not_started_are_blocked_and_no_problem_of_their_own(told: Any) -> None:
    """Airflow calls them upstream_failed and tells nobody; each names the task that failed."""
    notes = {run["pipeline"]: run["note"] for run in told.runs if run["outcome"] == "blocked"}

    assert notes["night.mail"] == notes["night.archive"] == "not started: night.export failed"
    assert notes["night.look"] == "not started: night.load failed"
    assert not {"night.mail", "night.archive", "night.look"} & {one["title"].split()[0] for one in told.messages}


def test_a_task_that_runs_whatever_failed_before_is_not_blocked(told: Any) -> None:
    """Its trigger rule does not ask for success."""
    assert told.outcomes("night.clean_up") == ["succeeded"]


def test_each_instance_of_a_mapped_task_is_a_job_of_its_own(told: Any) -> None:
    """The good end of one is not the end of the trouble with another."""
    assert told.outcomes("night.send[0]") == ["succeeded"]
    assert told.titles("night.send[1]") == ["night.send[1] failed"]


def test_a_dag_tells_of_tasks_that_tell_nothing_by_themselves(told: Any) -> None:
    """Its own callback knows which task failed and which were not started, and links to the log."""
    said = told.lines("loose")

    assert said["Task"] == "Airflow DAG loose, logical date 1 Nov 2026 06:00:00 UTC, scheduled"
    assert "first failed" in said["Why"]
    assert said["Impact"].endswith("blocks loose.second")
    assert told.outcomes("loose.second") == ["blocked"]
    assert told.about("loose")[-1]["links"][0]["label"] == "Airflow log"


def test_a_dag_tells_that_it_took_too_long(told: Any) -> None:
    """No task of it has failed."""
    assert told.titles("slow") == ["slow failed"]
    assert "dagrun_timeout" in told.lines("slow")["Why"]


def test_a_task_that_is_killed_is_told_once(told: Any) -> None:
    """Its process can say nothing any more: Airflow tells, by the task's callback or by that of its DAG."""
    assert len([one for one in told.messages if one["title"].startswith("killed")]) == 1


@pytest.mark.skipif(not OF_AIRFLOW_3, reason="the example is written for Airflow 3")
def test_the_example_tells_what_its_readme_says(told: Any) -> None:
    """A dlt task, a plain one, one that waits for both, and one that skips itself."""
    assert told.titles("stock") == ["stock failed (attempt 1 of 2)", "stock failed (attempt 2 of 2)"]
    assert told.titles("shop.export_invoices") == [
        "shop.export_invoices failed (attempt 1 of 2)",
        "shop.export_invoices failed (attempt 2 of 2)",
    ]
    assert told.outcomes("shop.publish") == ["blocked"]
    assert told.outcomes("shop.find_returns") == ["aborted"]
    assert told.outcomes("orders") == ["succeeded"]
    # The run of the DAG failed by tasks that have told it.
    assert (told.outcomes("shop"), told.about("shop")) == (["failed"], [])


def test_the_page_shows_the_example_that_was_run() -> None:
    """What people copy from docs/integrations/airflow.md is what Airflow has run here."""
    page = (ROOT / "docs/integrations/airflow.md").read_text(encoding="utf-8")
    dag = (ROOT / "examples/airflow/dags/shop.py").read_text(encoding="utf-8")

    assert f'```python title="dags/shop.py"\n{dag}```\n' in page


def test_a_notifier_can_be_awaited(tmp_path: Path) -> None:
    """The triggerer calls it in an event loop, which goes on meanwhile."""
    program = """
import asyncio
from types import SimpleNamespace
from tocsin.integrations.airflow import TocsinNotifier

context = {"dag": SimpleNamespace(dag_id="shop"), "run_id": "r1", "reason": "timed_out"}
asyncio.run(TocsinNotifier().async_notify(context))
"""
    settings = {"AIRFLOW_HOME": str(tmp_path), "DLT_DATA_DIR": str(tmp_path), "TOCSIN__HANDOVER": "none"}
    environment = os.environ | settings | {"TOCSIN__ENABLED": "true"}
    subprocess.run([sys.executable, "-c", program], cwd=tmp_path, env=environment, check=True)

    [event] = tmp_path.glob("tocsin/*/spool/*.json")
    assert "dagrun_timeout" in event.read_text()
