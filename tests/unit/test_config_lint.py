"""What can be read in a configuration and is hardly meant."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tocsin.config.layer import Layer
from tocsin.config.lint import lint
from tocsin.config.load import load

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
CHANNELS = {name: {"type": "file", "path": name} for name in ("ops", "pager", "mail")}


def doubts(*routes: dict[str, Any], **general: Any) -> list[str]:
    """Return what is doubtful about these routes."""
    values = {"tocsin": {"channels": CHANNELS, "routes": list(routes), **general}}
    layers = [Layer(origin=".dlt/config.toml", values=values, secrets_allowed=False)]
    config = load(layers, home=Path("/data"))
    assert config.problems == ()
    return list(map(str, lint(layers, config, NOW)))


@pytest.mark.parametrize(
    "routes",
    [
        # The narrow one first, and in the end one for the rest.
        [{"match": ["tags=money", "severity=critical"]}, {"match": ["tags=money"]}, {"channels": ["ops"]}],
        # What goes on hides nothing, with or without a condition.
        [{"go_on": True}, {"match": ["tags=money"], "go_on": True}, {"match": ["tags=money"]}],
        # Of several tags each can be asked for, and one says nothing of the others.
        [{"match": ["tags=money"], "routes": [{"match": ["tags=daily"]}]}],
        [{"match": ["tags!=money"]}, {"match": ["tags=daily"]}],
        # A pattern may leave out what another takes.
        [{"match": ["pipeline=~a.*"]}, {"match": ["pipeline=~ab.*"]}],
        # What a route below has from above is not said again.
        [{"escalate": ["5m pager"], "channels": ["ops"], "routes": [{"match": ["kind=died"], "channels": ["pager"]}]}],
        # It tells on one day in a month's time.
        [{"active": ["2026-12-24 18:00 to 2026-12-27 06:00"], "mute": ["mon", "tue", "wed", "thu"]}],
    ],
)
def test_routes_that_can_be_meant_raise_no_doubt(routes: list[dict[str, Any]]) -> None:
    """Nothing is said of what works."""
    assert doubts(*routes) == []


@pytest.mark.parametrize(
    ("routes", "key", "said"),
    [
        # The same conditions, and fewer of them.
        (
            [{"match": ["tags=money"]}, {"match": ["severity=error", "tags=money"]}],
            "[2].match",
            (
                'route 2 gets nothing: route 1 before it asks for tags="money" only, and takes all that fits here: '
                "move route 2 before it, or write go_on = true in route 1"
            ),
        ),
        # A value that a pattern takes, and one that is not ruled out.
        (
            [{"match": ["pipeline=~bill.*", "kind!=late"]}, {"match": ["pipeline=billing", "kind=died"]}],
            "[2].match",
            "",
        ),
        ([{"match": ["tags=~money|daily"]}, {"match": ["tags=money"]}], "[2].match", ""),
        # A pattern that takes everything.
        ([{"match": ["pipeline=~.*"]}, {"match": ["tags=money"]}], "[2].match", "route 2 gets nothing"),
        # In a list below a route.
        ([{"routes": [{"match": ["kind=died"]}, {"match": ["kind=died"]}]}], "[1].routes[2].match", "route 1.2 gets"),
        # One without a condition that is not the last is told once, however much follows.
        (
            [{"channels": ["ops"]}, {"match": ["kind=died"], "name": "deaths"}, {"match": ["kind=late"]}],
            "[1].match",
            (
                "route 1 has no condition and takes all that comes to it, so that nothing is left for deaths, route 3: "
                "move it to the end, give it a condition, or write go_on = true"
            ),
        ),
        # Conditions that exclude each other, in one route and in two.
        (
            [{"match": ["owner=a", "owner!~a|b"]}],
            "[1].match",
            'nothing fits owner="a" and owner!~"a|b" at once; remove one of them, here or in a route above',
        ),
        ([{"match": ["owner=a"], "routes": [{"match": ["owner=b"]}]}], "[1].routes[1].match", "nothing fits owner="),
        ([{"match": ["tags=a", "tags!=a"]}], "[1].match", 'nothing fits tags="a" and tags!="a" at once'),
        # A value that there is not.
        (
            [{"match": ["severity=warn"]}],
            "[1].match",
            'nothing fits severity="warn": the severity of a problem is one of info, warning, error, critical',
        ),
        ([{"match": ["kind=~fail"]}], "[1].match", 'nothing fits kind=~"fail": the kind of a problem is one of '),
        # Hours that never come: in no week, or no more.
        (
            [{"active": ["sat 08:00-10:00"], "mute": ["sat,sun"]}],
            "[1].active",
            "route 1 never tells within a year from now: no time lies inside of active and outside of mute",
        ),
        ([{"active": ["2020-01-01 00:00 to 2020-02-01 00:00"]}], "[1].active", "route 1 never tells"),
        ([{"mute": ["mon-sun"]}], "[1].mute", "route 1 never tells"),
        # A second word to the same channel, by the route itself and by a step before.
        (
            [{"channels": ["ops"], "escalate": ["5m ops"]}],
            "[1].escalate",
            "ops hears of it before: name another channel, or remove it here",
        ),
        ([{"channels": ["ops"], "escalate": ["5m pager", "1h pager mail"]}], "[1].escalate", "pager hears of it"),
    ],
)
def test_each_doubt_names_its_key_and_the_remedy(routes: list[dict[str, Any]], key: str, said: str) -> None:
    """One line for one cause."""
    (found,) = doubts(*routes)

    assert found.startswith(f".dlt/config.toml: tocsin.routes{key}: ")
    assert said in found


def test_an_owner_of_a_check_is_known() -> None:
    """Who is to hear of a check need not own the pipeline."""
    check = {"pipeline": "orders", "sql": "SELECT 1", "owner": "support"}

    assert doubts(owners={"support": "ops"}, checks={"any": check}) == []


def test_an_owner_whom_no_pipeline_has_is_doubtful() -> None:
    """The name may be misspelt here or in the pipeline."""
    owners, pipelines = {"data": "ops", "finanse": "mail"}, {"orders": {"owner": "data"}, "billing": {}}

    assert doubts(owners=owners, pipelines=pipelines) == [
        (
            ".dlt/config.toml: tocsin.owners.finanse: no pipeline has this owner, and no check; "
            'write owner = "finanse" in [tocsin.pipelines.NAME] or [tocsin.checks.NAME], or remove it'
        )
    ]
