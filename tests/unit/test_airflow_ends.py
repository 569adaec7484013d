"""What is reported of an end that Airflow tells, by the contexts that Airflow 3.3.2 and 2.11.2 give to callbacks."""

from __future__ import annotations

import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace as Stand
from typing import Any

import pytest

from tocsin.capture import recorder
from tocsin.capture.guards import mark_told
from tocsin.capture.spool import Spool
from tocsin.core.run import Outcome, Run
from tocsin.integrations.airflow.dag_end import tell_dag
from tocsin.integrations.airflow.task_end import tell_task

BEGAN, ENDED = datetime(2026, 11, 23, 6, 0, 1, tzinfo=UTC), datetime(2026, 11, 23, 6, 0, 9, tzinfo=UTC)
LOG = "http://af.example/dags/shop/runs/r1/tasks/export?try_number=1"


@pytest.fixture
def reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[], list[Run]]:
    """Return what waits in the spool, what was not started last, and by name."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TOCSIN__ENABLED", "true")
    monkeypatch.setenv("TOCSIN__HANDOVER", "none")
    monkeypatch.setattr(recorder, "_recorder", None)
    spool = Spool(recorder.recorder().config.home)

    def runs() -> list[Run]:
        found = [event.run for _, event in spool.read() if event.run is not None]
        return sorted(found, key=lambda run: (run.outcome is Outcome.BLOCKED, run.pipeline))

    return runs


def operator(name: str, *after: Stand, rule: str = "all_success") -> Stand:
    """Return a task of a DAG with those that come after it."""
    return Stand(task_id=name, downstream_list=list(after), trigger_rule=rule, owner="data-team")


def task_context(**changed: Any) -> dict[str, Any]:
    """Return what Airflow gives to the callback of a task that has failed for good."""
    publish = operator("publish", operator("mail"))
    facts = {
        "dag_id": "shop",
        "task_id": "export",
        "run_id": "r1",
        "map_index": -1,
        "try_number": 1,
        "max_tries": 0,
        "log_url": LOG,
        "state": "failed",
        "start_date": BEGAN,
        "end_date": ENDED,
        "task": operator("export", publish, operator("clean_up", operator("sweep"), rule="all_done")),
    }
    date = datetime(2026, 11, 23, 6, tzinfo=UTC)
    run = Stand(run_type="scheduled", logical_date=date, start_date=BEGAN)
    return {"ti": Stand(**facts | changed), "dag_run": run, "logical_date": date, "run_id": "r1"}


def test_a_failed_task_is_reported_with_its_error_and_what_waits_for_it(reported: Callable[[], list[Run]]) -> None:
    """What needs the success of what failed is blocked, near and far; what runs whatever happens is not."""
    tell_task(task_context() | {"exception": ValueError("no rate for GBP")})

    failed, *blocked = reported()
    assert (failed.pipeline, failed.outcome, failed.started_at, failed.ended_at) == (
        "shop.export",
        Outcome.FAILED,
        BEGAN,
        ENDED,
    )
    assert failed.cause is not None
    assert failed.cause.message == "no rate for GBP"
    assert failed.context.task == (
        "export of Airflow DAG shop, logical date 23 Nov 2026 06:00:00 UTC, scheduled, try 1 of 1"
    )
    assert failed.context.owner == "data-team"
    assert failed.context.links[0].url == LOG
    # The nearest come first.
    assert failed.context.blocks == ("shop.publish", "shop.mail")
    assert [(one.pipeline, one.outcome, one.note) for one in blocked] == [
        ("shop.mail", Outcome.BLOCKED, "not started: shop.export failed"),
        ("shop.publish", Outcome.BLOCKED, "not started: shop.export failed"),
    ]


@pytest.mark.parametrize(
    ("changed", "outcomes"),
    [
        ({"state": "success"}, [Outcome.SUCCEEDED]),
        ({"state": "skipped"}, [Outcome.ABORTED]),
        # Another try comes, and so nothing is blocked yet.
        ({"state": "up_for_retry", "max_tries": 1}, [Outcome.FAILED]),
        ({"state": Stand(value="up_for_retry"), "max_tries": 1}, [Outcome.FAILED]),
        # Airflow's processor of DAGs knows of no state.
        ({"state": None, "max_tries": 1}, [Outcome.FAILED]),
        ({"state": None}, [Outcome.FAILED, Outcome.BLOCKED, Outcome.BLOCKED]),
    ],
)
def test_the_state_tells_how_a_task_ended(
    changed: dict[str, Any], outcomes: list[Outcome], reported: Callable[[], list[Run]]
) -> None:
    """One notifier serves all callbacks, so it looks for itself which one it is."""
    tell_task(task_context(**changed) | {"exception": ValueError("no rate for GBP")})

    assert [run.outcome for run in reported()] == outcomes


@pytest.mark.parametrize(("error", "note"), [(None, "was gone"), ("Detected zombie job password=abc123", "zombie job")])
def test_a_task_that_could_not_tell_has_died(error: object, note: str, reported: Callable[[], list[Run]]) -> None:
    """Airflow has found out by itself; version 2 gives a text in the place of an exception."""
    context = task_context() | {"exception": error}
    del context["ti"].start_date, context["ti"].end_date, context["ti"].state
    tell_task(context)

    died, *_ = reported()
    assert died.outcome is Outcome.DIED
    assert note in (died.note or "")
    assert "abc123" not in (died.note or "")


def test_an_error_that_the_plugin_has_told_is_not_told_again(reported: Callable[[], list[Run]]) -> None:
    """The run of the task is kept, and says that its error is told by the pipeline inside."""
    error = ValueError("no rate for GBP")
    mark_told(error)
    tell_task(task_context() | {"exception": error})

    assert reported()[0].told_elsewhere


def test_the_same_try_is_the_same_run_whoever_reports_it(reported: Callable[[], list[Run]]) -> None:
    """Airflow calls a notifier twice that stands in the default arguments and at the task."""
    for _ in range(2):
        tell_task(task_context() | {"exception": ValueError("no rate for GBP")})

    assert len({run.id for run in reported()}) == 3


def test_a_run_of_a_dag_names_what_failed_and_what_did_not_start(reported: Callable[[], list[Run]]) -> None:
    """Tasks that have told by themselves are its parts, of which nobody hears a second time."""
    states = {"load": "success", "export": "failed", "send_3": "failed", "publish": "upstream_failed"}
    context = task_context(get_task_states=lambda **_: {"r1": states})
    dag = Stand(
        dag_id="shop",
        has_task={"load", "export", "send", "publish"}.__contains__,
        get_task=lambda _: Stand(get_flat_relative_ids=lambda **_: {"load", "export"}),
    )
    tell_dag(context | {"dag": dag, "reason": "task_failure"})

    failed, blocked = reported()
    assert (failed.pipeline, failed.outcome, failed.parts) == (
        "shop",
        Outcome.FAILED,
        ("shop/export/r1", "shop/send/r1/3"),
    )
    assert failed.cause is not None
    assert failed.cause.message == "export, send_3 failed"
    assert failed.context.blocks == ("shop.publish",)
    assert [(link.label, link.url) for link in failed.context.links] == [
        ("Airflow log", LOG),
        ("Airflow run", "http://af.example/dags/shop/runs/r1"),
    ]
    assert (blocked.pipeline, blocked.note) == ("shop.publish", "not started: shop.export failed")


@pytest.mark.parametrize(
    ("reason", "outcome", "said"),
    [
        ("success", Outcome.SUCCEEDED, ""),
        ("timed_out", Outcome.FAILED, "dagrun_timeout"),
        ("all_tasks_deadlocked", Outcome.FAILED, "no task can start"),
    ],
)
def test_a_run_of_a_dag_tells_what_no_task_of_it_can_tell(
    reason: str, outcome: Outcome, said: str, reported: Callable[[], list[Run]]
) -> None:
    """Airflow gives the reason, and a task or none."""
    tell_dag({"dag": Stand(dag_id="shop"), "run_id": "r1", "reason": reason})

    [run] = reported()
    assert (run.pipeline, run.outcome, run.parts) == ("shop", outcome, ())
    assert said in (run.cause.message if run.cause else "")


def test_nothing_of_ours_reaches_airflow(reported: Callable[[], list[Run]]) -> None:
    """A context that nobody has thought of is a line in the log."""
    tell_task({})
    tell_dag({})

    assert reported() == []
    assert "airflow" not in sys.modules


def test_an_exception_of_airflow_is_no_answer_of_a_server(reported: Callable[[], list[Run]]) -> None:
    """Each has the status in its class with which Airflow's own API would tell of it."""
    error = type("AirflowException", (Exception,), {"__module__": "airflow.exceptions", "status_code": 500})(
        "exit code 1"
    )
    tell_task(task_context() | {"exception": error})

    cause = reported()[0].cause
    assert cause is not None
    assert (cause.status, cause.message) == (None, "exit code 1")
