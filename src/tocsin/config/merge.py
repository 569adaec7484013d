"""Several layers become one tree whose leaves know where they came from."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tocsin.config.layer import Layer

#: From dlt's own `[runtime]` Tocsin takes these two.
RUNTIME_KEYS = ("slack_incoming_hook", "sentry_dsn")
_TOCSIN = "TOCSIN__"
_RUNTIME = frozenset(f"RUNTIME__{key.upper()}" for key in RUNTIME_KEYS)


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
    """Read `TOCSIN__A__B` as `{"tocsin": {"a": {"b": …}}}`, and the two settings of dlt's runtime, as dlt does.

    A value that begins like a JSON list or table is read as one.
    """
    values: dict[str, object] = {}
    for name, text in sorted(environ.items()):
        if not name.startswith(_TOCSIN) and name not in _RUNTIME:
            continue
        *tables, key = name.lower().split("__")
        table = values
        for each in tables:
            inner = table.setdefault(each, {})
            if not isinstance(inner, dict):
                break  # Something shorter has a value here already, as in A__B=1 beside A__B__C=2.
            table = inner
        else:
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
