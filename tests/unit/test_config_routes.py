"""Routes and owners, as the configuration names them."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tocsin.config.layer import Layer
from tocsin.config.load import load
from tocsin.config.model import Config
from tocsin.core.policy import Step
from tocsin.core.severity import Severity

CHANNELS = {name: {"type": "file", "path": name} for name in ("ops", "pager", "mail")}


def config(*routes: object, **general: Any) -> Config:
    """Return the configuration with these routes."""
    values = {"tocsin": {"channels": CHANNELS, "routes": list(routes), **general}}
    return load([Layer(origin=".dlt/config.toml", values=values, secrets_allowed=False)], home=Path("/data"))


def test_a_route_says_how_it_tells() -> None:
    """Steps stand in the order of their times, and windows are in the zone of `[tocsin]`."""
    (route,) = config(
        {
            "name": "money",
            "match": ['tags="money"'],
            "channels": ["ops"],
            "group_by": ["owner"],
            "group_above": 3,
            "group_wait": "10s",
            "group_interval": "1m",
            "escalate": ["1h mail", "15m pager"],
            "active": ["mon-fri 08:00-18:00"],
            "mute": ["sat"],
            "go_on": True,
        },
        timezone="Europe/Berlin",
    ).routes

    assert (route.name, route.key, route.channels, route.go_on) == ("money", "tocsin.routes[1]", ("ops",), True)
    policy = route.policy
    assert (policy.group_by, policy.group_above) == (("owner",), 3)
    assert (policy.group_wait, policy.group_interval) == (timedelta(seconds=10), timedelta(minutes=1))
    assert policy.escalate == (
        Step(after=timedelta(minutes=15), channels=("pager",)),
        Step(after=timedelta(hours=1), channels=("mail",)),
    )
    assert [str(each.zone) for each in (*policy.active, *policy.mute) if hasattr(each, "zone")] == ["Europe/Berlin"] * 2


def test_a_route_below_leaves_open_what_the_one_above_says() -> None:
    """Channels and policy come from above, also over several levels; conditions and "go on" do not."""
    inner = {"match": ["kind=late"], "repeat_every": "1h"}
    outer = {
        "match": ["tags=money"],
        "channels": ["ops"],
        "least": "error",
        "escalate": ["5m pager"],
        "go_on": True,
        "routes": [{"match": ["severity=error"], "routes": [inner]}],
    }

    (route,) = config(outer, least="info", repeat_every="2h").routes
    (middle,) = route.routes
    (last,) = middle.routes

    assert (last.name, last.key) == ("route 1.1.1", "tocsin.routes[1].routes[1].routes[1]")
    assert (last.channels, last.go_on, list(map(str, last.matchers))) == (("ops",), False, ['kind="late"'])
    assert (last.policy.least, last.policy.escalate) == (Severity.ERROR, route.policy.escalate)
    assert [each.policy.repeat_every for each in (route, middle, last)] == [timedelta(hours=h) for h in (2, 2, 1)]


def test_owners_have_channels() -> None:
    """One name or a list of them."""
    made = config(owners={"data": "ops", "finance": ["mail", "pager"]})

    assert made.problems == ()
    assert made.owners == {"data": ("ops",), "finance": ("mail", "pager")}


@pytest.mark.parametrize(
    ("route", "said"),
    [
        ({"chanels": "ops"}, "tocsin.routes[1].chanels = 'ops': unknown key; did you mean 'channels'?"),
        ({"match": ["orders"]}, "tocsin.routes[1].match: 'orders' is not a condition; write for example"),
        ({"match": ["team=x"]}, "the label 'team'; there are: pipeline, "),
        (
            {"channels": ["opps"]},
            "tocsin.routes[1].channels = 'opps': no channel is called 'opps'; there are: mail, ops",
        ),
        ({"least": "loud"}, "tocsin.routes[1].least = 'loud': expected one of: info, warning, error, critical"),
        ({"group_by": ["team"]}, "tocsin.routes[1].group_by = 'team': 'team' is no label; there are: pipeline, "),
        ({"group_above": -1}, "tocsin.routes[1].group_above = '-1': expected a whole number, 0 or more"),
        ({"escalate": ["soon pager"]}, "tocsin.routes[1].escalate = 'soon pager': not a length of time; write for"),
        ({"escalate": ["15m"]}, "tocsin.routes[1].escalate = '15m': names no channel; write for example \"15m pager\""),
        ({"escalate": [""]}, "tocsin.routes[1].escalate = '': names no channel; write for example \"15m pager\""),
        ({"escalate": ["15m boss"]}, "tocsin.routes[1].escalate = 'boss': no channel is called 'boss'; there are: "),
        ({"active": ["evening"]}, "tocsin.routes[1].active: 'evening' cannot be used: it is no window. Write for"),
        ({"mute": ["sat Berlin"]}, "tocsin.routes[1].mute: 'Berlin' is no time zone; write \"Europe/Berlin\""),
        ({"go_on": "perhaps"}, "tocsin.routes[1].go_on = 'perhaps': expected true or false"),
        (
            {"routes": {"channels": ["ops"]}},
            "tocsin.routes[1].routes: expected a list of tables: write [[tocsin.routes",
        ),
        ({"routes": [{"match": ["x"]}]}, "tocsin.routes[1].routes[1].match: 'x' is not a condition"),
    ],
)
def test_each_mistake_in_a_route_is_one_problem(route: dict[str, Any], said: str) -> None:
    """It names file, key and what to write."""
    made = config(route)

    (problem,) = made.problems
    assert str(problem).startswith(".dlt/config.toml: tocsin.routes[1]")
    assert said in str(problem)


def test_a_route_whose_condition_cannot_be_read_is_for_nobody() -> None:
    """It is left out with all below it, and the others keep their numbers."""
    made = config({"match": ["x"], "routes": [{"channels": ["mail"]}]}, {"match": ["pipeline=orders"]})

    assert [(route.name, route.key) for route in made.routes] == [("route 2", "tocsin.routes[2]")]


def test_what_cannot_be_read_of_a_route_leaves_the_rest() -> None:
    """A step or a channel that is not known takes nothing else along."""
    (route,) = config({"channels": ["ops", "opps"], "escalate": ["5m boss", "10m boss pager"]}).routes

    assert route.channels == ("ops",)
    assert route.policy.escalate == (Step(after=timedelta(minutes=10), channels=("pager",)),)


@pytest.mark.parametrize(
    ("owners", "said"),
    [
        ({"data": 3}, "tocsin.owners.data = '3': expected names of channels: write data = [\"ops\"]"),
        ({"data": {"channels": "ops"}}, "tocsin.owners.data: expected names of channels: write data = "),
        ({"data": ["opps"]}, "tocsin.owners.data = 'opps': no channel is called 'opps'; there are: mail, ops, pager"),
    ],
)
def test_each_mistake_in_an_owner_is_one_problem(owners: dict[str, Any], said: str) -> None:
    """An owner without a channel that is known is none."""
    made = config(owners=owners)

    (problem,) = made.problems
    assert said in str(problem)
    assert made.owners == {}
