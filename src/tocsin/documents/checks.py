"""What came of a check, as a document."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from tocsin.core.check import CheckKind, CheckResult, severity_of
from tocsin.core.check_words import question_of
from tocsin.core.severity import Severity


class CheckStatus(StrEnum):
    """How a check ended."""

    PASSED = "passed"
    FAILED = "failed"
    #: It could not be run.
    ERROR = "error"


@dataclass(frozen=True, kw_only=True)
class CheckDocument:
    """One result of a check."""

    pipeline: str
    environment: str
    check: str
    at: datetime
    run_id: str | None
    kind: CheckKind
    table: str
    question: str
    status: CheckStatus
    severity: Severity | None
    failing: int | None
    checked: int | None
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    sql: str
    error: str
    took_seconds: float


def check_document(result: CheckResult) -> CheckDocument:
    """Return the result of a check."""
    return CheckDocument(
        pipeline=result.check.pipeline,
        environment=result.environment,
        check=result.check.name,
        at=result.at,
        run_id=result.run_id,
        kind=result.check.kind,
        table=result.check.table,
        question=question_of(result.check),
        status=status_of(result),
        severity=shown_severity(result),
        failing=result.failing,
        checked=result.checked,
        columns=result.columns,
        rows=result.rows,
        sql=result.sql,
        error=result.error,
        took_seconds=result.took.total_seconds(),
    )


def status_of(result: CheckResult) -> CheckStatus:
    """Return how a check ended."""
    if result.error:
        return CheckStatus.ERROR
    return CheckStatus.PASSED if severity_of(result) is None else CheckStatus.FAILED


def shown_severity(result: CheckResult) -> Severity | None:
    """Return how much the result matters; None where the check passes."""
    return Severity.ERROR if result.error else severity_of(result)
