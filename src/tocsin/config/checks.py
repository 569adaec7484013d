"""One table of `[tocsin.checks]`, or the head of a file in `checks/`, becomes a Check."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from tocsin.config.check_settings import CHECK
from tocsin.config.merge import Leaf, Tree
from tocsin.config.model import Problem
from tocsin.config.reader import Reader, origin_of, problem_of, value_of
from tocsin.core.check import Check, CheckKind, Threshold
from tocsin.core.severity import Severity

#: What each kind cannot do without; bounds are looked at by themselves.
_NEEDS: Mapping[CheckKind, tuple[str, ...]] = {
    CheckKind.NOT_NULL: ("table", "columns"),
    CheckKind.UNIQUE: ("table", "columns"),
    CheckKind.ACCEPTED_VALUES: ("table", "columns", "values"),
    CheckKind.RELATIONSHIP: ("table", "columns", "to"),
    CheckKind.ROW_COUNT: ("table",),
    CheckKind.RANGE: ("table", "columns"),
    CheckKind.FRESHNESS: ("table", "columns", "max_age"),
    CheckKind.EXPRESSION: ("table", "expression"),
    CheckKind.SQL: ("sql",),
}
_BOUNDED = frozenset({CheckKind.RANGE, CheckKind.ROW_COUNT})
_ONE_COLUMN = frozenset({CheckKind.RELATIONSHIP, CheckKind.FRESHNESS})


def read_checks(reader: Reader, tree: Tree) -> tuple[Check, ...]:
    """Return the checks that can be used; what is wrong with the others is noted in `reader`."""
    found = []
    for name, table in tree.items():
        prefix = f"tocsin.checks.{name}"
        if isinstance(table, Leaf):
            reader.problems.append(problem_of(table, prefix, f"expected a table: write [{prefix}]"))
            continue
        if (check := read_check(reader, table, name=name, prefix=prefix)) is not None:
            found.append(check)
    return tuple(found)


def read_check(reader: Reader, table: Tree, *, name: str, prefix: str) -> Check | None:
    """Return the check in one table; None, and a problem in `reader`, where it cannot be used."""
    before, origin = len(reader.problems), origin_of(table)
    given = reader.read(table, CHECK, prefix)
    if len(reader.problems) > before:
        return None
    try:
        return check_of(given, name=name, origin=origin)
    except ValueError as error:
        reader.problems.append(Problem(origin=origin, key=prefix, found=None, remedy=str(error)))
        return None


def check_of(given: Mapping[str, object], *, name: str, origin: str) -> Check:
    """Return a check.

    Args:
        given: Values by the keys of `settings.CHECK`.
        name: Name of the check; alerts and history belong to it.
        origin: Where it is written.

    Raises:
        ValueError: Something is missing, or does not go together.
    """
    kind = _kind(given)
    missing = [key for key in ("pipeline", *_NEEDS[kind]) if key not in given]
    if missing:
        raise ValueError(f"{kind.value} needs {' and '.join(missing)}")
    if kind in _BOUNDED and not {"min", "max"} & given.keys():
        raise ValueError(f"{kind.value} needs min, max or both")
    columns: tuple[str, ...] = value_of(given, "columns", ())
    if kind in _ONE_COLUMN and len(columns) != 1:
        raise ValueError(f"{kind.value} asks one column, found {len(columns)}: write a check for each")
    to = str(given.get("to", ""))
    if kind is CheckKind.RELATIONSHIP and not all(to.rpartition(".")[::2]):
        raise ValueError('"to" names a table and a column: to = "customers.id"')
    needs_rows = kind is CheckKind.SQL and "table" not in given
    for key in ("warn_over", "error_over"):
        if needs_rows and isinstance(given.get(key), Threshold) and value_of(given, key, Threshold()).count is None:
            raise ValueError(f"{key} is a share of the rows of a table: name the table")
    if needs_rows and {"where", "loaded_rows_only"} & given.keys():
        raise ValueError("where and loaded_rows_only limit the rows of a table: name the table")
    check = Check(
        name=name,
        pipeline=str(given["pipeline"]),
        kind=kind,
        columns=columns,
        severity=Severity(str(given["severity"])) if "severity" in given else None,
        origin=origin,
    )
    rest = given.keys() - {"pipeline", "kind", "columns", "severity"}
    return replace(check, **{key: given[key] for key in rest})  # type: ignore[arg-type]  # the readers give the types


def _kind(given: Mapping[str, object]) -> CheckKind:
    if "kind" in given:
        return CheckKind(str(given["kind"]))
    if "sql" in given:
        return CheckKind.SQL
    raise ValueError(f'"kind" is missing; it is one of {", ".join(CheckKind)}')
