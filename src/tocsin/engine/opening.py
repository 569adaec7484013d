"""From a configuration to an engine that can work."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import replace

from tocsin.capture.spool import Spool
from tocsin.channels.registry import check_settings, make_channel
from tocsin.config.model import ChannelConfig, Config, Problem
from tocsin.core.run import Process
from tocsin.engine.clock import Clock, system_clock
from tocsin.engine.engine import ConfiguredChannel, Engine
from tocsin.store import open_store
from tocsin.store.protocol import Store


def open_engine(
    config: Config,
    *,
    store: Store | None = None,
    clock: Clock = system_clock,
    makeshift_for: Process | None = None,
) -> Engine:
    """Return an engine for `config`.

    Args:
        config: The checked configuration; channels that cannot be used become problems.
        store: Use this store and not the configured one.
        clock: Tells the time.
        makeshift_for: See `Engine.makeshift_for`.

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
        problems=(*config.problems, *problems),
        clock=clock,
        makeshift_for=makeshift_for,
    )


def make_channels(configs: Sequence[ChannelConfig]) -> tuple[dict[str, ConfiguredChannel], list[Problem]]:
    """Return the channels that can be used, and what is wrong with the others."""
    channels: dict[str, ConfiguredChannel] = {}
    problems: list[Problem] = []
    for config in configs:
        checked = check_settings(config.type, config.settings)
        problems += [
            Problem(
                origin=config.origins.get(wrong.key, config.origin),
                key=f"tocsin.channels.{config.name}.{wrong.key}",
                found=wrong.found,
                remedy=wrong.remedy,
            )
            for wrong in checked.problems
        ]
        for key in sorted(checked.secrets & config.exposed):
            variable = f"TOCSIN__CHANNELS__{config.name}__{key}".upper()
            problems.append(
                Problem(
                    origin=config.origins[key],
                    key=f"tocsin.channels.{config.name}.{key}",
                    found=None,
                    remedy=f"is a secret; move it to .dlt/secrets.toml or into the environment variable {variable}",
                )
            )
        if checked.usable:
            text = json.dumps([config.type, dict(config.settings)], sort_keys=True)
            channels[config.name] = ConfiguredChannel(
                config=config,
                channel=make_channel(config.type, checked.settings),
                settings_hash=hashlib.sha256(text.encode()).hexdigest()[:16],
            )
    return channels, problems
