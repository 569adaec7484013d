"""What reads raw settings by their table, and collects what is wrong with them."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TypeVar

from tocsin.config.merge import Leaf, Tree, merge
from tocsin.config.model import Problem
from tocsin.config.settings import Setting

T = TypeVar("T")


class Reader:
    """Collects problems, and where settings were found, while it reads."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self.problems: list[Problem] = []
        #: Where each setting was found that could be read, by its full key.
        self.origins: dict[str, str] = {}

    def read(
        self, tree: Tree, settings: Sequence[Setting], prefix: str, *, known: tuple[str, ...] = ()
    ) -> dict[str, object]:
        """Return the values that could be read; unknown keys and unreadable values become problems."""
        by_key = {setting.key: setting for setting in settings}
        values: dict[str, object] = {}
        for key, leaf in tree.items():
            if key in known:
                continue
            if key not in by_key:
                self.unknown(leaf, f"{prefix}.{key}", key, (*by_key, *known))
            elif not isinstance(leaf, Leaf):
                self.problems.append(problem_of(leaf, f"{prefix}.{key}", "expected a value, found a table"))
            else:
                try:
                    values[key] = by_key[key].read(leaf.value)
                    self.origins[f"{prefix}.{key}"] = leaf.layer.origin
                except ValueError as error:
                    self.problems.append(problem_of(leaf, f"{prefix}.{key}", str(error)))
        return values

    def unknown(self, leaf: Leaf | Tree, full: str, key: str, known: Sequence[str]) -> None:
        """Note that a key is not known."""
        near = difflib.get_close_matches(key, known, n=1)
        remedy = f"unknown key; did you mean {near[0]!r}?" if near else f"unknown key; known are: {', '.join(known)}"
        self.problems.append(problem_of(leaf, full, remedy))

    def entries(self, found: Leaf | Tree | None, key: str) -> Iterator[tuple[int, Tree]]:
        """Yield the number and the content of each table in a list of tables."""
        if found is None:
            return
        if not isinstance(found, Leaf) or not isinstance(found.value, list):
            self.problems.append(problem_of(found, key, f"expected a list of tables: write [[{key}]]"))
            return
        for number, table in enumerate(found.value, start=1):
            if isinstance(table, Mapping):
                yield number, merge([replace(found.layer, values=table)])
            else:
                self.problems.append(problem_of(found, f"{key}[{number}]", f"expected a table: write [[{key}]]"))

    def no_channel(self, leaf: Leaf | Tree | None, key: str, name: str, names: set[str]) -> None:
        """Note that no channel has this name."""
        known = f"there are: {', '.join(sorted(names))}" if names else "no channel is configured"
        problem = problem_of(leaf, key, f"no channel is called {name!r}; {known}")
        # What stands in the file may be a whole list of routes; the name is what matters.
        self.problems.append(replace(problem, found=name))


def value_of(values: Mapping[str, object], key: str, default: T) -> T:
    """Return the value of a key, of the type that its reader gives."""
    return values.get(key, default)  # type: ignore[return-value]  # the readers of the settings table give the types


def table_of(tree: Tree, key: str) -> Tree:
    """Return the table under a key; an empty one where there is none."""
    found = tree.get(key)
    return found if isinstance(found, dict) else {}


def origin_of(leaf: Leaf | Tree | None) -> str:
    """Return where something was found."""
    if isinstance(leaf, Leaf):
        return leaf.layer.origin
    return next((origin_of(inner) for inner in (leaf or {}).values()), "configuration")


def problem_of(leaf: Leaf | Tree | None, key: str, remedy: str) -> Problem:
    """Return a problem with what was found; it shows no value from where secrets may stand."""
    found = text_of(leaf.value)[:80] if isinstance(leaf, Leaf) and not leaf.layer.secrets_allowed else None
    return Problem(origin=origin_of(leaf), key=key, found=found, remedy=remedy)


def text_of(value: object) -> str:
    """Return a value as text, as the environment would give it."""
    return str(value).lower() if isinstance(value, bool) else str(value)
