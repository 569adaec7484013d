"""`tocsin channel` with a channel that follows runs."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from cli_project import Project
from envelopes import by_type, dsn, items
from made import good_run
from receiver import Receiver, answer, receiving


@pytest.fixture
def receiver(project: Project, monkeypatch: pytest.MonkeyPatch) -> Iterator[Receiver]:
    """Give a server that the project's Sentry channel sends to."""
    monkeypatch.setenv("NO_PROXY", "localhost")
    with receiving() as running:
        project.configure('[tocsin.channels.errors]\ntype = "sentry"\ncheck_ins = false\n')
        project.configure(f'[tocsin.channels.errors]\ndsn = "{dsn(running)}"\n', file="secrets.toml")
        yield running


def test_what_it_hears_of_runs_is_listed(project: Project, receiver: Receiver) -> None:
    """A feed has a line of its own below its channel, because it has its own queue, pauses and faults."""
    receiver.answers(by_type(transaction=[answer(429, x_sentry_rate_limits="600:transaction:key")]))
    project.report(good_run("aaaa0001", ended=1), good_run("aaaa0002", ended=2))
    project.says("tick")
    found = {row["name"]: (row["type"], row["state"], row["waiting"]) for row in project.json("channel", "list")}
    assert found == {"errors": ("sentry", "not tried", 0), "errors/traces": ("sentry", "paused", 2)}


def test_a_test_enables_what_it_hears_of_runs(project: Project, receiver: Receiver) -> None:
    """When the channel takes a test message, what was refused before is sent, traces included."""
    receiver.answers(by_type(transaction=[answer(403), answer(200)]))
    project.report(good_run("aaaa0001", ended=1))
    project.says("tick")
    assert [row["state"] for row in project.json("channel", "list")] == ["ok", "disabled"]
    assert "channel errors/traces" in project.says("alerts")

    said = project.says("channel", "test", "errors")

    assert "it was disabled (" in said
    assert len(items(receiver.requests, "transaction")) == 2
    assert [row["state"] for row in project.json("channel", "list")] == ["ok", "ok"]
    assert "channel errors/traces" not in project.says("alerts")
