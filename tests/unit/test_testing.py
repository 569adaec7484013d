"""What users test their settings with."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tocsin.core.run import Outcome
from tocsin.errors import ConfigError
from tocsin.testing import FakeClock, RecordingChannel, Rehearsal, make_run

SETTINGS = """
[tocsin.channels.ops]
type = "slack"

[tocsin.channels.pager]
type = "alertmanager"

[[tocsin.routes]]
match = ['pipeline=~"billing.*"']
channels = ["pager"]

[[tocsin.routes]]
channels = ["ops"]

[tocsin.pipelines.orders]
schedule = "0 13 * * *"
start_within = "15m"
"""


def test_who_hears_of_a_failure_is_seen(tmp_path: Path) -> None:
    """Routes are those of the settings, secrets may be missing, and the end of a problem is told too."""
    rehearsal = Rehearsal(SETTINGS, home=tmp_path)

    rehearsal.report(make_run("billing_eu", outcome="failed", error="the bank is closed"))
    assert rehearsal.heard() == {"pager": ["billing_eu failed"]}
    [message] = rehearsal.channels["pager"].messages
    assert "the bank is closed" in str(message)

    rehearsal.report(make_run("billing_eu", ended_at=rehearsal.clock() + timedelta(hours=1)))
    assert [title.split()[0] for title in rehearsal.channels["pager"].titles] == ["billing_eu", "billing_eu"]


def test_what_does_not_happen_is_told_when_its_time_has_passed(tmp_path: Path) -> None:
    """A run that should have begun an hour after noon is missed a quarter of an hour later, and not before."""
    rehearsal = Rehearsal(SETTINGS, home=tmp_path)

    rehearsal.wait(timedelta(hours=1, minutes=14))
    assert rehearsal.heard() == {}
    rehearsal.wait(timedelta(minutes=3))
    [title] = rehearsal.channels["ops"].titles
    assert title.startswith("orders")


def test_a_storm_is_a_few_messages_where_the_channel_can_take_many_at_once(tmp_path: Path) -> None:
    """What a channel can do is what its type can do: one message for many alerts, or one each."""
    rehearsal = Rehearsal(SETTINGS, home=tmp_path)

    rehearsal.report(*(make_run(f"{name}{n}", outcome="failed") for n in range(12) for name in ("billing", "other")))
    rehearsal.wait(timedelta(minutes=2))

    assert len(rehearsal.channels["pager"].titles) == 12
    assert len(rehearsal.channels["ops"].titles) < 12


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        pytest.param("[tocsin", "see https://toml.io", id="no TOML"),
        pytest.param("[tocsin]\nstore_ = 1", "unknown key", id="unknown key"),
        pytest.param('[tocsin.channels.ops]\ntype = "slak"', "expected one of: slack", id="unknown type"),
    ],
)
def test_settings_that_cannot_be_used_are_an_error(settings: str, said: str, tmp_path: Path) -> None:
    """A test of settings fails where they are wrong, with file, key and remedy."""
    path = tmp_path / "config.toml"
    path.write_text(settings)
    with pytest.raises(ConfigError, match=said) as caught:
        Rehearsal(path, home=tmp_path / "home")
    assert str(path) in str(caught.value)


def test_runs_are_made_of_what_matters() -> None:
    """Each has an id of its own; what is not said is that of a run that went well."""
    one = make_run("orders", rows={"orders": 7}, environment="prod", lasted=timedelta(hours=2))
    other = make_run("orders", error="boom", outcome=Outcome.DIED)

    assert one.id != other.id
    assert (one.outcome, one.cause, one.environment) == (Outcome.SUCCEEDED, None, "prod")
    assert [(load.table, load.rows) for load in one.tables] == [("orders", 7)]
    assert one.ended_at
    assert one.ended_at - one.started_at == timedelta(hours=2)
    assert other.cause
    assert other.cause.message == "boom"
    with pytest.raises(ValueError, match="is not a valid Outcome"):
        make_run("orders", outcome="fine")


def test_the_clock_stands_until_it_is_moved() -> None:
    """It tells moments in UTC, whatever zone it was set in."""
    clock = FakeClock(datetime.fromisoformat("2026-05-04T08:00:00+02:00"))
    clock.advance(timedelta(minutes=5))

    assert clock() == clock() == datetime(2026, 5, 4, 6, 5, tzinfo=UTC)
    assert clock().tzinfo is UTC


def test_a_channel_of_its_own_keeps_nothing_of_others() -> None:
    """Two of them have a list each."""
    assert RecordingChannel().messages is not RecordingChannel().messages
