"""`tocsin ack`, `resolve` and `tick`: what changes something."""

from __future__ import annotations

import getpass
from dataclasses import replace
from datetime import timedelta

import pytest
from click import Context

from cli_project import TO_A_FILE, Project
from made import at, good_run, run
from receiver import answer, receiving
from tocsin.cli.main import COMMANDS, cli
from tocsin.core.run import Outcome, Progress, Stage, TableLoad


def test_an_acknowledgement_is_told_at_once(project: Project) -> None:
    """Channels that heard of the problem hear who takes care of it."""
    project.configure(TO_A_FILE)
    project.report(run("aaaa0001", ended=1))
    project.says("tick")

    said = project.says("ack", "orders")

    assert said == f"acknowledged by ada: alert {project.alert_id()}: orders failed\n  log: told\n"
    assert project.told() == ["orders failed", "orders: acknowledged by ada"]


def test_who_is_not_told_of_an_act_is_named_with_the_reason(project: Project) -> None:
    """Channels that never heard of the problem are left alone, and a message on its way says so."""
    project.configure(TO_A_FILE)
    (project.folder / "alerts.jsonl").mkdir()
    project.report(run("aaaa0001", ended=1))
    project.says("tick")

    said = project.says("resolve", project.alert_id()[:6], "--by", "eve")

    assert said == f"resolved by eve: alert {project.alert_id()}: orders failed\n  log: waiting\n"


@pytest.mark.parametrize(
    ("first", "then", "said"),
    [
        (
            ("ack", "orders", "--by", "eve"),
            ("ack", "orders"),
            "nothing to do, eve has acknowledged it at 2026-11-23 13:00:00 UTC: alert {alert}: orders failed\n",
        ),
        (
            ("resolve", "orders", "--by", "eve"),
            ("resolve", "{alert}"),
            "nothing to do, it was over at 2026-11-23 13:00:00 UTC (resolved by eve): alert {alert}: orders failed\n",
        ),
    ],
)
def test_doing_it_twice_does_nothing_and_says_so(
    project: Project, first: tuple[str, ...], then: tuple[str, ...], said: str
) -> None:
    """The second time is no error: the alert is in the wanted state."""
    project.report(run("aaaa0001", ended=1))
    project.says("tick")
    project.says(*first)

    alert = project.alert_id()
    assert project.says(*(word.format(alert=alert) for word in then)) == said.format(alert=alert)


def test_a_user_without_a_name_is_somebody(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a container the user may be a number that no file knows."""

    def nobody() -> str:
        raise KeyError("getpwuid(): uid not found: 4711")

    monkeypatch.setattr(getpass, "getuser", nobody)
    project.report(run("aaaa0001", ended=1))
    project.says("tick")

    assert project.says("ack", "orders").startswith("acknowledged by somebody: ")


def test_a_tick_says_what_it_did(project: Project) -> None:
    """One line counts events, runs that died and messages, and leaves out what is nothing."""
    project.configure(TO_A_FILE)
    project.report(run("run1"), run("run2", pipeline="stock", outcome=Outcome.RUNNING, ended_at=None, cause=None))

    assert project.says("tick") == "2 events, 1 run died, 2 messages sent\n"
    assert project.says("tick") == "nothing was due\n"
    assert sorted(project.told()) == ["orders failed", "stock died"]


def test_a_tick_says_what_did_not_happen(project: Project) -> None:
    """Runs that have not started are counted, and those that stand still."""
    watched = '[tocsin.pipelines.stock]\nschedule = "every 1h"\n[tocsin.pipelines.orders]\nstuck_after = "10m"\n'
    project.configure(TO_A_FILE + watched)
    project.says("tick")
    project.now = at(140)
    standing_still = Progress(moved_at=at(100), stage=Stage.EXTRACT)
    going = run("run1", ended=100, outcome=Outcome.RUNNING, ended_at=None, cause=None, progress=standing_still)
    project.spool.beat(replace(going, heartbeat_at=project.now), project.now)

    assert project.says("tick") == "1 run late or not started, 1 run stuck, 2 messages sent\n"
    assert sorted(project.told()) == ["orders is stuck", "stock has not started"]


def test_a_quiet_tick_says_nothing(project: Project) -> None:
    """Cron sends mail for every word."""
    project.report(good_run())

    result = project.tocsin("tick", "--quiet")

    assert (result.exit_code, result.output) == (0, "")
    assert project.spool.waiting() == 0


def test_a_tick_repeats_what_goes_on(project: Project) -> None:
    """After the repeat interval the channels hear again."""
    project.configure(TO_A_FILE)
    project.report(run("aaaa0001", ended=1))
    project.says("tick")
    project.now += timedelta(hours=5)

    assert project.says("tick") == "1 message sent\n"


def test_a_receiver_that_is_down_gets_its_message_with_a_later_tick(project: Project) -> None:
    """A tick that cannot deliver is no error: the message waits."""
    with receiving() as receiver:
        project.configure('[tocsin.channels.hook]\ntype = "webhook"\n')
        project.configure(f'[tocsin.channels.hook]\nurl = "{receiver.url}"\n', file="secrets.toml")
        receiver.answers(answer(503), answer(200))
        project.report(run("aaaa0001", ended=1))

        assert project.says("tick") == "1 event\n"
        project.now += timedelta(minutes=1)
        assert project.says("tick") == "1 message sent\n"
        assert receiver.last.json["title"] == "orders failed"


def test_a_store_that_cannot_be_opened_is_told_and_loses_nothing(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A tick without a store exits with 1, names the remedy and leaves the events where they are."""
    monkeypatch.setenv("TOCSIN__STORE", "sqlite:////proc/nowhere/tocsin.db")
    project.report(run("aaaa0001", ended=1))

    result = project.tocsin("tick")

    assert result.exit_code == 1
    assert result.stderr.startswith("Error: the store sqlite:////proc/nowhere/tocsin.db cannot be opened")
    assert "TOCSIN__STORE=" in result.stderr
    assert project.spool.waiting() == 1


def test_debug_shows_where_an_error_comes_from(project: Project) -> None:
    """With `--debug` an error of ours goes through as it was raised."""
    result = project.tocsin("--debug", "show", "zzz")

    assert type(result.exception).__name__ == "NotFound"
    assert project.tocsin("show", "zzz").exception.__class__ is SystemExit


def test_every_command_says_in_its_help_what_the_list_says() -> None:
    """The registry and the commands do not drift apart."""
    context = Context(cli)
    for name, summary in COMMANDS.items():
        command = cli.get_command(context, name)
        assert command is not None
        assert (command.help or "").startswith(summary), name


def test_a_new_level_is_accepted_by_the_name_of_the_table(project: Project) -> None:
    """Its alert ends, and whoever heard of it hears that."""
    project.configure(TO_A_FILE)
    rows = [1000] * 14 + [0]
    for day, count in enumerate(rows):
        begun = at(0) + timedelta(days=day)
        tables = (TableLoad(table="items", rows=count),)
        project.report(good_run(f"day{day:02}", started_at=begun, ended_at=begun + timedelta(minutes=1), tables=tables))
    project.now = at(0) + timedelta(days=15)
    project.says("tick")

    said = project.says("accept", "orders.items")

    assert said.startswith(f"accepted by ada: alert {project.alert_id()}: orders.items ")
    assert project.told()[-1] == "orders.items: resolved by ada"
