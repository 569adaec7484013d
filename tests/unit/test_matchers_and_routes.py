"""Which channels an alert takes."""

from __future__ import annotations

import re

import pytest

from made import alert
from tocsin.core.finding import Topic
from tocsin.core.labels import labels_of
from tocsin.core.matchers import Matcher, parse_matcher
from tocsin.core.route import LABELS, Route, choose


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("pipeline=orders", True),
        ('pipeline="orders"', True),
        ('pipeline = "orders"', True),
        ("pipeline!=orders", False),
        ('pipeline=~"ord.*"', True),
        # A pattern has to match the whole value, as in Alertmanager.
        ('pipeline=~"ord"', False),
        ('pipeline!~"bill.*"', True),
        # A label that is not there is empty.
        ('owner=""', True),
        ('severity="error"', True),
    ],
)
def test_a_condition_is_read_and_applied(text: str, *, expected: bool) -> None:
    """The four operators mean what they mean in Alertmanager."""
    assert parse_matcher(text, labels=LABELS).matches(labels_of(alert())) is expected


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("orders", "'orders' is not a condition; write for example 'pipeline=\"orders\"'"),
        ("team=data", "asks for the label 'team'; there are: pipeline, environment, severity"),
        ('pipeline=~"("', "holds a broken pattern"),
    ],
)
def test_a_broken_condition_says_what_to_write(text: str, said: str) -> None:
    """An error in a condition names it and the remedy."""
    with pytest.raises(ValueError, match=re.escape(said)):
        parse_matcher(text, labels=LABELS)


def test_a_condition_is_shown_as_it_is_written() -> None:
    """Explanations show conditions in the notation of the configuration."""
    assert str(parse_matcher("pipeline=~ord.*", labels=LABELS)) == 'pipeline=~"ord.*"'


def _route(name: str, value: str, *, go_on: bool = False) -> Route:
    matcher = Matcher(label="pipeline", operator="=", value=value)
    return Route(name=name, matchers=(matcher,), channels=(name,), go_on=go_on)


def test_the_first_route_that_matches_is_taken() -> None:
    """Routes are read from top to bottom, and end at the first match unless it says to go on."""
    routes = [_route("r1", "other"), _route("r2", "orders", go_on=True), _route("r3", "orders"), _route("r4", "orders")]

    assert [route.name for route in choose(labels_of(alert()), routes)] == ["r2", "r3"]


def test_an_alert_about_a_channel_is_no_alert_about_a_pipeline() -> None:
    """A route for all pipelines does not catch Tocsin's own alerts by accident."""
    labels = labels_of(alert(topic=Topic.CHANNEL, subject="ops"))

    assert (labels["pipeline"], labels["channel"]) == ("", "ops")


@pytest.mark.parametrize("value", ["orders", 'a "b" c', "back\\slash", '\\"', ""])
@pytest.mark.parametrize("operator", ["=", "!="])
def test_a_condition_is_written_as_it_is_read(value: str, operator: str) -> None:
    """Quotes and backslashes in a name come back when what was written is read again."""
    matcher = Matcher(label="pipeline", operator=operator, value=value)
    assert parse_matcher(str(matcher), labels=LABELS) == matcher


def test_a_pattern_is_written_as_it_is_read() -> None:
    """The backslashes of a pattern are its own."""
    matcher = parse_matcher(r'pipeline=~"a\.b\"c\d+"', labels=LABELS)
    assert parse_matcher(str(matcher), labels=LABELS) == matcher
    assert matcher.matches({"pipeline": 'a.b"c7'})
