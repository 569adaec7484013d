"""`tocsin silence` and `tocsin snooze`, and known issues."""

from __future__ import annotations

import pytest

from cli_project import TO_A_FILE, Project
from made import at, good_run, run


def failing(project: Project) -> None:
    """Let "orders" fail, and "stock" too."""
    project.configure(TO_A_FILE)
    project.report(run("aaaa0001", ended=1), run("bbbb0001", ended=2, pipeline="stock"))
    project.says("tick")


def silence_id(project: Project) -> str:
    """Return as much of the id of the one silence as the commands show."""
    (silence,) = project.json("silence", "list")
    return str(silence["id"])[:8]


def test_a_silence_says_what_it_mutes(project: Project) -> None:
    """The answer has its id, its end and the open alerts that fit."""
    failing(project)

    said = project.says("silence", "add", "pipeline=orders", "--for", "2h", "--reason", "moving")

    first, second = said.splitlines()
    assert first == f"silence {silence_id(project)} until 2026-11-23 15:00:00 UTC by ada: moving"
    assert second.startswith("  open alerts that fit: orders failed (alert ")


def test_silences_are_listed(project: Project) -> None:
    """Those that are over come only where all are asked for."""
    project.says("silence", "add", "pipeline=orders", "--for", "1h", "--reason", "moving", "--author", "eve")
    start, end = "2026-11-23T15:00Z", "2026-11-23T16:00Z"
    project.says("silence", "add", 'severity=~"warn.*"', "--from", start, "--until", end, "--reason", "noise")

    pending, active = project.json("silence", "list")
    assert (pending["state"], pending["starts_at"], pending["over_at"], pending["author"]) == (
        "pending",
        at(180).isoformat(),
        at(240).isoformat(),
        "ada",
    )
    assert (active["state"], active["conditions"], active["author"]) == ("active", ['pipeline="orders"'], "eve")
    assert 'severity=~"warn.*"' in project.says("silence", "list")
    project.now = at(240)
    assert project.says("silence", "list") == "Nothing is silenced. Silences that are over: tocsin silence list --all\n"
    assert [each["state"] for each in project.json("silence", "list", "--all")] == ["expired", "expired"]
    assert "expired" in project.says("silence", "list", "--all")


def test_a_silence_ended_by_hand_tells_what_it_muted(project: Project) -> None:
    """Nobody has to wait for the next tick."""
    project.configure(TO_A_FILE)
    project.says("silence", "add", "pipeline=orders", "--for", "2h", "--reason", "moving")
    project.report(run("aaaa0001", ended=1))
    project.says("tick")
    silence = silence_id(project)
    assert "(not told: silenced)" in project.says("alerts")
    assert f"silenced: silence {silence} of ada: moving" in project.says("show", "orders")
    (kept,) = project.json("show", "orders")["alert"]["notifications"]
    assert kept["because"] == f"silence {silence} of ada: moving"
    assert project.told() == []
    project.now = at(61)

    said = project.says("silence", "end", silence, "--by", "eve")

    alert = project.alert_id()
    assert said == f"ended by eve: silence {silence} (moving)\n  still open: orders failed (alert {alert})\n"
    assert sorted(project.told()) == ["orders failed", f"silence {silence} ended: 1 alert it muted is still open"]
    assert project.json("silence", "list") == []


def test_a_preview_shows_what_would_be_muted(project: Project) -> None:
    """Open alerts, those of the last days that are over, and pipelines."""
    failing(project)
    project.report(good_run("bbbb0002", ended=3, pipeline="stock"))
    project.says("tick")

    found = project.json("silence", "preview", 'pipeline=~"orders|stock"')
    assert [alert["subject"] for alert in found["alerts"]] == ["orders"]
    assert [alert["subject"] for alert in found["over"]] == ["stock"]
    assert [each["pipeline"] for each in found["pipelines"]] == ["orders", "stock"]
    said = project.says("silence", "preview", "pipeline=stock")
    assert "OPEN ALERTS THAT FIT" in said
    assert "None." in said
    assert said.rstrip().endswith("stock")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("pipeline=~.*", "--for", "1h", "--reason", "x"), 'would mute everything: pipeline=~".*" matches every alert'),
        (("--for", "1h", "--reason", "x"), "would mute everything: no condition is given"),
        (("team=x", "--for", "1h", "--reason", "x"), "asks for the label 'team'"),
        (("pipeline=x", "--reason", "x"), "say how long: --for 2h, or --until 18:00"),
        (("pipeline=x", "--for", "1h"), "Missing option '--reason'"),
        (("pipeline=x", "--for", "1h", "--reason", " "), "a silence needs a reason"),
    ],
)
def test_a_silence_that_cannot_be_meant_is_refused(project: Project, words: tuple[str, ...], said: str) -> None:
    """Nothing is silenced, and the command says what to type."""
    result = project.tocsin("silence", "add", *words)

    assert result.exit_code == 2
    assert said in " ".join(result.stderr.split())
    assert project.json("silence", "list", "--all") == []


def test_everything_is_muted_only_where_that_is_said(project: Project) -> None:
    """One word is enough, and no condition is needed then."""
    project.says("silence", "add", "--everything", "--for", "1h", "--reason", "moving")

    assert "everything" in project.says("silence", "list")


def test_an_alert_is_snoozed(project: Project) -> None:
    """Channels that were told hear it, and it is shown with its end."""
    failing(project)

    said = project.says("snooze", "orders", "--for", "90m", "--issue", "https://tickets.internal/7")

    assert said.startswith("snoozed until 2026-11-23 14:30:00 UTC by ada: alert ")
    assert project.told()[-1] == "orders: snoozed by ada until 23 Nov 2026 14:30:00 UTC"
    shown = project.says("show", "orders")
    assert "by ada, until 2026-11-23 14:30:00 UTC" in shown
    assert "https://tickets.internal/7" in shown


def test_doing_it_twice_says_so(project: Project) -> None:
    """The same snooze, or the same known issue, once more is no error."""
    failing(project)
    project.says("snooze", "orders", "--for", "90m")
    assert project.says("snooze", "orders", "--for", "90m").startswith(
        "nothing to do, ada has snoozed it until 2026-11-23 14:30:00 UTC: "
    )
    project.says("ack", "stock")
    assert project.says("ack", "stock", "--issue", "ask eve").startswith("known issue noted by ada: alert ")
    assert project.says("ack", "stock", "--issue", "ask eve").startswith("nothing to do, ada has acknowledged it ")
