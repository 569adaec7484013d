"""Several layers become one tree whose leaves know where they came from."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tocsin.config.layer import Layer

_PREFIXES = ("TOCSIN__", "RUNTIME__")


@dataclass(frozen=True, kw_only=True)
class Leaf:
    """A value and the layer that won."""

    value: object
    layer: Layer


Tree = dict[str, "Leaf | Tree"]


def merge(layers: Sequence[Layer]) -> Tree:
    """Return one tree; for each leaf the first layer that has it wins."""
    tree: Tree = {}
    for layer in layers:
        _add(tree, layer.values, layer)
    return tree


def environment_layer(environ: Mapping[str, str]) -> Layer:
    """Read `TOCSIN__CHANNELS__OPS__TYPE` and the like, as dlt reads its own variables.

    A value that begins like a JSON list or table is read as one.
    """
    values: dict[str, object] = {}
    for name, text in environ.items():
        if not name.startswith(_PREFIXES):
            continue
        *sections, key = name.lower().split("__")
        table = values
        for section in sections:
            inner = table.setdefault(section, {})
            table = inner if isinstance(inner, dict) else {}
        table[key] = _read(text)
    return Layer(origin="environment", values=values, secrets_allowed=True)


def _read(text: str) -> object:
    if text.lstrip()[:1] in {"[", "{"}:
        try:
            return json.loads(text)
        except ValueError:
            return text
    return text


def _add(tree: Tree, values: Mapping[str, object], layer: Layer) -> None:
    for key, value in values.items():
        present = tree.get(key)
        if isinstance(value, Mapping):
            if present is None:
                present = tree[key] = {}
            if isinstance(present, dict):
                _add(present, value, layer)
        elif present is None:
            tree[key] = Leaf(value=value, layer=layer)
