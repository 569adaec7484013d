"""From a configuration to an engine that can work."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import replace

from tocsin.capture.spool import Spool
from tocsin.channels.registry import CHANNELS, check_settings, make_channel
from tocsin.config.model import ChannelConfig, Config, Problem
from tocsin.core.run import Process
from tocsin.engine.clock import Clock, system_clock
from tocsin.engine.engine import ConfiguredChannel, Engine
from tocsin.errors import ConfigError
from tocsin.store.open import open_store
from tocsin.store.protocol import Store


def open_engine(
    config: Config,
    *,
    store: Store | None = None,
    clock: Clock = system_clock,
    makeshift_for: Process | None = None,
    watching: bool = False,
) -> Engine:
    """Return an engine for `config`.

    Args:
        config: The checked configuration; channels that cannot be used become problems.
        store: Use this store and not the configured one.
        clock: Tells the time.
        makeshift_for: See `Engine.makeshift_for`.
        watching: See `Engine.watching`.

    Raises:
        StoreError: The configured store cannot be opened.
    """
    channels, problems = make_channels(config.channels)
    return Engine(
        # Routes name only channels that can send: the others are problems, and must not swallow alerts.
        config=replace(config, channels=tuple(c for c in config.channels if c.name in channels)),
        store=store if store is not None else open_store(config.store),
        spool=Spool(config.home),
        channels=channels,
        all_channels=config.channels,
        feeds=_feeds(channels),
        problems=(*config.problems, *problems),
        clock=clock,
        makeshift_for=makeshift_for,
        watching=watching,
    )


def make_channels(configs: Sequence[ChannelConfig]) -> tuple[dict[str, ConfiguredChannel], list[Problem]]:
    """Return the channels that can be used, and what is wrong with the others."""
    channels: dict[str, ConfiguredChannel] = {}
    problems: list[Problem] = []
    for config in configs:
        problems += _exposed_secrets(config)
        settings, wrong = check_settings(config.type, config.settings)
        key = f"tocsin.channels.{config.name}"
        problems += [Problem(origin=config.origin, key=key, found=None, remedy=remedy) for remedy in wrong]
        try:
            # A key too many does not make a channel useless: `settings` holds what is known.
            channel = make_channel(config.type, settings)
        except ConfigError:
            continue
        text = json.dumps([config.type, dict(config.settings)], sort_keys=True)
        channels[config.name] = ConfiguredChannel(
            config=config, channel=channel, settings_hash=hashlib.sha256(text.encode()).hexdigest()[:16]
        )
    return channels, problems


def _feeds(channels: Mapping[str, ConfiguredChannel]) -> dict[str, ConfiguredChannel]:
    """Return what the channels want to hear of runs, by the name that its messages wait under."""
    return {
        (name := f"{one.config.name}/{feed}"): replace(one, config=replace(one.config, name=name), feed=feed)
        for one in channels.values()
        for feed in one.channel.feeds()
    }


def _exposed_secrets(config: ChannelConfig) -> list[Problem]:
    """Return the secrets of a channel that stand in a file which is shared with everybody."""
    kind = CHANNELS.get(config.type)
    secret = {field.name for field in kind.fields if field.secret} if kind else set()
    variable = f"TOCSIN__CHANNELS__{config.name}__".upper()
    return [
        Problem(
            origin=config.origins[key],
            key=f"tocsin.channels.{config.name}.{key}",
            found=None,
            remedy=f"is a secret; move it to .dlt/secrets.toml or set {variable}{key.upper()}",
        )
        for key in sorted(secret & config.exposed)
    ]
