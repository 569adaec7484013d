"""What is asked of loaded data, and what came of asking."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple

from tocsin.core.severity import Severity

#: A value as a configuration can hold it.
Scalar = str | int | float | bool


class CheckKind(StrEnum):
    """What a check asks. All but SQL are written by Tocsin."""

    NOT_NULL = "not_null"
    UNIQUE = "unique"
    ACCEPTED_VALUES = "accepted_values"
    RELATIONSHIP = "relationship"
    ROW_COUNT = "row_count"
    RANGE = "range"
    FRESHNESS = "freshness"
    EXPRESSION = "expression"
    #: A query of the user's; the rows that it returns are the failures.
    SQL = "sql"

    @property
    def whole(self) -> bool:
        """Whether the table as a whole passes or fails, and not each row of it."""
        return self in {CheckKind.ROW_COUNT, CheckKind.FRESHNESS}


@dataclass(frozen=True, kw_only=True)
class Threshold:
    """How many failures are too many: more than a count, or more than a share of what was checked."""

    count: int | None = None
    percent: float | None = None

    def exceeded(self, failing: int, of: int | None) -> bool:
        """Return whether there are more failures; a share of nobody knows how many is never exceeded."""
        if self.count is not None:
            return failing > self.count
        return bool(of) and 100 * failing / (of or 1) > (self.percent or 0)


def parse_threshold(value: object) -> Threshold:
    """Read "10" or 10 as a count of failures, "1%" as a share of what was checked.

    Raises:
        ValueError: The value is neither.
    """
    text = str(value).strip()
    if text.isdecimal():
        return Threshold(count=int(text))
    share = text.removesuffix("%").strip()
    if share != text and share.replace(".", "", 1).isdecimal() and float(share) <= 100:  # noqa: PLR2004  # all of them
        return Threshold(percent=float(share))
    raise ValueError('expected a number of failures, 0 or more, or a share such as "1%"')


@dataclass(frozen=True, kw_only=True)
class Check:
    """A question to the destination, and who has to know where the answer is no."""

    name: str
    pipeline: str
    kind: CheckKind = CheckKind.SQL
    #: What has to be true, in words; empty where the kind tells it well enough.
    question: str = ""
    #: The table that is asked; a query of the user's may do without.
    table: str = ""
    columns: tuple[str, ...] = ()
    #: What a column may hold (accepted_values).
    values: tuple[Scalar, ...] = ()
    #: Where each value has to be found: "customers.id" (relationship).
    to: str = ""
    #: Bounds that are allowed themselves (range, row_count).
    min: Scalar | None = None
    max: Scalar | None = None
    #: How old the newest value may be (freshness).
    max_age: timedelta | None = None
    #: What has to hold for each row, as SQL (expression).
    expression: str = ""
    #: A query whose rows are the failures (sql).
    sql: str = ""
    #: Only rows are asked for which this SQL holds.
    where: str = ""
    #: Only rows are asked that the run has loaded.
    loaded_rows_only: bool = False
    owner: str = ""
    #: How much each failure matters; None lets the thresholds decide between a warning and an error.
    severity: Severity | None = None
    warn_over: Threshold = Threshold(count=0)
    error_over: Threshold | None = None
    #: Columns of failing rows that may be shown to people.
    sample: tuple[str, ...] = ()
    #: The longest that it may take; None for what holds for all.
    timeout: timedelta | None = None
    #: Where it is written: a file, or a function of the user's.
    origin: str = ""


@dataclass(frozen=True, kw_only=True)
class CheckResult:
    """What came of one check."""

    check: Check
    environment: str
    at: datetime
    #: The run that had loaded the data; None where nobody waited for a run.
    run_id: str | None = None
    logical_id: str = ""
    #: Rows that fail, for `unique` values that are not; None where the check could not be run, or was not asked.
    failing: int | None = None
    #: Of how many rows; None where nobody knows, because the query names no table.
    checked: int | None = None
    #: A few failing rows, redacted and cut, in the order of `columns`.
    columns: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()
    #: The query that returns all failures.
    sql: str = ""
    took: timedelta = timedelta(0)
    #: Why it could not be run; empty where it could.
    error: str = ""
    #: The tool that has run it; empty for Tocsin itself.
    tool: str = ""
    #: What that tool says of the failure, where it counts no rows.
    message: str = ""

    @property
    def asked(self) -> bool:
        """Whether it was tried at all: one that reads nothing of what a run has loaded is not."""
        return self.failing is not None or bool(self.error)

    @property
    def of(self) -> int | None:
        """What a share of failures is a share of."""
        return 1 if self.check.kind.whole else self.checked


#: More than this share of the rows is an error and not a warning, where a check says nothing itself.
DEFAULT_ERROR_OVER = Threshold(percent=1)


def severity_of(result: CheckResult) -> Severity | None:
    """Return how much the failures of a check that could be run matter; None where it passes."""
    check, failing = result.check, result.failing or 0
    if not check.warn_over.exceeded(failing, result.of):
        return None
    error_over = check.error_over or (DEFAULT_ERROR_OVER if check.severity is None else None)
    least = check.severity or Severity.WARNING
    if error_over is not None and error_over.exceeded(failing, result.of):
        return max(least, Severity.ERROR, key=lambda one: one.order)
    return least


def trouble_of(result: CheckResult) -> int:
    """Return how bad a result is: 0 where the check passes, up to 4; one that could not be run is an error."""
    severity = Severity.ERROR if result.error else severity_of(result)
    return 0 if severity is None else severity.order + 1


class CheckPlace(NamedTuple):
    """Where a check stands among all of them, by which the next page is asked for: places sort as the list does."""

    #: How bad its last result is, below 0: see `trouble_of`.
    rank: int
    check: str
    pipeline: str
    environment: str

    @property
    def trouble(self) -> int:
        """How bad its last result is."""
        return -self.rank


#: Results of a check that are kept.
KEPT = 30


@dataclass(frozen=True, kw_only=True)
class CheckHistory:
    """The last results of a check, newest first, without rows and queries."""

    pipeline: str
    environment: str
    check: str
    results: tuple[CheckResult, ...] = ()

    @property
    def place(self) -> CheckPlace:
        """Where it stands in a list that begins with what is worst."""
        trouble = trouble_of(self.results[0]) if self.results else 0
        return CheckPlace(-trouble, self.check, self.pipeline, self.environment)

    def add(self, result: CheckResult) -> CheckHistory:
        """Return the history with one more result; an older one finds its place."""
        slim = replace(result, columns=(), rows=(), sql="")
        newest_first = sorted((slim, *self.results), key=lambda one: one.at, reverse=True)
        return replace(self, results=tuple(newest_first[:KEPT]))

    def before(self, moment: datetime) -> tuple[CheckResult, ...]:
        """Return the results before a moment, newest first."""
        return tuple(one for one in self.results if one.at < moment)
