"""All channels by their type, and what makes one of its settings."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, MutableMapping
from difflib import get_close_matches
from importlib import import_module
from urllib.parse import urlsplit

from tocsin.channels.base import Channel, Field
from tocsin.errors import ConfigError


class _Registry(MutableMapping[str, type[Channel]]):
    """Classes by name, imported when they are asked for: a pipeline's messages need one or two of them."""

    def __init__(self, places: Mapping[str, str]) -> None:
        self._places = places
        self._known: dict[str, type[Channel]] = {}

    def __getitem__(self, name: str) -> type[Channel]:
        if name not in self._known:
            module, _, member = self._places[name].partition(":")
            self._known[name] = getattr(import_module(f"tocsin.channels.{module}"), member)
        return self._known[name]

    def __setitem__(self, name: str, channel: type[Channel]) -> None:
        self._known[name] = channel

    def __delitem__(self, name: str) -> None:
        del self._known[name]

    def __contains__(self, name: object) -> bool:
        return name in self._places or name in self._known

    def __iter__(self) -> Iterator[str]:
        return iter({**self._places, **self._known})

    def __len__(self) -> int:
        return len({**self._places, **self._known})


#: Every channel by its `type`: its module in this package, and its class there.
CHANNELS: MutableMapping[str, type[Channel]] = _Registry(
    {
        "slack": "slack:Slack",
        "teams": "teams:Teams",
        "discord": "discord:Discord",
        "telegram": "telegram:Telegram",
        "pagerduty": "pagerduty:PagerDuty",
        "opsgenie": "opsgenie:Opsgenie",
        "alertmanager": "alertmanager:Alertmanager",
        "sentry": "sentry:Sentry",
        "openlineage": "openlineage:OpenLineage",
        "opentelemetry": "opentelemetry:OpenTelemetry",
        "email": "mail:Email",
        "webhook": "webhook:Webhook",
        "apprise": "apprise:Apprise",
        "file": "file:File",
        "terminal": "terminal:Terminal",
    }
)


def make_channel(type: str, settings: Mapping[str, str]) -> Channel:  # noqa: A002
    """Return the channel that these settings describe.

    Raises:
        ConfigError: The type is not known or the settings cannot be used; the message lists all problems.
    """
    clean, problems = check_settings(type, settings)
    if problems:
        raise ConfigError("; ".join(problems))
    return CHANNELS[type](clean)


def check_settings(type: str, settings: Mapping[str, str]) -> tuple[dict[str, str], list[str]]:  # noqa: A002
    """Return the settings with defaults filled in, and what is wrong with them in sentences to show.

    No problem shows the value of a secret.

    Args:
        type: The channel's `type`.
        settings: What is configured, without `type`; empty values count as not set.
    """
    channel = CHANNELS.get(type)
    if channel is None:
        return {}, [f'type = "{type}" is no channel{_meant(type, CHANNELS)}']
    fields = {field.name: field for field in channel.fields}
    given = {name: value.strip() for name, value in settings.items() if value.strip()}
    problems = [f"{name} is no setting of {type}{_meant(name, fields)}" for name in given if name not in fields]
    for field in fields.values():
        problems += _problems(field, given.get(field.name))
    defaults = {field.name: field.default for field in channel.fields if field.default is not None}
    clean = {**defaults, **{name: value for name, value in given.items() if name in fields}}
    return clean, problems or channel.problems(clean)


def _problems(field: Field, value: str | None) -> list[str]:
    if value is None:
        example = f", for example {field.example}" if field.example else ""
        return [f"{field.name} is missing{example}"] if field.required else []
    shown = "" if field.secret else f' = "{value}"'
    if field.choices and value not in field.choices:
        return [f"{field.name}{shown} is not allowed; use {_either(field.choices)}"]
    if field.url and not _is_url(value):
        return [f"{field.name}{shown} is no address; use one that begins with https:// and names a host"]
    return []


def _is_url(value: str) -> bool:
    try:
        parts = urlsplit(value)
        return parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0 and value.isascii()
    except ValueError:
        return False


def _meant(name: str, known: Iterable[str]) -> str:
    close = get_close_matches(name, known, n=1)
    return f"; did you mean {close[0]}?" if close else f"; use {_either(tuple(known))}"


def _either(words: tuple[str, ...]) -> str:
    return f"{', '.join(words[:-1])} or {words[-1]}" if len(words) > 1 else words[0]
