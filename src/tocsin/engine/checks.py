"""What came of checks becomes findings."""

from __future__ import annotations

from collections.abc import Sequence

from tocsin.core.check import CheckResult
from tocsin.core.rules.checks import judge_check
from tocsin.core.run import Run
from tocsin.engine.engine import Engine
from tocsin.engine.evaluate import advance_findings
from tocsin.store.protocol import Transaction


def take_checks(engine: Engine, tx: Transaction, results: Sequence[CheckResult], run: Run | None) -> None:
    """Keep the results of checks, and tell of those that fail, cannot be run or pass again.

    Args:
        engine: The engine.
        tx: The transaction that brings the results.
        results: One a check, all of one pipeline or of several.
        run: The run that had loaded the data, where there was one.
    """
    findings = []
    for result in results:
        check = result.check
        history = tx.check_history(check.pipeline, result.environment, check.name)
        findings.append(judge_check(result, history.before(result.at)))
        tx.save_check_history(history.add(result))
    advance_findings(engine, tx, findings, run)
