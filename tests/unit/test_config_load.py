"""Settings from layers: what wins, and what is said of what cannot be used."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tocsin.config.files import file_layers
from tocsin.config.layer import Layer
from tocsin.config.load import load
from tocsin.config.merge import environment_layer
from tocsin.config.model import Config
from tocsin.core.duration import parse_duration
from tocsin.core.severity import Severity

_HOME = Path("/data/tocsin")


def _layer(table: dict[str, Any], *, origin: str = ".dlt/config.toml", secrets: bool = False, **others: Any) -> Layer:
    return Layer(origin=origin, values={"tocsin": table, **others}, secrets_allowed=secrets)


def _load(*layers: Layer) -> Config:
    return load(layers, home=_HOME)


def test_without_settings_everything_has_its_default() -> None:
    """A pipeline without any configuration is watched, and its store lies in dlt's data directory."""
    config = _load()

    assert config == Config(home=_HOME, store="sqlite:////data/tocsin/tocsin.db")
    assert (config.enabled, config.budget, config.policy.least) == (True, timedelta(seconds=5), Severity.WARNING)


def test_the_first_layer_wins_for_each_key() -> None:
    """The environment overrides one key of a table and leaves the others to the files."""
    environment = environment_layer({"TOCSIN__ENVIRONMENT": "prod", "TOCSIN__CHANNELS__OPS__WEBHOOK_URL": "https://a"})
    file = _layer({"environment": "dev", "budget": "2s", "channels": {"ops": {"type": "slack"}}})

    config = _load(environment, file)

    assert (config.environment, config.budget) == ("prod", timedelta(seconds=2))
    (ops,) = config.channels
    assert (ops.type, dict(ops.settings)) == ("slack", {"webhook_url": "https://a"})
    assert ops.origins == {"type": ".dlt/config.toml", "webhook_url": "environment"}


def test_dlts_own_slack_hook_is_a_channel_by_itself() -> None:
    """`runtime.slack_incoming_hook` needs no further word."""
    config = _load(_layer({}, runtime={"slack_incoming_hook": "https://hooks.example/1"}, secrets=True))

    assert [(c.name, c.type, dict(c.settings)) for c in config.channels] == [
        ("slack", "slack", {"webhook_url": "https://hooks.example/1"})
    ]
    assert config.problems == ()


def test_dlts_own_sentry_is_a_channel_by_itself() -> None:
    """So it is with `runtime.sentry_dsn`, beside the hook; a name that is taken is left alone, and so is a DSN."""
    dsn, other = "https://key@sentry.example/1", "https://key@sentry.example/2"
    both = _load(_layer({}, runtime={"slack_incoming_hook": "https://1", "sentry_dsn": dsn}, secrets=True))
    assert [(c.name, c.type, dict(c.settings)) for c in both.channels][1:] == [("sentry", "sentry", {"dsn": dsn})]

    channels = {"sentry": {"type": "sentry", "dsn": dsn}}
    for found, names in ((dsn, ["sentry"]), (other, ["sentry", "sentry_dsn"])):
        config = _load(_layer({"channels": channels}, runtime={"sentry_dsn": found}, secrets=True))
        assert [c.name for c in config.channels] == names


def test_dlts_hook_does_not_tell_twice() -> None:
    """A configured channel that posts to dlt's hook already is the only one."""
    channels = {"slack": {"type": "slack", "webhook_url": "https://1"}}

    same = _load(_layer({"channels": channels}, runtime={"slack_incoming_hook": "https://1"}, secrets=True))
    other = _load(_layer({"channels": channels}, runtime={"slack_incoming_hook": "https://2"}, secrets=True))

    assert [c.name for c in same.channels] == ["slack"]
    assert [c.name for c in other.channels] == ["slack", "slack_incoming_hook"]


def test_routes_are_read_with_their_own_policy() -> None:
    """A route may repeat more often and let less through than the rest."""
    channels = {"ops": {"type": "file", "path": "x"}}
    route = {"match": ['severity="critical"'], "channels": ["ops"], "repeat_every": "30m", "least": "error"}

    config = _load(_layer({"channels": channels, "routes": [route]}))

    (made,) = config.routes
    assert (made.name, made.channels, str(made.matchers[0])) == ("route 1", ("ops",), 'severity="critical"')
    assert (made.policy.repeat_every, made.policy.least) == (timedelta(minutes=30), Severity.ERROR)


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ({"enviroment": "x"}, "tocsin.enviroment = 'x': unknown key; did you mean 'environment'?"),
        ({"zzz": 1}, "tocsin.zzz = '1': unknown key; known are: enabled, environment, timezone"),
        ({"enabled": "maybe"}, "tocsin.enabled = 'maybe': expected true or false"),
        ({"budget": "soon"}, "tocsin.budget = 'soon': not a length of time; write for example"),
        ({"handover": "fork"}, "tocsin.handover = 'fork': expected one of: spawn, inline, none"),
        ({"environment": {"a": 1}}, "tocsin.environment: expected a value, found a table"),
        ({"environment": ""}, "tocsin.environment = '': expected text"),
        (
            {"channels": {"ops": "slack"}},
            "channels.ops = 'slack': expected a table: write [tocsin.channels.ops]",
        ),
        (
            {"channels": {"ops": {"path": "x"}}},
            'ops.type: is missing; write for example type = "slack"',
        ),
        (
            {"channels": {"ops": {"type": "file", "fallback": "pager"}}},
            "tocsin.channels.ops.fallback = 'pager': no channel is called 'pager'; there are: ops",
        ),
        (
            {"pipelines": {"orders": 1}},
            "orders = '1': expected a table: write [tocsin.pipelines.orders]",
        ),
        (
            {"pipelines": {"orders": {"ownr": "x"}}},
            "orders.ownr = 'x': unknown key; did you mean 'owner'?",
        ),
        ({"routes": "all"}, "tocsin.routes = 'all': expected a list of tables: write [[tocsin.routes]]"),
        ({"routes": ["all"]}, "tocsin.routes[1]"),
        ({"routes": [{"channels": ["ops"]}]}, "no channel is called 'ops'; no channel is configured"),
        ({"routes": [{"match": ["team=x"]}]}, "asks for the label 'team'"),
        ({"routes": [{"match": 3}]}, "expected a list of texts"),
        (
            {"maintenance": ["all"]},
            "tocsin.maintenance[1] = \"['all']\": expected a table: write [[tocsin.maintenance]]",
        ),
    ],
)
def test_each_mistake_is_told_and_stops_nothing(table: dict[str, Any], said: str) -> None:
    """A mistake names file, key, value and remedy, and everything else is used."""
    config = _load(_layer({"died_after": "30s"} | table))

    assert [problem.origin for problem in config.problems] == [".dlt/config.toml"]
    assert said in str(config.problems[0])
    assert config.died_after == timedelta(seconds=30)


def test_a_value_from_a_secret_place_is_not_shown() -> None:
    """What stands in secrets.toml is not repeated by an error about it."""
    config = _load(_layer({"budget": "hunter2"}, origin=".dlt/secrets.toml", secrets=True))

    assert "hunter2" not in str(config.problems[0])


def test_a_secret_in_the_wrong_file_is_marked() -> None:
    """The channel knows which of its settings stand where secrets must not stand."""
    config = _load(_layer({"channels": {"ops": {"type": "slack", "webhook_url": "https://1"}}}))

    assert config.channels[0].exposed == {"type", "webhook_url"}


def test_list_as_a_setting_of_a_channel() -> None:
    """A list, as people write recipients in TOML, is one text with commas, as in the environment."""
    config = _load(_layer({"channels": {"ops": {"type": "email", "to": ["ada@example.com", "bob@example.com"]}}}))

    assert config.channels[0].settings["to"] == "ada@example.com, bob@example.com"


def test_a_route_without_a_known_channel_takes_them_all() -> None:
    """A misspelt channel must not swallow alerts."""
    config = _load(_layer({"channels": {"ops": {"type": "file"}}, "routes": [{"channels": ["opps"]}]}))

    assert config.routes[0].channels == ("ops",)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("90s", 90), ("15m", 900), ("1h30m", 5400), ("2d", 172_800), ("500ms", 0.5), (5, 5), ("7", 7), ("1 h", 3600)],
)
def test_lengths_of_time_are_read_as_people_write_them(text: object, seconds: float) -> None:
    """Units may be combined; a bare number counts seconds."""
    assert parse_duration(text) == timedelta(seconds=seconds)


@pytest.mark.parametrize("text", ["", "soon", "5 minutes ago", "-5s", "1x", True])
def test_what_is_no_length_of_time_is_refused(text: object) -> None:
    """The error shows how a length of time is written."""
    with pytest.raises(ValueError, match='write for example "90s"'):
        parse_duration(text)


def test_lists_in_the_environment_are_json() -> None:
    """Routes can be given by a variable; text that only looks like a list stays text."""
    layer = environment_layer({"TOCSIN__ROUTES": '[{"channels": ["ops"]}]', "TOCSIN__ENVIRONMENT": "[prod"})

    assert layer.values == {"tocsin": {"routes": [{"channels": ["ops"]}], "environment": "[prod"}}


def test_files_are_read_where_dlt_is_not_installed(tmp_path: Path) -> None:
    """tocsin.toml wins over dlt's files, and a file that is no TOML is a problem and no end."""
    (tmp_path / ".dlt").mkdir()
    (tmp_path / "tocsin.toml").write_text('[tocsin]\nenvironment = "own"\n', encoding="utf-8")
    (tmp_path / ".dlt/secrets.toml").write_text("[tocsin\n", encoding="utf-8")
    (tmp_path / ".dlt/config.toml").write_text('[tocsin]\nenvironment = "dlt"\nbudget = "1s"\n', encoding="utf-8")

    config = load(file_layers(tmp_path), home=_HOME)

    assert (config.environment, config.budget) == ("own", timedelta(seconds=1))
    (problem,) = config.problems
    assert problem.origin == ".dlt/secrets.toml"
    assert "cannot be read" in problem.remedy


def test_a_schedule_is_read_in_its_zone() -> None:
    """A pipeline's own zone wins over the general one, and the source of the schedule is told."""
    pipelines = {
        "orders": {"schedule": "0 6 * * *", "timezone": "Europe/Berlin", "after": ["customers"]},
        "customers": {"schedule": "every 1h", "start_within": "5m", "finish_within": "2h"},
    }

    config = _load(_layer({"timezone": "America/New_York", "pipelines": pipelines}))

    orders, customers = config.pipeline("orders"), config.pipeline("customers")
    assert orders.schedule is not None
    assert (orders.schedule.timezone, orders.schedule.source) == ("Europe/Berlin", ".dlt/config.toml")
    assert customers.schedule is not None
    assert (customers.schedule.timezone, customers.start_within) == ("America/New_York", timedelta(minutes=5))
    assert (orders.after, config.problems) == (("customers",), ())


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ({"timezone": "Europe/Berlyn"}, "tocsin.timezone = 'Europe/Berlyn'"),
        ({"pipelines": {"orders": {"schedule": "at noon"}}}, "tocsin.pipelines.orders.schedule = 'at noon'"),
        ({"pipelines": {"orders": {"schedule": "@daily", "timezone": "Mars"}}}, "tocsin.pipelines.orders.schedule"),
        ({"pipelines": {"a": {"after": ["b"]}, "b": {"after": ["a"]}}}, "tocsin.pipelines: "),
    ],
)
def test_a_mistake_in_what_is_expected_is_told(table: dict[str, Any], said: str) -> None:
    """A schedule, a zone or an order that cannot be used is named, and nothing is expected by it."""
    config = _load(_layer(table))

    assert said in str(config.problems[0])
    assert all(pipeline.schedule is None for pipeline in config.pipelines.values())
    assert config.timezone == "UTC"


def test_it_is_known_where_each_setting_was_found() -> None:
    """By its full key; what cannot be read is not in force, and has no place."""
    orders = {"schedule": "0 6 * * *", "start_within": "soon", "tables": {"lines": {"min_rows": 1}}}
    config = _load(_layer({"died_after": "2m"}, origin="environment"), _layer({"pipelines": {"orders": orders}}))

    assert config.origins == {
        "tocsin.died_after": "environment",
        "tocsin.pipelines.orders.schedule": ".dlt/config.toml",
        "tocsin.pipelines.orders.tables.lines.min_rows": ".dlt/config.toml",
    }
