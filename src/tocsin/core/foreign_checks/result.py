"""What all formats share: where a document comes from, and results as ours are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from tocsin.core.check import Check, CheckResult, Threshold
from tocsin.core.severity import Severity

#: Longer messages are cut: a tool may put a whole traceback there.
_LONGEST = 1000


@dataclass(frozen=True, kw_only=True)
class Source:
    """What a document does not tell of itself."""

    #: The file, for people.
    file: str
    environment: str
    #: When it was read, aware; for results that have no time.
    at: datetime
    #: What the checks are about; empty for what the document says.
    pipeline: str = ""
    #: dbt's manifest, beside its results.
    manifest: Mapping[str, Any] | None = None


@dataclass(frozen=True, kw_only=True)
class Told:
    """What a tool says of one of its checks."""

    tool: str
    name: str
    pipeline: str
    question: str = ""
    table: str = ""
    column: str = ""
    owner: str = ""
    #: How much the failures matter; None where the check has passed, or could not be run.
    severity: Severity | None = None
    #: Rows that fail; None where the tool does not count them.
    failing: int | None = None
    checked: int | None = None
    #: What the tool says of the failure, where it counts no rows.
    message: str = ""
    sql: str = ""
    error: str = ""
    at: datetime | None = None
    took: float = 0

    def result(self, source: Source) -> CheckResult:
        """Return it as a result of ours, which a check of ours would have had."""
        failing = self.failing if self.failing is not None else int(self.severity is not None)
        check = Check(
            name=self.name,
            pipeline=source.pipeline or self.pipeline,
            question=self.question or self.name.replace("_", " "),
            table=self.table,
            columns=(self.column,) if self.column else (),
            owner=self.owner,
            severity=self.severity,
            # Whether it is too many was decided by the tool.
            warn_over=Threshold(count=failing - 1 if self.severity is not None else failing),
            origin=source.file,
        )
        return CheckResult(
            check=check,
            environment=source.environment,
            at=self.at or source.at,
            failing=None if self.error else failing,
            checked=self.checked,
            sql=self.sql.strip(),
            took=timedelta(seconds=self.took),
            error=self.error.strip()[:_LONGEST],
            tool=self.tool,
            message=self.message.strip()[:_LONGEST],
        )


def moment(text: object) -> datetime | None:
    """Return an aware moment in UTC from ISO 8601; None where there is none, naive ones are taken for UTC.

    Raises:
        ValueError: It is no time.
    """
    if not text:
        return None
    at = datetime.fromisoformat(str(text))
    return at.astimezone(UTC) if at.tzinfo is not None else at.replace(tzinfo=UTC)
