"""Settings from files, for programs that do not have dlt to read them."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Sequence
from pathlib import Path

from tocsin.config.layer import Layer
from tocsin.config.merge import environment_layer

#: The one file of programs that have no dlt.
OWN_FILE = "tocsin.toml"
#: The files in order of precedence, and whether secrets may stand there.
_FILES = ((OWN_FILE, True), (".dlt/secrets.toml", True), (".dlt/config.toml", False))


def file_layers(directory: Path) -> Sequence[Layer]:
    """Return the environment and the files below `directory`, the one that wins first.

    A file that is no TOML becomes a layer with the problem in place of its values.
    """
    layers = [environment_layer(os.environ)]
    for name, secrets_allowed in _FILES:
        path = directory / name
        if path.is_file():
            layers.append(_read(path, name, secrets_allowed=secrets_allowed))
    return layers


def _read(path: Path, name: str, *, secrets_allowed: bool) -> Layer:
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        return Layer(origin=name, values={}, secrets_allowed=secrets_allowed, unreadable=str(error))
    return Layer(origin=name, values=values, secrets_allowed=secrets_allowed)
