"""Checks that are written in Python: `@tocsin.check(…)` and `tocsin.check("SELECT …", …)`."""

from __future__ import annotations

import inspect
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, TypedDict, TypeVar, Unpack, overload

from tocsin.config.check_settings import CHECK
from tocsin.config.checks import check_of
from tocsin.config.model import Problem
from tocsin.core.check import Check

_log = logging.getLogger("tocsin")
#: Takes dlt's dataset and returns the query for the failing rows: SQL text or a relation.
Writer = Callable[[Any], object]
F = TypeVar("F", bound=Writer)


@dataclass(frozen=True, kw_only=True)
class AskedCheck:
    """A check, and what writes its SQL where that is a function."""

    check: Check
    write: Writer | None = None


class CheckSettings(TypedDict, total=False):
    """What a check may say of itself: the keys of `[tocsin.checks.NAME]` that go with a query."""

    table: str
    owner: str
    #: "info", "warning", "error" or "critical".
    severity: str
    question: str
    #: Columns that may be shown.
    sample: Sequence[str]
    #: 10, or "1%".
    warn_over: int | str
    error_over: int | str
    loaded_rows_only: bool
    #: SQL that limits the rows of the table.
    where: str
    #: A number counts seconds.
    timeout: timedelta | float | str


_checks: dict[tuple[str, str], AskedCheck] = {}
_left_out: dict[str, Problem] = {}


def checks_in_code() -> tuple[Sequence[AskedCheck], Sequence[Problem]]:
    """Return the checks that the user's code has made so far, and what is wrong with those that are left out."""
    return tuple(_checks.values()), tuple(_left_out.values())


def forget_checks() -> None:
    """Forget them all."""
    _checks.clear()
    _left_out.clear()


@overload
def check(
    sql: None = None, *, pipeline: str, name: str = ..., **settings: Unpack[CheckSettings]
) -> Callable[[F], F]: ...
@overload
def check(sql: str, *, pipeline: str, name: str, **settings: Unpack[CheckSettings]) -> None: ...
def check(
    sql: str | None = None, *, pipeline: str, name: str = "", **settings: Unpack[CheckSettings]
) -> Callable[[F], F] | None:
    """Check what a pipeline has loaded: rows that the query returns are failures.

    As a decorator it takes a function that gets dlt's dataset and returns the query, as SQL or as a relation of dlt.
    With SQL in place of a function it needs a name. The check is run after each load of its table, and by
    `tocsin check run --module MODULE`. A setting that cannot be used raises nothing: the logger `tocsin` warns, and
    the check is left out.

    Args:
        sql: The query, in the SQL of the destination; None to decorate a function.
        pipeline: Name of the pipeline that loads the data.
        name: Alerts and history belong to it. Default: the name of the function.
        **settings: See `CheckSettings`, and what they mean in `[tocsin.checks.NAME]`. Where no question is given it is
            the first line of the docstring.

    Returns:
        A decorator that returns the function as it is; None where SQL was given.
    """
    if sql is not None:
        _keep(
            {"pipeline": pipeline, "sql": sql, **settings}, name=name, origin=f"{pipeline}.{name} in code", write=None
        )
        return None

    def keep(function: F) -> F:
        question = inspect.getdoc(function) or ""
        given = {"pipeline": pipeline, "sql": "(written by a function)", **settings}
        if question:
            given.setdefault("question", question.splitlines()[0].rstrip("."))
        # Not everything that can be called has a name.
        own = str(getattr(function, "__name__", ""))
        origin = f"{function.__module__}.{getattr(function, '__qualname__', own)}"
        _keep(given, name=name or own, origin=origin, write=function)
        return function

    return keep


def _keep(given: dict[str, object], *, name: str, origin: str, write: Writer | None) -> None:
    readers = {setting.key: setting.read for setting in CHECK}
    try:
        if not name:
            raise ValueError("name is missing")  # noqa: TRY301  # told like what else is wrong
        if unknown := given.keys() - readers.keys():
            raise ValueError(f"unknown: {', '.join(sorted(unknown))}; known are: {', '.join(readers)}")  # noqa: TRY301
        values = {key: readers[key](_plain(value)) for key, value in given.items() if value is not None}
        made = check_of(values, name=name, origin=origin)
    except ValueError as error:
        problem = Problem(origin=origin, key=f"tocsin.check {name!r}", found=None, remedy=str(error))
        _log.warning("a check is left out: %s", problem)
        _left_out[origin] = problem
        return
    _left_out.pop(origin, None)
    _checks[made.pipeline, made.name] = AskedCheck(check=made, write=write)


def _plain(value: object) -> object:
    """Return a value as it would stand in a file."""
    if isinstance(value, timedelta):
        return value.total_seconds()
    return list(value) if isinstance(value, tuple | set) else value
