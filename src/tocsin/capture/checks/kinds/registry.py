"""Every kind of declared check."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from sqlglot import exp

from tocsin.capture.checks.asked import Asked
from tocsin.capture.checks.kinds import (
    accepted_values,
    expression,
    freshness,
    not_null,
    relationship,
    row_count,
    unique,
    value_range,
)
from tocsin.core.check import CheckKind


@dataclass(frozen=True, kw_only=True)
class Declared:
    """How a kind of check is asked."""

    #: Return the query for the failures.
    failing: Callable[[Asked], exp.Query]
    #: What is shown of a table that fails as a whole.
    shows: tuple[str, ...] = ()


KINDS: Mapping[CheckKind, Declared] = {
    CheckKind.NOT_NULL: Declared(failing=not_null.failing),
    CheckKind.UNIQUE: Declared(failing=unique.failing),
    CheckKind.ACCEPTED_VALUES: Declared(failing=accepted_values.failing),
    CheckKind.RELATIONSHIP: Declared(failing=relationship.failing),
    CheckKind.ROW_COUNT: Declared(failing=row_count.failing, shows=(row_count.SHOWS,)),
    CheckKind.RANGE: Declared(failing=value_range.failing),
    CheckKind.FRESHNESS: Declared(failing=freshness.failing, shows=(freshness.SHOWS,)),
    CheckKind.EXPRESSION: Declared(failing=expression.failing),
}
