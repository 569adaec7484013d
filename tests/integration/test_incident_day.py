"""A day with 10,000 findings: few messages, none late, none without its end, and nothing that nobody heard of."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from incident_day import BASE, DEPENDANTS, IncidentDay
from killing import no_wait_for_the_disk
from tocsin.core.policy import Policy
from tocsin.store.sqlite import SqliteStore

#: The most messages that each channel may be given in the day, and why a person can bear it.
BEARABLE = {
    # Of the base, the upgrade and the channel of finance each problem and its end: one an hour.
    "ops": 24,
    # It does not group. A storm is five messages and one for the rest, twice; ten problems come by themselves and go.
    "sales": 80,
    # One group, which may speak every five minutes, and does so only when something has happened: two an hour.
    "finance": 48,
    # The same within ten business hours: two an hour.
    "product": 20,
    # What finance did not acknowledge for half an hour, as a group: one an hour.
    "pager": 30,
}
#: The engine looks once a minute where there is anything to look at.
TICK = 60.0
POLICY = Policy()


@pytest.fixture(scope="module")
def day(tmp_path_factory: pytest.TempPathFactory) -> Iterator[IncidentDay]:
    """Let the day pass once."""
    home = tmp_path_factory.mktemp("day")
    store = SqliteStore(home / "tocsin.db")
    with no_wait_for_the_disk():
        lived = IncidentDay(home, store)
        lived.pass_by()
    yield lived
    store.close()


def test_nobody_is_told_more_than_a_person_can_bear(day: IncidentDay) -> None:
    """Ten thousand findings are a few dozen messages on each channel."""
    assert day.findings > 10_000
    messages = day.messages()
    assert all(0 < number <= BEARABLE[name] for name, number in messages.items()), messages


def test_everything_is_told_or_has_a_reason(day: IncidentDay) -> None:
    """Of every problem a message or a stored reason is there, and every message has arrived."""
    told = day.told()

    assert {each.alert.id for each in told} == day.alerts().keys()
    assert [each for each in told if each.at is None and not each.reasons] == []
    assert all(reason.startswith("not told") for each in told if each.at is None for reason in each.reasons)


def test_what_was_told_is_told_to_be_over_on_the_same_channel(day: IncidentDay) -> None:
    """No channel is left with a problem that has ended, the one that was down for two hours included."""
    told = [each for each in day.told() if each.at is not None]

    assert not [alert for alert in day.alerts().values() if alert.open]
    assert [(each.channel, each.alert.subject) for each in told if not each.ended] == []


def test_problems_are_told_soon(day: IncidentDay) -> None:
    """A group waits for others as long as it should, and news of one that was told no longer than its interval."""
    waits = day.waits()
    at_once = waits["told at once"]

    assert len(at_once) > 150
    assert at_once[len(at_once) // 2] <= TICK
    assert at_once[int(len(at_once) * 0.95)] <= POLICY.group_wait.total_seconds() + TICK
    assert at_once[-1] <= POLICY.group_interval.total_seconds() + TICK
    # While a channel is down others are told, and what was muted is told when that ends.
    assert waits["channel down"]
    assert waits["muted at first"]


def test_an_upstream_hides_what_waits_for_it(day: IncidentDay) -> None:
    """Two hundred pipelines that cannot start are one problem: that of the pipeline they wait for."""
    subjects = {alert.subject for alert in day.alerts().values()}

    assert BASE in subjects
    assert not subjects & set(DEPENDANTS)
