"""Do the data pass their checks?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tocsin.core.check import CheckResult, severity_of
from tocsin.core.check_words import failure_of, question_of, success_of, trend_of
from tocsin.core.finding import Finding, Kind, Topic, Trait
from tocsin.core.severity import Severity
from tocsin.core.words import duration


def judge_check(result: CheckResult, earlier: Sequence[CheckResult]) -> Finding:
    """Return what a result means: failures, a check that could not be run, or that all is well.

    Args:
        result: What came of the check.
        earlier: Its results before this one, newest first.
    """
    if result.error:
        return _finding(
            result,
            kind=Kind.CHECK_ERROR,
            # As long as it cannot be run, nobody knows whether the data are right.
            severity=Severity.ERROR,
            summary=f"could not be run: {result.error.splitlines()[0]}",
            hint=_again(result, "Mend the check"),
            evidence={"Written in": result.check.origin, "Error": result.error},
        )
    if (severity := severity_of(result)) is None:
        return _finding(result, kind=Kind.RECOVERED, severity=Severity.INFO, summary=success_of(result))
    return _finding(
        result,
        kind=Kind.CHECK,
        severity=severity,
        summary=f"{question_of(result.check)}: {failure_of(result)}",
        hint=_again(result, "Mend the rows" + (", the query below returns them" if result.sql else "")),
        evidence={
            "Question": question_of(result.check),
            "Answer": failure_of(result),
            "Trend": trend_of(result, earlier),
            "Table": result.check.table,
            "Took": duration(result.took),
        },
    )


def _finding(
    result: CheckResult,
    *,
    kind: Kind,
    severity: Severity,
    summary: str,
    hint: str = "",
    evidence: Mapping[str, str] | None = None,
) -> Finding:
    check = result.check
    traits = {Trait.OWNER: check.owner, Trait.TABLE: check.table}
    return Finding(
        kind=kind,
        topic=Topic.CHECK,
        subject=check.pipeline,
        environment=result.environment,
        item=check.name,
        severity=severity,
        at=result.at,
        summary=summary,
        hint=hint,
        run_id=result.run_id,
        logical_id=result.logical_id,
        evidence={label: value for label, value in (evidence or {}).items() if value},
        code={"Failing rows": _drawn(result), "Query": result.sql} if kind is not Kind.RECOVERED else {},
        traits={trait.value: value for trait, value in traits.items() if value},
    )


def _again(result: CheckResult, first: str) -> str:
    check = result.check
    if result.tool:
        return f"{first}, run {result.tool} once more, then type: tocsin check import {check.origin}"
    return f"{first}, then type: tocsin check run --pipeline {check.pipeline} {check.name}"


def _drawn(result: CheckResult) -> str:
    """Return a few failing rows as a table of text; what is said of a whole table is in the sentence already."""
    if not result.rows or result.check.kind.whole:
        return ""
    lines = [result.columns, *result.rows]
    widths = [max(len(line[column]) for line in lines) for column in range(len(result.columns))]
    drawn = ["  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in lines]
    more = (result.failing or 0) - len(result.rows)
    return "\n".join([*drawn, *([f"+{more:,} more"] if more > 0 else [])])
