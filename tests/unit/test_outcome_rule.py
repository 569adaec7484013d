"""How a run ended, and whether that is news."""

from __future__ import annotations

from typing import Any

import pytest

from made import alert, cause, good_run, run
from tocsin.core.finding import Kind, Topic
from tocsin.core.rules.outcome import judge
from tocsin.core.run import Context, FailedJob, Outcome, Run, Stage, TableLoad
from tocsin.core.severity import Severity

_JOBS = tuple(FailedJob(job=f"{table}.1.jsonl", table=table, message="no") for table in ("items", "orders"))


@pytest.mark.parametrize(
    ("made", "kind", "severity", "said"),
    [
        (run(), Kind.FAILED, Severity.ERROR, "503"),
        # dlt calls it ok, and rows are missing.
        (
            run(outcome=Outcome.PARTIAL, failed_jobs=_JOBS, cause=None, stage=Stage.LOAD),
            Kind.PARTIAL,
            Severity.ERROR,
            "2 load jobs failed in a run that dlt reports as ok: rows are missing in items, orders",
        ),
        (
            run(outcome=Outcome.DIED, cause=None, stage=Stage.LOAD),
            Kind.DIED,
            Severity.CRITICAL,
            "the process ended without a word during load",
        ),
        (run(outcome=Outcome.EXITED), Kind.EXITED, Severity.ERROR, ""),
        # A signal from a scheduler is news; whoever pressed Ctrl-C knows.
        (run(outcome=Outcome.INTERRUPTED), Kind.INTERRUPTED, Severity.WARNING, ""),
        (
            run(outcome=Outcome.INTERRUPTED, context=Context(interactive=True)),
            Kind.INTERRUPTED,
            Severity.INFO,
            "",
        ),
        # A failed attempt that will be repeated matters less than the last one.
        (run(attempt=1, max_attempts=3), Kind.FAILED, Severity.WARNING, ""),
        (run(attempt=3, max_attempts=3), Kind.FAILED, Severity.ERROR, ""),
        (
            good_run(outcome=Outcome.PENDING_ONLY),
            Kind.PENDING_ONLY,
            Severity.WARNING,
            "only a pending load package of an earlier run was loaded",
        ),
    ],
)
def test_each_end_is_told_apart(made: Run, kind: Kind, severity: Severity, said: str) -> None:
    """The outcome is not binary: every end has its kind, its severity and its sentence."""
    finding = judge(made, None, None)

    assert finding is not None
    assert (finding.kind, finding.severity, finding.topic) == (kind, severity, Topic.DELIVERY)
    assert said in finding.summary


@pytest.mark.parametrize(
    ("made", "said"),
    [
        (
            good_run(tables=(TableLoad(table="orders", rows=1204), TableLoad(table="_dlt_loads", rows=1))),
            "a run loaded 1,204 rows into 1 table in 1 min",
        ),
        (good_run(outcome=Outcome.NO_DATA), "a run went well in 1 min and found no new data"),
        (good_run(outcome=Outcome.PENDING_ONLY), "a run loaded the pending package; nothing new was extracted"),
        (good_run(), "a run went well"),
    ],
)
def test_a_good_end_recovers_and_says_how(made: Run, said: str) -> None:
    """The recovery tells what was loaded, without dlt's own tables."""
    finding = judge(made, alert(), None)

    assert finding is not None
    assert finding.kind is Kind.RECOVERED
    assert said in finding.summary


@pytest.mark.parametrize(
    ("made", "context"),
    [
        # A failure that a later run has made good is history: events of other machines arrive late.
        (run(), {"newer_success": good_run()}),
        # The pipeline inside a watched job has told it.
        (run(told_elsewhere=True), {}),
        # Somebody aborted the packages on purpose.
        (run(outcome=Outcome.ABORTED, cause=None), {}),
        # What it depends on failed, and has an alert.
        (run(outcome=Outcome.BLOCKED, cause=None), {}),
    ],
)
def test_what_is_no_news_is_no_finding(made: Run, context: dict[str, Any]) -> None:
    """One problem is told once, and what is over is not told."""
    assert judge(made, None, context.get("newer_success")) is None


def test_the_reason_is_the_same_for_the_same_failure() -> None:
    """Two runs with the same error have one reason, another error has another, and so have other failed tables."""

    def reason(made: Run) -> str:
        finding = judge(made, None, None)
        assert finding is not None
        return finding.reason_key

    partial: dict[str, Any] = {"outcome": Outcome.PARTIAL, "cause": None}
    assert reason(run("a")) == reason(run("b"))
    assert reason(run("a")) != reason(run("b", cause=cause(exception="KeyError", message="'id'")))
    assert reason(run("a", failed_jobs=_JOBS, **partial)) != reason(run("b", failed_jobs=_JOBS[:1], **partial))
