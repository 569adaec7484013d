"""Tocsin's own format, for every tool that has none of the others: docs/check-results.schema.json."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tocsin.core.check import CheckResult
from tocsin.core.foreign_checks.result import Source, Told, moment
from tocsin.core.severity import Severity

_VERSION = 1
_STATUSES = ("passed", "failed", "error")


def recognizes(document: Mapping[str, Any]) -> bool:
    """Return whether it is this format."""
    return "tocsin_check_results" in document


def read(document: Mapping[str, Any], source: Source) -> list[CheckResult]:
    """Return the results in a document.

    Raises:
        ValueError: Something is missing, or is not one of the words that are allowed.
    """
    if document["tocsin_check_results"] != _VERSION:
        raise ValueError(
            f'"tocsin_check_results" is {document["tocsin_check_results"]!r}; this version of Tocsin reads {_VERSION}'
        )
    if not (source.pipeline or document.get("pipeline")):
        raise ValueError('"pipeline" is missing; add it, or name it with --pipeline')
    return [_told(one, document).result(source) for one in document["checks"]]


def _told(one: Mapping[str, Any], document: Mapping[str, Any]) -> Told:
    if missing := [key for key in ("name", "status") if not one.get(key)]:
        raise ValueError(f'a check has no "{missing[0]}": {dict(one)}')
    status = one["status"]
    if status not in _STATUSES:
        raise ValueError(f'check {one["name"]!r}: "status" is {status!r}; it is one of {", ".join(_STATUSES)}')
    return Told(
        tool=document.get("tool") or "the tool",
        name=one["name"],
        pipeline=document.get("pipeline", ""),
        question=one.get("question", ""),
        table=one.get("table", ""),
        owner=one.get("owner", ""),
        severity=Severity(one.get("severity", "error")) if status == "failed" else None,
        failing=one.get("failing"),
        checked=one.get("checked"),
        message=one.get("message", "") if status == "failed" else "",
        error=(one.get("message") or "the tool says nothing more") if status == "error" else "",
        sql=one.get("sql", ""),
        at=moment(one.get("at") or document.get("at")),
        took=one.get("took_seconds", 0),
    )
