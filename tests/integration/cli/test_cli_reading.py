"""`tocsin status`, `runs` and `alerts`, on a store that real events came into."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from cli_project import TO_A_FILE, Project
from made import at, cause, good_run, run
from tocsin.core.run import Outcome, Run, TableLoad

#: One pipeline that failed twice, one that is well.
RUNS = (
    run("aaaa0001", ended=1),
    run("aaaa0002", ended=20),
    good_run("bbbb0001", pipeline="customers", ended=30, tables=(TableLoad(table="customers", rows=1204),)),
)
WHY = "extract of orders failed: 503 Server Error: Service Unavailable for url: https://api.example.com/orders"


def test_status_says_what_is_wrong_since_when_and_who_knows(project: Project) -> None:
    """Problems come first, then the latest run of each pipeline, the bad ones before the others."""
    project.configure(TO_A_FILE)
    project.report(*RUNS)
    project.says("tick")

    assert project.says("status").splitlines() == [
        "error: 1 problem",
        "",
        "PROBLEMS",
        f"SUBJECT  PROBLEM  TIMES  SINCE (UTC)       STATE   ALERT     ACKNOWLEDGED BY  {'WHY':{len(WHY)}}  TOLD",
        f"orders   failed       2  2026-11-23 12:01  firing  {project.alert_id()}  -                {WHY}  log",
        "",
        "PIPELINES",
        "PIPELINE   LAST RUN      STARTED   TOOK   ROWS  RUN",
        "orders     failed     41 min ago  1 min      0  aaaa0002",
        "customers  succeeded  31 min ago  1 min  1,204  bbbb0001",
    ]


def test_status_of_a_new_installation_says_what_to_do_next(project: Project) -> None:
    """Who has just installed Tocsin is told how to see it work."""
    said = project.says("status")

    assert said.startswith("No run has been seen yet\n")
    assert "no channel is configured, so nobody is told: tocsin init" in said
    assert "Run a dlt pipeline: it is watched without a line of code." in said


def test_status_without_a_problem_says_so(project: Project) -> None:
    """All well is one sentence and the list of pipelines."""
    project.configure(TO_A_FILE)
    project.report(good_run(ended=30))
    project.says("tick")

    assert project.says("status").startswith("No problem in 1 pipeline\n\nPIPELINES\n")


def test_status_counts_what_somebody_takes_care_of(project: Project) -> None:
    """An acknowledged problem stays a problem, with the name of whoever took it."""
    project.report(*RUNS)
    project.says("tick")
    project.says("ack", "orders")

    said = project.says("status")

    assert said.startswith("1 problem, 1 acknowledged\n")
    assert f"acknowledged  {project.alert_id()}  ada" in said
    assert "nobody, because there was no channel" in said


def test_status_fails_on_request(project: Project) -> None:
    """With `--fail` the exit code tells a script that an alert is open."""
    assert project.tocsin("status", "--fail").exit_code == 0
    project.report(*RUNS)
    project.says("tick")

    assert project.tocsin("status").exit_code == 0
    assert project.tocsin("status", "--fail").exit_code == 1


def _events_wait(project: Project) -> None:
    project.report(run())


def _an_event_is_broken(project: Project) -> None:
    project.spool.events.mkdir(parents=True)
    (project.spool.events / "20261123-x.json").write_text("{half")
    project.says("tick")


def _a_channel_is_unusable(project: Project) -> None:
    project.configure('[tocsin.channels.log]\ntype = "file"\n')


def _a_message_cannot_be_sent(project: Project) -> None:
    (project.folder / "alerts.jsonl").mkdir()
    project.report(run())
    project.says("tick")


def _a_run_is_silent(project: Project) -> None:
    with project.writing() as tx:
        tx.save_run(run(outcome=Outcome.RUNNING, ended_at=None, started_at=at(50), cause=None))


def _it_is_switched_off(project: Project) -> None:
    project.configure("[tocsin]\nenabled = false\n" + TO_A_FILE)


@pytest.mark.parametrize(
    ("happens", "said"),
    [
        (_events_wait, "1 event waits to be taken in: tocsin tick"),
        (_an_event_is_broken, "cannot be read as events: 20261123-x.json"),
        (_a_channel_is_unusable, "channel log is unusable, path is missing, for example ~/tocsin.jsonl: mend it and"),
        (_a_channel_is_unusable, "1 problem in the configuration: tocsin config check"),
        (_a_message_cannot_be_sent, "channel log is failing, 1 failure in a row: tocsin channel test log"),
        (_a_message_cannot_be_sent, "1 message waits for log, the first was written just now, alerts.jsonl cannot"),
        (_a_run_is_silent, "orders has given no sign of life for 10 min: tocsin tick tells whether it died"),
        (_it_is_switched_off, "watching is switched off: remove enabled = false, or set TOCSIN__ENABLED=true"),
    ],
)
def test_status_tells_what_is_wrong_with_tocsin_itself(
    project: Project, happens: Callable[[Project], None], said: str
) -> None:
    """Whoever relies on alerts is told when they may not come, and what to type."""
    project.configure(TO_A_FILE)
    happens(project)

    text = project.says("status")

    assert "TOCSIN ITSELF" in text
    assert said in text
    assert any(said in notice for notice in project.json("status")["notices"])


def test_status_as_json_has_its_documented_keys(project: Project) -> None:
    """Programs find every fact, defaults included."""
    project.configure(TO_A_FILE + "colour = 'red'\n")
    project.report(*RUNS)
    project.says("tick")

    found = project.json("status")

    assert list(found) == ["alerts", "pipelines", "channels", "problems", "notices"]
    [alert] = found["alerts"]
    assert (alert["subject"], alert["state"], alert["open"], alert["hint"][:10]) == (
        "orders",
        "firing",
        True,
        "The server",
    )
    assert alert["told"] == [
        {
            "channel": "log",
            "status": "sent",
            "reason": "new problem",
            "at": "2026-11-23T13:00:00+00:00",
            "tries": 1,
            "error": "",
        }
    ]
    assert [(one["pipeline"], one["rows"], one["duration_seconds"]) for one in found["pipelines"]] == [
        ("orders", 0, 60.0),
        ("customers", 1204, 60.0),
    ]
    assert [(one["name"], one["state"], one["waiting"]) for one in found["channels"]] == [("log", "ok", 0)]
    assert [problem["key"] for problem in found["problems"]] == ["tocsin.channels.log"]


def test_runs_come_newest_first(project: Project) -> None:
    """A list of runs has one line each in a pipe, and the free text stands last."""
    project.report(*RUNS)
    project.says("tick")

    assert project.says("runs").splitlines() == [
        "PIPELINE   OUTCOME    STARTED (UTC)         TOOK   ROWS  RUN       WHY",
        "customers  succeeded  2026-11-23 12:29:00  1 min  1,204  bbbb0001  -",
        f"orders     failed     2026-11-23 12:19:00  1 min      0  aaaa0002  {WHY}",
        f"orders     failed     2026-11-23 12:00:00  1 min      0  aaaa0001  {WHY}",
    ]


def _some(number: int) -> list[Run]:
    return [good_run(f"{i:08x}", ended=i + 1) for i in range(number)]


@pytest.mark.parametrize(
    ("words", "ids"),
    [
        ((), ["00000002", "00000001", "00000000", "bbbb0001"]),
        (("--limit", "2"), ["00000002", "00000001"]),
        (("--pipeline", "customers"), ["bbbb0001"]),
        (("--pipeline", "unknown"), []),
    ],
)
def test_runs_can_be_chosen(project: Project, words: tuple[str, ...], ids: list[str]) -> None:
    """One pipeline, or the latest few."""
    project.report(*_some(3), replace(RUNS[2], started_at=at(-1), ended_at=at(0)))
    project.says("tick")

    assert [found["id"] for found in project.json("runs", *words)] == ids


def test_no_run_is_said_in_words(project: Project) -> None:
    """An empty list says how runs come into it."""
    said = project.says("runs", "-p", "orders")

    assert said == "No run of orders is known. Runs of dlt are watched where dlt-tocsin is installed: tocsin doctor\n"


def test_alerts_lists_what_is_open_and_with_all_what_is_over(project: Project) -> None:
    """Without `--all` only what is wrong now is listed."""
    project.report(*RUNS)
    project.says("tick")
    assert [alert["subject"] for alert in project.json("alerts")] == ["orders"]

    project.report(good_run("cccc0001", ended=40))
    project.says("tick")

    assert project.says("alerts") == "No alert is open. Those that are over: tocsin alerts --all\n"
    assert [alert["state"] for alert in project.json("alerts", "--all")] == ["resolved"]
    assert f"resolved  {project.alert_id()}" in project.says("alerts", "--all")


def test_no_alert_ever_is_said_in_words(project: Project) -> None:
    """An empty history is good news."""
    assert project.says("alerts", "-a") == "There never was an alert.\n"


def test_environments_and_channels_are_told_apart(project: Project) -> None:
    """A pipeline in a named environment carries its name."""
    project.report(run(environment="prod", cause=cause(message="no\x1b[31m colour\nin here")))
    project.says("tick")

    said = project.says("alerts")

    assert "orders (prod)" in said
    assert "\x1b" not in said
    assert len(said.splitlines()) == 2
