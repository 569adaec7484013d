"""The configuration and the engine that belong to the directory a command is typed in."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tocsin.capture import providers
from tocsin.config.files import OWN_FILE, file_layers
from tocsin.config.layer import Layer
from tocsin.config.load import load
from tocsin.config.model import Config, Problem
from tocsin.documents.elsewhere import kept_elsewhere
from tocsin.engine.clock import Clock, system_clock

if TYPE_CHECKING:
    from tocsin.engine.engine import Engine


#: Tells the time to all commands.
clock: Clock = system_clock


#: Pipelines in this directory would not hear of it, and what commands show is what pipelines are told.
_NOT_READ = Problem(
    origin=OWN_FILE,
    key="(the whole file)",
    found=None,
    remedy="is not read where dlt is installed, which has files of its own; move its tables to .dlt/config.toml, and "
    "secrets to .dlt/secrets.toml",
)


@dataclass(frozen=True, kw_only=True)
class Workplace:
    """What a pipeline that is started here would be told by its settings."""

    layers: Sequence[Layer]
    #: As it was read: channels that cannot be used are among its channels.
    config: Config


def find_workplace() -> Workplace:
    """Return the settings as a pipeline in this directory would find them."""
    files = file_layers(Path.cwd())
    has_dlt = find_spec("dlt") is not None
    # With one file that is no TOML dlt reads none of them, and its providers tell of no file at all.
    readable = not any(layer.unreadable for layer in files)
    layers = providers.layers() if has_dlt and readable else files
    config = load(layers, home=providers.home())
    if has_dlt and any(layer.origin == OWN_FILE for layer in files):
        config = replace(config, problems=(*config.problems, _NOT_READ))
    return Workplace(layers=layers, config=config)


@contextmanager
def open_engine(workplace: Workplace, *, watching: bool = False) -> Iterator[Engine]:
    """Open the engine, and let go of its store in the end; `watching` is that of `Engine`.

    Where reports go to a server, somebody is told that this is not the place where they are kept.

    Raises:
        StoreError: The store cannot be opened.
    """
    if warning := kept_elsewhere(workplace.config):
        click.echo(warning, err=True)
    from tocsin.engine import opening

    engine = opening.open_engine(workplace.config, clock=clock, watching=watching)
    try:
        yield engine
    finally:
        engine.store.close()
