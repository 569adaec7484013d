"""`/checks/PIPELINE/NAME`: since when is the answer wrong, and which rows?"""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from shlex import quote
from typing import Annotated
from urllib.parse import unquote
from xml.etree.ElementTree import Element

from fastapi import APIRouter, Query, Request, Response

from tocsin.core.alert import Alert
from tocsin.core.check import DEFAULT_ERROR_OVER, Check, CheckHistory, CheckResult, Threshold
from tocsin.core.check_words import question_of
from tocsin.core.finding import Topic, fingerprint
from tocsin.core.message import Tone
from tocsin.core.phrases import ago, pipeline
from tocsin.core.words import count, duration
from tocsin.report.check_results import answer, draw_results, tone_of_result
from tocsin.store.protocol import Transaction
from tocsin.web.pages.addresses import of_check, of_pipeline, of_run
from tocsin.web.pages.alert_card import READ, AlertCard, card_of
from tocsin.web.pages.frame import Frame
from tocsin.web.pages.missing import missing
from tocsin.web.rendering import render

router = APIRouter(include_in_schema=False)

#: Other checks whose names are offered.
_NEAR = 5
#: Under these labels the rule about checks keeps what an alert shows besides: see `tocsin.core.rules.checks`.
_ROWS, _QUERY = "Failing rows", "Query"


@dataclass(frozen=True, kw_only=True)
class Line:
    """One result."""

    at: datetime
    answer: str
    tone: Tone
    failing: str
    checked: str
    took: str
    run_url: str


@dataclass(frozen=True, kw_only=True)
class CheckView:
    """What the page shows of a check."""

    name: str
    question: str
    verdict: str
    tone: Tone
    pipeline: str
    pipeline_url: str
    facts: Sequence[tuple[str, str]]
    strip: Element
    lines: Sequence[Line]
    card: AlertCard | None
    #: A few failing rows, redacted; empty where there are none, or none may be shown.
    rows: str
    #: The query that returns all failures; empty where nobody knows it.
    query: str
    #: What to type to ask again.
    again: str


@router.get("/checks/{names:path}")  # noqa: FAST003  # read from the address as it was sent
def check(frame: Frame, request: Request, *, environment: Annotated[str, Query(max_length=500)] = "") -> Response:
    """Show a check with its last results."""
    name, check_name = _names(request)
    here = frame.environment(environment) or frame.engine.config.environment
    with frame.engine.store.reading() as tx:
        history = tx.check_history(name, here, check_name)
        if not history.results:
            others = [one.check for one in tx.check_histories(name, here)]
            near = difflib.get_close_matches(check_name, others, n=_NEAR, cutoff=0) if others else []
            return missing(
                frame,
                "check",
                check_name,
                here="/checks",
                why=f"No result of it is known for {pipeline(name, here)}. A check is seen here once it was asked: "
                "after the next run of its pipeline, or by tocsin check run.",
                near=[(each, of_check(name, each, here)) for each in near],
            )
        view = read_check(tx, history)
    page = frame.page(f"{view.name}: {view.verdict}", "/checks", tone=view.tone)
    return render("check.html", page, view=view)


def read_check(tx: Transaction, history: CheckHistory) -> CheckView:
    """Return what the page shows of a check that was asked."""
    last = history.results[0]
    check = last.check
    key = fingerprint(Topic.CHECK, history.environment, history.pipeline, history.check)
    alert = tx.open_alert(key)
    told = tx.notifications_of([alert.id], each=READ).get(alert.id, ()) if alert is not None else ()
    code = alert.code if alert is not None else {}
    return CheckView(
        name=history.check,
        question=question_of(check),
        verdict=answer(last),
        tone=tone_of_result(last),
        pipeline=pipeline(history.pipeline, history.environment),
        pipeline_url=of_pipeline(history.pipeline, history.environment),
        facts=[(label, value) for label, value in _facts(check, last, alert) if value],
        strip=draw_results(history.results),
        lines=[_line(result) for result in history.results],
        card=card_of(alert, told) if alert is not None else None,
        rows=code.get(_ROWS, ""),
        query=code.get(_QUERY, "") or check.sql,
        again=f"{last.tool}, then tocsin check import {check.origin}"
        if last.tool
        else f"tocsin check run --pipeline {quote(history.pipeline)} {quote(history.check)}",
    )


def _facts(check: Check, last: CheckResult, alert: Alert | None) -> Iterator[tuple[str, str]]:
    yield "Failing rows", f"{last.failing:,}" if last.failing is not None and not check.kind.whole else ""
    yield "Of", count(last.checked, "row") if last.checked is not None else ""
    yield "Failing for", ago(alert.since, last.at).removesuffix(" ago") if alert is not None else ""
    yield "Table", check.table
    yield "Columns", ", ".join(check.columns)
    yield "Only where", check.where
    yield "Owner", check.owner
    yield "Warns over", _words(check.warn_over, last)
    error_over = check.error_over or (DEFAULT_ERROR_OVER if check.severity is None else None)
    yield "Error over", _words(error_over, last) if error_over is not None else ""
    yield "Severity", f"{check.severity} at least" if check.severity is not None else ""
    yield "Run by", last.tool
    yield "Written in", check.origin


def _words(threshold: Threshold, last: CheckResult) -> str:
    """Return "0 rows", "1 % of the rows"."""
    if last.check.kind.whole:
        return ""
    return count(threshold.count, "row") if threshold.count is not None else f"{threshold.percent:g} % of the rows"


def _line(result: CheckResult) -> Line:
    return Line(
        at=result.at,
        answer=answer(result),
        tone=tone_of_result(result),
        failing=f"{result.failing:,}" if result.failing is not None else "",
        checked=f"{result.checked:,}" if result.checked is not None else "",
        took=duration(result.took) if result.took else "",
        run_url=of_run(result.run_id) if result.run_id else "",
    )


def _names(request: Request) -> tuple[str, str]:
    """Return pipeline and check from the address as it was sent: a slash in a name is written %2F there."""
    parts = request.scope["raw_path"].decode("ascii", "replace").split("/")[2:]
    name, check_name = ("/".join(parts[:-1]), parts[-1]) if len(parts) > 1 else ("", parts[-1])
    return unquote(name), unquote(check_name)
