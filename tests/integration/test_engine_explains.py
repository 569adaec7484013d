"""What is explained beforehand is what the engine then does."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from desk import Desk, channel
from made import NOON, run
from stores import NewStore
from tocsin.config.layer import Layer
from tocsin.config.load import load
from tocsin.core.silence import Silence
from tocsin.engine.explain_route import explain

NAMES = ("ops", "pager", "mail")
#: Time passes in steps of this length; everything here happens at multiples of it.
STEP = timedelta(minutes=15)
SILENCE = Silence(
    id="s1",
    matchers=(),
    starts_at=NOON,
    ends_at=NOON + timedelta(hours=3),
    reason="moving",
    author="ada",
    created_at=NOON,
)

CASES: dict[str, dict[str, Any]] = {
    "no routes at all": {},
    "the first that matches, and one that goes on": {
        "routes": [
            {"match": ["pipeline=orders"], "channels": ["ops"], "go_on": True},
            {"match": ["severity=critical"], "channels": ["pager"]},
            {"match": ["owner=shop"], "channels": ["mail"]},
        ],
        "pipelines": {"orders": {"owner": "shop"}},
    },
    "the channel of the owner": {
        "routes": [{"match": ["tags=x"], "channels": ["pager"]}],
        "owners": {"shop": ["mail"]},
        "pipelines": {"orders": {"owner": "shop"}},
    },
    "escalation in two steps": {"routes": [{"channels": ["ops"], "escalate": ["15m pager", "2h pager mail"]}]},
    "hours, and escalation from their begin on": {
        "routes": [{"channels": ["ops"], "active": ["tue 08:00-18:00"], "escalate": ["30m pager"]}]
    },
    "hours that end before what is escalated": {
        "routes": [{"channels": ["ops"], "active": ["mon 12:00-13:00", "wed"], "escalate": ["2h pager"]}]
    },
    "a group": {"routes": [{"channels": ["ops"], "group_by": ["kind"], "escalate": ["1h mail"]}]},
    "too low for one of two": {
        "routes": [{"channels": ["pager"], "least": "critical", "go_on": True}, {"channels": ["ops"]}]
    },
    "too low for all": {"least": "critical"},
    "maintenance that begins after the problem": {
        "maintenance": [{"match": ["pipeline=orders"], "when": ["mon 12:15-14:00"]}],
        "routes": [{"channels": ["ops"], "escalate": ["30m pager"]}],
    },
    "a silence, then maintenance, then hours": {
        "maintenance": [{"match": ["pipeline=orders"], "when": ["mon 14:30-16:00"]}],
        "routes": [{"channels": ["ops"], "active": ["18:00-19:00"], "escalate": ["15m mail"]}],
        "silence": SILENCE,
    },
    "a route that never tells": {"routes": [{"channels": ["ops"], "mute": ["mon-sun"], "escalate": ["15m pager"]}]},
    "a route that leads nowhere": {"routes": [{"channels": ["broken"], "escalate": ["30m ops"]}]},
    "a route below another": {
        "routes": [
            {
                "channels": ["ops"],
                "escalate": ["1h mail"],
                "routes": [{"match": ["kind=failed"], "channels": ["pager"]}, {"match": ["kind=late"]}],
            }
        ]
    },
}


@pytest.fixture
def kind() -> str:
    """What the routes say depends on no store, and these tests tick for days."""
    return "memory"


@pytest.mark.parametrize("case", CASES)
def test_the_explanation_is_what_happens(tmp_path: Path, new_store: NewStore, case: str) -> None:
    """Whoever is said to hear does so at that time by that decision, and nobody else does in three days."""
    settings = {key: value for key, value in CASES[case].items() if key != "silence"}
    channels = {name: {"type": "file", "path": str(tmp_path / name)} for name in NAMES}
    values = {"tocsin": {**settings, "channels": {**channels, "broken": {"type": "slack"}}}}
    config = load([Layer(origin="test", values=values, secrets_allowed=True)], home=tmp_path)
    assert config.problems == ()
    fields = ("routes", "owners", "pipelines", "maintenance", "policy")
    house = Desk(
        tmp_path, new_store(), *NAMES, channel("broken", "slack"), **{name: getattr(config, name) for name in fields}
    )
    silences = [each] if (each := CASES[case].get("silence")) else []
    with house.store.writing() as tx:
        for silence in silences:
            tx.save_silence(silence)

    said = explain(house.engine, [*NAMES, "broken"], {"pipeline": "orders"}, NOON, silences)

    house.report(run(ended=0))
    while house.now < NOON + timedelta(days=3):
        house.tick(minutes=STEP.total_seconds() / 60)
    heard: dict[str, tuple[datetime, str]] = {}
    for one in house.decided():
        if one.reason.tells and one.alert_id is not None and one.said:
            heard.setdefault(one.channel, (one.created_at, one.reason))
    assert heard == {one.channel: (NOON.astimezone(UTC) + one.after, one.reason) for one in said.heard}
    assert {one.channel for one in said.unheard} == {*NAMES, "broken"} - set(heard)
    assert all(one.why for one in said.unheard)
