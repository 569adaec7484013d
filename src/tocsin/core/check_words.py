"""Checks in words: what is asked, and what came of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from tocsin.core.check import Check, CheckKind, CheckResult
from tocsin.core.words import count, duration, listing

#: Values and results that a sentence shows.
_VALUES, _TREND = 5, 5


def question_of(check: Check) -> str:
    """Return what has to be true: in the words of the user, or else in ours."""
    return check.question or _ASKED[check.kind](check)


def failure_of(result: CheckResult) -> str:
    """Return "12 of 340 rows fail (3.5 %)", "2 values fail", "row count is 3"."""
    failing = result.failing or 0
    if result.message:
        return result.message
    if result.check.kind.whole and result.rows:
        return f"{result.columns[0].replace('_', ' ')} is {result.rows[0][0]}"
    if result.check.kind is CheckKind.UNIQUE:
        among = f" among {count(result.checked, 'row')}" if result.checked is not None else ""
        return f"{count(failing, 'value')} more than once{among}"
    verb = "fails" if failing == 1 else "fail"
    if not result.checked:
        return f"{count(failing, 'row')} {verb}"
    return f"{failing:,} of {count(result.checked, 'row')} {verb} ({_share(failing, result.checked)})"


def success_of(result: CheckResult) -> str:
    """Return why the problem is over."""
    if result.failing:
        return f"{failure_of(result)}, which is allowed"
    return f"no row of {result.checked:,} fails" if result.checked else "no row fails"


def trend_of(result: CheckResult, earlier: Sequence[CheckResult]) -> str:
    """Return "0, 3, 12, now 51" for the last results; empty where there is none before.

    Args:
        result: The newest result.
        earlier: Those before it, newest first.
    """
    counts = [one.failing for one in earlier[:_TREND] if one.failing is not None]
    if not counts or result.failing is None:
        return ""
    return ", ".join([*(f"{number:,}" for number in reversed(counts)), f"now {result.failing:,}"])


def _share(failing: int, checked: int) -> str:
    percent = 100 * failing / checked
    return "less than 0.1 %" if percent < 0.1 else f"{percent:.3g} %"  # noqa: PLR2004  # as it says


def _of_columns(check: Check) -> str:
    return f"{' and '.join(check.columns)} of {check.table}"


def _is(check: Check) -> str:
    return "is" if len(check.columns) == 1 else "are"


def _bounds(check: Check) -> str:
    if check.min is not None and check.max is not None:
        return f"between {check.min} and {check.max}"
    return f"at least {check.min}" if check.min is not None else f"at most {check.max}"


_ASKED: Mapping[CheckKind, Callable[[Check], str]] = {
    CheckKind.NOT_NULL: lambda check: f"{_of_columns(check)} {_is(check)} never empty",
    CheckKind.UNIQUE: lambda check: (
        f"{_of_columns(check)} {_is(check)} unique" + (" together" if len(check.columns) > 1 else "")
    ),
    CheckKind.ACCEPTED_VALUES: lambda check: (
        f"{_of_columns(check)} {_is(check)} one of {listing([str(value) for value in check.values], most=_VALUES)}"
    ),
    CheckKind.RELATIONSHIP: lambda check: f"each {_of_columns(check)} is found in {check.to}",
    CheckKind.ROW_COUNT: lambda check: f"{check.table} has {_bounds(check)} rows",
    CheckKind.RANGE: lambda check: f"{_of_columns(check)} {_is(check)} {_bounds(check)}",
    CheckKind.FRESHNESS: lambda check: (
        f"the newest {_of_columns(check)} is at most {duration(check.max_age) if check.max_age else ''} old"
    ),
    CheckKind.EXPRESSION: lambda check: f"{check.expression} for each row of {check.table}",
    CheckKind.SQL: lambda check: check.name.replace("_", " "),
}
