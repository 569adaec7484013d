"""Checks and what came of them, as rows and documents."""

from __future__ import annotations

from tocsin.cli.screen import Cell, Column, Row
from tocsin.core.check import Check, CheckResult
from tocsin.core.check_words import failure_of, question_of, success_of
from tocsin.core.compose import TONES
from tocsin.core.message import Tone
from tocsin.core.words import duration
from tocsin.documents.checks import shown_severity, status_of

COLUMNS = (
    Column(name="Check"),
    Column(name="Pipeline"),
    Column(name="Status"),
    Column(name="Severity"),
    Column(name="Failing", right=True),
    Column(name="Of", right=True),
    Column(name="Took", right=True),
    Column(name="Question", below="asks:"),
    Column(name="Answer", below="says:"),
)
LISTED = (
    Column(name="Check"),
    Column(name="Pipeline"),
    Column(name="Kind"),
    Column(name="Table"),
    Column(name="Owner"),
    Column(name="Written in"),
    Column(name="Question", below="asks:"),
)


def check_row(result: CheckResult) -> Row:
    """Return what a list shows of a result, for `COLUMNS`."""
    severity = shown_severity(result)
    return (
        Cell(text=result.check.name, tone=TONES[severity] if severity is not None else Tone.GOOD),
        result.check.pipeline,
        status_of(result).value,
        severity.value if severity is not None else "",
        f"{result.failing:,}" if result.failing is not None else "",
        f"{result.checked:,}" if result.checked is not None else "",
        duration(result.took),
        question_of(result.check),
        result.error or (failure_of(result) if severity is not None else success_of(result)),
    )


def listed_row(check: Check) -> Row:
    """Return what a list shows of a check, for `LISTED`."""
    return (
        check.name,
        check.pipeline,
        check.kind.value,
        check.table,
        check.owner,
        check.origin,
        question_of(check),
    )
