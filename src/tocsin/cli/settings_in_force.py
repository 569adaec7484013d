"""What is in force, and which file says so."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from tocsin.channels.registry import CHANNELS
from tocsin.cli.workplace import Workplace
from tocsin.config.merge import RUNTIME_KEYS, Leaf, Tree, merge
from tocsin.config.settings import CHANNEL, GENERAL, Setting
from tocsin.core.redact import Redactor

_MASK = "(secret)"


@dataclass(frozen=True, kw_only=True)
class InForce:
    """One setting."""

    #: The full key: "tocsin.channels.ops.webhook_url".
    key: str
    #: As it is written; "(secret)" for secrets, and None where there is none.
    value: str | None
    #: The file, "environment" or the vault; "default" where nothing is set.
    origin: str


def settings_in_force(place: Workplace) -> list[InForce]:
    """Return the general settings, the defaults among them, and all that is set of channels, pipelines and routes."""
    whole = merge(place.layers)
    tree, runtime = (_table(whole.get(name)) for name in ("tocsin", "runtime"))
    defaults = {"home": str(place.config.home), "store": place.config.store}
    general = [_general(setting, tree.get(setting.key), defaults.get(setting.key)) for setting in GENERAL]
    known = {setting.key for setting in GENERAL}
    others: Tree = {key: leaf for key, leaf in tree.items() if key not in known}
    addresses: Tree = {key: leaf for key, leaf in runtime.items() if key in RUNTIME_KEYS}
    of_dlt = _set(addresses, "runtime", {f"runtime.{key}" for key in RUNTIME_KEYS})
    return [*general, *_set(others, "tocsin", _secrets(tree)), *of_dlt]


def _table(leaf: Leaf | Tree | None) -> Tree:
    return leaf if isinstance(leaf, dict) else {}


def _general(setting: Setting, leaf: Leaf | Tree | None, default: str | None) -> InForce:
    key = f"tocsin.{setting.key}"
    if isinstance(leaf, Leaf):
        try:
            setting.read(leaf.value)
        except ValueError:
            # `config check` tells what is wrong; the default is in force.
            pass
        else:
            return InForce(key=key, value=_MASK if setting.secret else _shown(leaf.value), origin=leaf.layer.origin)
    return InForce(key=key, value=_shown(default or setting.default), origin="default")


def _set(tree: Tree, prefix: str, secrets: set[str]) -> Iterator[InForce]:
    for name, leaf in tree.items():
        key = f"{prefix}.{name}"
        if isinstance(leaf, dict):
            yield from _set(leaf, key, secrets)
        else:
            value = _MASK if key in secrets else _shown(leaf.value)
            yield InForce(key=key, value=value, origin=leaf.layer.origin)


def _secrets(tree: Tree) -> set[str]:
    """Return the keys of channels' settings that are secrets, or that nobody knows."""
    secrets = {"tocsin.oidc.client_secret"}
    for name, table in _table(tree.get("channels")).items():
        if isinstance(table, Leaf):
            continue
        kind = table.get("type")
        channel = CHANNELS.get(str(kind.value)) if isinstance(kind, Leaf) else None
        harmless = {setting.key for setting in CHANNEL}
        harmless |= {field.name for field in channel.fields if not field.secret} if channel else set()
        secrets |= {f"tocsin.channels.{name}.{key}" for key in table if key not in harmless}
    return secrets


def _shown(value: object) -> str | None:
    """Return a value as text; a URL loses its password."""
    if value is None:
        return None
    if isinstance(value, Mapping | list):
        return Redactor()(json.dumps(value, default=str))
    return Redactor()(str(value).lower() if isinstance(value, bool) else str(value))
