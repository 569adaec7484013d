"""`tocsin show`: everything about a run or an alert."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from cli_project import TO_A_FILE, Project
from made import at, cause, good_run, run
from tocsin.core.run import Context, FailedJob, Link, Outcome, Process, Stage, Step, TableLoad
from tocsin.core.schema import ColumnChange, SchemaChange

ERROR = "503 Server Error: Service Unavailable for url: https://api.example.com/orders"

#: The second channel hears of critical problems only.
A_QUIET_CHANNEL = """
[tocsin.channels.pager]
type = "file"
path = "pager.jsonl"
[[tocsin.routes]]
channels = ["log"]
go_on = true
[[tocsin.routes]]
channels = ["pager"]
least = "critical"
"""


def test_an_alert_says_who_was_told_and_why_the_others_were_not(project: Project) -> None:
    """Each decision stands there with its reason, what became of it and what the receiver answered."""
    project.configure(TO_A_FILE + A_QUIET_CHANNEL)
    project.report(run("aaaa0001", ended=1))
    project.says("tick")
    project.report(run("aaaa0002", ended=20))
    project.says("tick")

    lines = project.says("show", project.alert_id()).splitlines()

    assert lines[:8] == [
        f"error: orders failed, 2nd time in a row, alert {project.alert_id()}",
        "State:       firing",
        "Severity:    error",
        "Since:       2026-11-23 12:01:00 UTC",
        "Last seen:   2026-11-23 12:20:00 UTC",
        f"Why:         extract of orders failed: {ERROR}",
        "Do:          The server has a problem of its own: run the pipeline again later.",
        "Latest run:  tocsin show aaaa0002",
    ]
    assert [line[:39] for line in lines[10:14]] == [
        "RUNS WITH THIS PROBLEM",
        "ENDED (UTC)          OUTCOME  RUN      "[:39],
        "2026-11-23 12:20:00  failed   aaaa0002 "[:39],
        "2026-11-23 12:01:00  failed   aaaa0001 "[:39],
    ]
    told, twice, too_low = lines[-3:]
    assert told.startswith("2026-11-23 13:00:00  log      new problem  ")
    assert "bytes appended to alerts.jsonl" in told
    assert "log      not told: told already, and the repeat interval has not elapsed" in twice
    assert "pager    not told: severity is below the least that the route lets through (" in too_low


def test_an_alert_that_is_over_says_how_it_ended(project: Project) -> None:
    """Who acknowledged it, how long it lasted and what ended it stay to be read."""
    project.report(run("aaaa0001", ended=1))
    project.says("tick")
    project.says("ack", "orders", "--by", "eve")
    project.report(good_run("bbbb0001", ended=60))
    project.says("tick")

    said = project.says("show", project.alert_id())

    assert "Acknowledged:  by eve, 2026-11-23 13:00:00 UTC" in said
    assert "Resolved:      2026-11-23 13:00:00 UTC, after 59 min: a run went well in 1 min" in said
    assert "Nobody: there was no channel to tell. tocsin init sets one up." in said


def test_a_message_that_waits_shows_the_last_answer(project: Project) -> None:
    """What could not be delivered says how often it was tried and what came back."""
    project.configure(TO_A_FILE)
    (project.folder / "alerts.jsonl").mkdir()
    project.report(run("aaaa0001", ended=1))
    project.says("tick")

    [line] = [line for line in project.says("show", project.alert_id()).splitlines() if "new problem" in line]

    assert line.endswith("  waiting after 1 try: alerts.jsonl cannot be written: Is a directory")

    (project.folder / "alerts.jsonl").rmdir()
    project.now += timedelta(minutes=5)
    project.says("tick")

    assert "  sent at 2026-11-23 13:05:00 after 2 tries in " in project.says("show", project.alert_id())


EVERYTHING = run(
    "aaaa0001",
    ended=2,
    outcome=Outcome.PARTIAL,
    stage=Stage.LOAD,
    environment="prod",
    attempt=2,
    max_attempts=3,
    cause=cause(table="orders", column="price", job="orders.1.parquet", load_id="17.5"),
    steps=(
        Step(stage=Stage.EXTRACT, started_at=at(1), ended_at=at(1.5)),
        Step(stage=Stage.LOAD, started_at=at(1.5), ended_at=at(2), ok=False),
        Step(stage=Stage.NORMALIZE, started_at=at(2)),
    ),
    tables=(TableLoad(table="_dlt_pipeline_state", rows=1), TableLoad(table="orders", rows=1204)),
    schema_changes=(
        SchemaChange(table="orders", columns=(ColumnChange(name="price"), ColumnChange(name="tax"))),
        SchemaChange(table="items", removed=True),
    ),
    failed_jobs=(FailedJob(job="orders.1.parquet", table="orders", message="no such\ncolumn"),),
    load_ids=("17.5",),
    pending_packages=("17.6",),
    note="something else",
    process=Process(pid=4711),
    context=Context(
        orchestrator="airflow",
        links=(Link(label="Log", url="https://airflow.example/log"),),
        names={"dag_id": "nightly"},
        command="orders.py",
        host="web1",
    ),
)


def test_a_run_shows_every_fact(project: Project) -> None:
    """Steps with times, tables with rows, the cause with what to do, and where it ran."""
    project.report(EVERYTHING)
    project.says("tick")

    assert project.says("show", "aaaa").splitlines() == [
        "error: orders (prod) partial, run aaaa0001",
        "Started:        2026-11-23 12:01:00 UTC",
        "Ended:          2026-11-23 12:02:00 UTC, after 1 min",
        "Last step:      load",
        "Attempt:        2 of 3",
        "Destination:    duckdb.shop",
        "Rows:           1,204 rows",
        "Load packages:  17.5",
        "Pending:        17.6",
        "Note:           something else",
        "Command:        orders.py",
        "Host:           web1",
        "Process:        4711",
        "Orchestrator:   airflow",
        "dag_id:         nightly",
        "Log:            https://airflow.example/log",
        "Run:            aaaa0001",
        "",
        "WHY",
        f"Error:           requests.exceptions.HTTPError: {ERROR}",
        "Class:           server error, may go away by itself",
        "Step:            extract",
        "Resource:        orders",
        "Table:           orders",
        "Column:          price",
        "Job:             orders.1.parquet",
        "Load package:    17.5",
        "Address:         https://api.example.com/orders",
        "Code:            orders.py:41 in fetch",
        "Raised through:  HTTPError < ResourceExtractionError < PipelineStepFailed",
        "Do:              The server has a problem of its own: run the pipeline again later.",
        "",
        "FAILED JOBS",
        "TABLE   JOB               ANSWER",
        "orders  orders.1.parquet  no such column",
        "",
        "STEPS",
        "STEP       RESULT   STARTED (UTC)        TOOK",
        "extract    done     2026-11-23 12:01:00  30 s",
        "load       failed   2026-11-23 12:01:30  30 s",
        "normalize  running  2026-11-23 12:02:00     -",
        "",
        "TABLES",
        "TABLE                 ROWS  SCHEMA CHANGES",
        "orders               1,204  + price, + tax",
        "_dlt_pipeline_state      1  -",
        "items                    -  removed",
        "",
        "TRACEBACK",
        "Traceback (most recent call last):",
        '  File "orders.py", line 41, in fetch',
        "HTTPError: 503",
    ]


def test_a_run_that_goes_on_shows_its_last_sign_of_life(project: Project) -> None:
    """A running run has no end yet."""
    with project.writing() as tx:
        tx.save_run(run("aaaa0001", outcome=Outcome.RUNNING, ended_at=None, heartbeat_at=at(2), cause=None))

    said = project.says("show", "aaaa")

    assert said.startswith("orders running, run aaaa0001\n")
    assert "Last sign of life:  2026-11-23 12:02:00 UTC" in said


@pytest.mark.parametrize(
    ("written", "said"),
    [
        # A short log is shown whole.
        (3, ["LOG", "{path}", "line 0", "line 1", "line 2"]),
        # Of a longer one the end counts, and what is left out is said.
        (50, ["LOG", "{path}, its last 40 lines (10 before them left out)", "line 10"]),
        # A log of another machine names it.
        (None, ["LOG", "{path} cannot be read here; it was written on web1"]),
    ],
)
def test_the_log_that_was_kept_is_shown(project: Project, written: int | None, said: list[str]) -> None:
    """Instead of the traceback, which ends the log, the captured log stands there."""
    path = project.folder / "run.log"
    if written is not None:
        path.write_text("".join(f"line {i}\n" for i in range(written)))
    project.report(run("aaaa0001", context=Context(log_path=str(path), host="web1")))
    project.says("tick")

    lines = project.says("show", "aaaa").splitlines()

    expected = [line.format(path=path) for line in said]
    assert lines[lines.index("LOG") :][: len(expected)] == expected
    assert "TRACEBACK" not in lines


def test_the_name_of_a_pipeline_shows_its_alert_and_its_latest_run(project: Project) -> None:
    """The name is enough to see what is wrong now."""
    project.report(run("aaaa0001", ended=1), good_run("bbbb0001", pipeline="customers"))
    project.says("tick")

    assert [key for key, value in project.json("show", "orders").items() if value] == ["alert", "run"]
    assert [key for key, value in project.json("show", "customers").items() if value] == ["run"]
    assert "\nLATEST RUN\nerror: orders failed, run aaaa0001\n" in project.says("show", "orders")


def test_the_name_of_a_pipeline_shows_what_became_of_its_expected_runs(project: Project) -> None:
    """Met, missed, or unknown because nobody looked; the newest first."""
    project.configure('[tocsin.pipelines.orders]\nschedule = "0 * * * *"\nstart_within = "10m"')
    for minute in (30, 61):
        project.now = at(minute)
        project.says("tick")
    project.report(good_run("bbbb0001", started_at=at(60), ended=62))
    for minute in (121, 131, 181, 400):
        project.now = at(minute)
        project.says("tick")

    lines = project.says("show", "orders").splitlines()
    found = project.json("show", "orders")["slots"]

    assert lines[-7].split() == ["DUE", "(UTC)", "BECAME", "RUN", "SCHEDULE"]
    assert [line.split() for line in lines[-2:]] == [
        ["2026-11-23", "14:00", "missed", "-", "0", "*", "*", "*", "*,", "UTC"],
        ["2026-11-23", "13:00", "done", "bbbb0001", "0", "*", "*", "*", "*,", "UTC"],
    ]
    assert [slot["state"] for slot in found] == ["expected", "unknown", "unknown", "unknown", "missed", "done"]
    assert project.json("show", "bbbb")["slots"] == []


def test_show_as_json_has_its_documented_keys(project: Project, tmp_path: Path) -> None:
    """Programs find the log, the runs and every delivery."""
    project.configure(TO_A_FILE)
    log = tmp_path / "run.log"
    log.write_text("the end")
    project.report(run("aaaa0001", ended=1, context=Context(log_path=str(log))))
    project.says("tick")

    found = project.json("show", "orders")

    assert found["run"]["log"] == "the end"
    assert found["run"]["cause"]["cause_class"] == "server_error"
    assert found["alert"]["runs"] == ["aaaa0001"]
    told = found["alert"]["notifications"][0]
    assert (told["channel"], told["reason"], told["status"], told["times"]) == ("log", "new problem", "sent", 1)
    [delivery] = told["deliveries"]
    assert delivery["ok"] is True
    assert delivery["answer"].endswith("bytes appended to alerts.jsonl")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (
            ("show", "zzz"),
            (
                "no pipeline is called 'zzz', and no run or alert has an id that begins so; pipelines: orders. "
                "Ids: tocsin runs, tocsin alerts --all"
            ),
        ),
        (("show", "aaaa"), "'aaaa' fits run aaaa0002 (orders), run aaaa0001 (orders); give more of the id"),
        (("ack", "zzz"), "no alert has an id that begins with 'zzz'; open are: {alert} (orders)"),
    ],
)
def test_what_is_not_there_says_what_is(project: Project, words: tuple[str, ...], said: str) -> None:
    """A wrong id is answered with those that would be right, on stderr, and exit code 1."""
    project.report(run("aaaa0001", ended=1), run("aaaa0002", ended=2))
    project.says("tick")

    result = project.tocsin(*words)

    expected = said.format(alert=project.alert_id())
    assert (result.exit_code, result.stdout, result.stderr) == (1, "", f"Error: {expected}\n")
