"""Settings of channels: what is filled in, and every problem in words."""

from __future__ import annotations

import pytest

from tocsin.channels.base import Channel
from tocsin.channels.registry import CHANNELS, check_settings, make_channel
from tocsin.errors import ConfigError

HOOK = "https://hooks.slack.com/services/T0/B0/s3cr3t"


@pytest.mark.parametrize("name", CHANNELS)
def test_every_channel_is_described(name: str) -> None:
    """Each channel says what it is and what each setting means, in sentences to print."""
    channel: type[Channel] = CHANNELS[name]
    assert channel.type == name
    assert channel.summary
    assert channel.min_interval >= 0
    for field in channel.fields:
        assert field.help.endswith("."), field
        assert field.example or field.default, field
        assert not (field.required and field.default), field
        assert field.default is None or not field.choices or field.default in field.choices


def test_defaults_are_filled_in() -> None:
    """What is not set gets its default; empty values count as not set, and margins are cut off."""
    assert check_settings("file", {"path": " a.jsonl ", "format": ""}) == ({"path": "a.jsonl", "format": "json"}, [])


@pytest.mark.parametrize(
    ("type_", "settings", "problem"),
    [
        ("slak", {}, 'type = "slak" is no channel; did you mean slack?'),
        ("pigeon", {}, f'type = "pigeon" is no channel; use {", ".join(list(CHANNELS)[:-1])} or {list(CHANNELS)[-1]}'),
        ("file", {"path": "a", "fromat": "json"}, "fromat is no setting of file; did you mean format?"),
        ("file", {"path": "a", "xyz": "1"}, "xyz is no setting of file; use path or format"),
        ("terminal", {"xyz": "1"}, "xyz is no setting of terminal; use stream"),
        ("file", {}, "path is missing, for example ~/tocsin.jsonl"),
        ("file", {"path": "a", "format": "xml"}, 'format = "xml" is not allowed; use json or text'),
        ("webhook", {}, "url is missing, for example https://example.com/hooks/tocsin"),
        # The value of a secret is not repeated.
        ("webhook", {"url": "s3cr3t"}, "url is no address; use one that begins with https:// and names a host"),
        (
            "webhook",
            {"url": "https://[s3cr3t"},
            "url is no address; use one that begins with https:// and names a host",
        ),
        (
            "slack",
            {"webhook_url": HOOK, "api_url": "slack.com"},
            'api_url = "slack.com" is no address; use one that begins with https:// and names a host',
        ),
        (
            "webhook",
            {"url": "https://example.com", "secret": "s3cr3t"},
            "secret is not of the form whsec_BASE64; make one with: echo whsec_$(openssl rand -base64 32)",
        ),
        (
            "webhook",
            {"url": "https://example.com", "secret": "whsec_s3cr3t=="},
            "secret is not of the form whsec_BASE64; make one with: echo whsec_$(openssl rand -base64 32)",
        ),
        (
            "slack",
            {},
            "webhook_url is missing (or bot_token and channel); make one at api.slack.com/apps",
        ),
        (
            "slack",
            {"webhook_url": HOOK, "bot_token": "xoxb-s3cr3t"},
            "webhook_url and bot_token are both set; keep bot_token to update messages in place, else the other",
        ),
        (
            "slack",
            {"bot_token": "xoxb-s3cr3t"},
            "channel is missing: bot_token needs to know where to post, for example C0123456789",
        ),
    ],
)
def test_problem(type_: str, settings: dict[str, str], problem: str) -> None:
    """Each problem says what was found and what to write, and shows no secret."""
    assert check_settings(type_, settings)[1] == [problem]
    assert "s3cr3t" not in problem
    with pytest.raises(ConfigError) as caught:
        make_channel(type_, settings)
    assert str(caught.value) == problem


def test_all_problems_at_once() -> None:
    """Problems are told together and not one by one."""
    problems = check_settings("file", {"pathh": "a", "format": "xml"})[1]
    assert problems == [
        "pathh is no setting of file; did you mean path?",
        "path is missing, for example ~/tocsin.jsonl",
        'format = "xml" is not allowed; use json or text',
    ]


@pytest.mark.parametrize(
    ("type_", "settings"),
    [
        ("slack", {"webhook_url": HOOK}),
        ("slack", {"bot_token": "xoxb-1", "channel": "C1"}),
        ("webhook", {"url": "http://localhost:8080"}),
        ("terminal", {}),
    ],
)
def test_good_settings(type_: str, settings: dict[str, str]) -> None:
    """Settings without a problem make a channel."""
    assert isinstance(make_channel(type_, settings), CHANNELS[type_])
