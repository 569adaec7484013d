"""The commented `[tocsin]` section, made of the table of settings."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterator

from tocsin.config.settings import GENERAL, PIPELINE, Setting

_WIDTH = 100
#: What belongs into secrets.toml.
_IN_SECRETS = {"api_key"}


def section() -> str:
    """Return the section as TOML in which everything is a comment but its header."""
    lines = [
        "# Tocsin tells you when your pipelines break, and why. Everything in this section may be left out.",
        "[tocsin]",
        *_settings(GENERAL),
        "# What is known of one pipeline:",
        "# [tocsin.pipelines.NAME]",
        *_settings(PIPELINE),
        "# A channel; `tocsin channel list --types` shows the types. Its secrets belong into secrets.toml.",
        "# [tocsin.channels.NAME]",
        '# type = "slack"',
        "",
        "# Which channels hear of what. Without routes every channel hears of everything.",
        "# [[tocsin.routes]]",
        "# match = ['severity=\"critical\"']",
        '# channels = ["NAME"]',
    ]
    return "\n".join(lines) + "\n"


def slack_channel(name: str) -> str:
    """Return the table of a Slack channel, without its secret."""
    return f'[tocsin.channels.{name}]\ntype = "slack"\n'


def slack_secret(name: str, webhook_url: str) -> str:
    """Return the table with the secret of a Slack channel."""
    # JSON's strings are TOML's basic strings.
    return f"[tocsin.channels.{name}]\nwebhook_url = {json.dumps(webhook_url, ensure_ascii=False)}\n"


def _settings(settings: tuple[Setting, ...]) -> Iterator[str]:
    for setting in settings:
        if setting.key in _IN_SECRETS:
            continue
        yield from textwrap.wrap(setting.help, _WIDTH, initial_indent="# ", subsequent_indent="# ")
        yield f"# {setting.key} = {_value(setting)}"
        yield ""


def _value(setting: Setting) -> str:
    value = setting.default or setting.example
    return (
        value if value in {"true", "false"} or value.startswith("[") else json.dumps(value or "…", ensure_ascii=False)
    )
